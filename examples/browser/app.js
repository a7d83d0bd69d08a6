// Paints a photograph or a camera frame with model.onnx. One file, no framework. Where model.json and
// model.jpg lie beside it, it shows the painting that the style was learned from.
// ?on=wasm or ?on=webgpu asks for the processor or the graphics card; ?model=other.onnx for another
// network.

const MIN_SIDE = 16; // pixels, the smallest side that the network takes
const ALLOWED = 4 / 255; // how far the graphics card may be from the processor on a test card
const find = (id) => document.getElementById(id);
const asked = new URLSearchParams(location.search);
const modelFile = asked.get("model") ?? "model.onnx";

let network; // {ort, session, device}
let source; // what was asked for last: a picture that can be drawn
let camera; // a MediaStream while the camera is on
let busy = false;
let again = false; // whether another picture was asked for meanwhile

// What the reader sees. A Problem is one we have words for; others are shown with their own.
class Problem extends Error {}

function tell(state, text) {
  document.body.dataset.state = state;
  find("status").textContent = text;
}

function tellProblem(error) {
  const known = error instanceof Problem;
  tell("error", known ? error.message : `That did not work: ${error?.message ?? error}`);
  console.warn(error);
}

// The network

async function fetchModel() {
  const answer = await fetch(modelFile).catch(() => undefined);
  if (!answer?.ok) {
    throw new Problem(`There is no ${modelFile} beside this page. Export a network into it first; README.md tells how.`);
  }
  return new Uint8Array(await answer.arrayBuffer());
}

async function loadRuntime(device) {
  try {
    const ort = await import(`./vendor/ort.${device}.min.mjs`);
    ort.env.wasm.wasmPaths = new URL("vendor/", location.href).href;
    ort.env.wasm.proxy = device === "wasm"; // in a worker, so that the page stays awake
    return ort;
  } catch (error) {
    console.warn(error);
    throw new Problem("There is no vendor folder beside this page. Run build.sh first; README.md tells how.");
  }
}

async function open(device, model) {
  const ort = await loadRuntime(device);
  let session;
  try {
    session = await ort.InferenceSession.create(model.slice(), { executionProviders: [device] });
  } catch (error) {
    throw new Problem(`This browser cannot run ${modelFile}: ${error.message}`);
  }
  if (session.inputNames.join() !== "picture") {
    throw new Problem(`${modelFile} asks for ${session.inputNames.join(" and ")}. Export it with one style baked in.`);
  }
  const opened = { ort, session, device };
  const painted = await paintTestCard(opened); // the first time is the slowest
  if (device === "webgpu") {
    const options = { executionProviders: ["wasm"] };
    const processor = { ort, session: await ort.InferenceSession.create(model.slice(), options) };
    const expected = await paintTestCard(processor);
    await processor.session.release();
    if (!painted.every((value, i) => Math.abs(value - expected[i]) < ALLOWED)) {
      throw new Problem("The graphics card paints something else than the processor.");
    }
  }
  return opened;
}

function paintTestCard(network) {
  const side = 64;
  const pixels = Float32Array.from({ length: side * side * 3 }, (_, i) => 0.5 + 0.5 * Math.sin(i * i));
  return paint(network, pixels, side, side);
}

async function start() {
  const model = await fetchModel();
  if (await wantsGraphicsCard()) {
    // Some of its convolutions are wrong where channels are no multiple of 4: slower is better then.
    network = await open("webgpu", model).catch((error) => void console.warn(error));
  }
  network ??= await open("wasm", model);
  tell("ready", `Ready. Paints on the ${deviceName()}.`);
}

async function wantsGraphicsCard() {
  const on = asked.get("on");
  const adapter = on !== "wasm" && (await navigator.gpu?.requestAdapter().catch(() => null));
  if (!adapter || on === "webgpu") return Boolean(adapter);
  return !(adapter.info?.isFallbackAdapter ?? adapter.isFallbackAdapter); // software, a hundred times slower
}

const deviceName = () => (network.device === "webgpu" ? "graphics card" : "processor");

async function paint({ ort, session }, pixels, height, width) {
  const picture = new ort.Tensor("float32", pixels, [1, height, width, 3]);
  const { painted } = await session.run({ picture });
  return painted.getData();
}

// The painting of the style, model.jpg, and what is known of it, model.json; not all networks have one.

async function showOriginal() {
  const name = modelFile.replace(/\.onnx$/, "");
  const answer = await fetch(`${name}.json`).catch(() => undefined);
  if (!answer?.ok) return;
  const { title, painter, year } = await answer.json();
  const image = find("original").querySelector("img");
  image.addEventListener("load", () => (find("original").hidden = false));
  Object.assign(image, { src: `${name}.jpg`, alt: title });
  find("original").querySelector("figcaption").textContent = `Learned from ${title}, ${painter}, ${year}`;
}

// Pictures

function drawFitted(picture, limit) {
  const [wide, high] = [picture.videoWidth || picture.width, picture.videoHeight || picture.height];
  const scale = Math.min(1, limit / Math.max(wide, high));
  const [width, height] = [Math.round(wide * scale), Math.round(high * scale)];
  if (Math.min(width, height) < MIN_SIDE) {
    throw new Problem(`At this size the picture is ${width} x ${height} px; both sides take at least ${MIN_SIDE}.`);
  }
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.fillStyle = "white"; // what shows through where the picture is transparent
  pen.fillRect(0, 0, width, height);
  pen.imageSmoothingQuality = "high";
  pen.drawImage(picture, 0, 0, width, height);
  return pen.getImageData(0, 0, width, height);
}

function toPixels({ data, width, height }) {
  const pixels = new Float32Array(width * height * 3);
  for (let from = 0, to = 0; from < data.length; from += 4) {
    pixels[to++] = data[from] / 255;
    pixels[to++] = data[from + 1] / 255;
    pixels[to++] = data[from + 2] / 255;
  }
  return pixels;
}

function show(pixels, height, width) {
  const image = new ImageData(width, height);
  for (let from = 0, to = 0; from < pixels.length; to++) {
    image.data[to++] = Math.round(255 * pixels[from++]);
    image.data[to++] = Math.round(255 * pixels[from++]);
    image.data[to++] = Math.round(255 * pixels[from++]);
    image.data[to] = 255;
  }
  Object.assign(find("painting"), { width, height }).getContext("2d").putImageData(image, 0, 0);
}

async function paintPicture(picture) {
  if (!network || !picture) return;
  source = picture;
  again = busy; // what comes while another is painted is painted after it
  if (busy) return;
  busy = true;
  find("save").disabled = true;
  try {
    const image = drawFitted(picture, Number(find("limit").value));
    const { width, height } = image;
    tell("painting", `Painting ${width} x ${height} px …`);
    await new Promise((done) => setTimeout(done)); // lets the words appear
    const began = performance.now();
    const painted = await paint(network, toPixels(image), height, width);
    const took = performance.now() - began;
    show(painted, height, width);
    find("save").disabled = false;
    document.body.dataset.milliseconds = took.toFixed(1);
    tell("painted", `Painted ${width} x ${height} px in ${took.toFixed(0)} ms on the ${deviceName()}.`);
  } catch (error) {
    tellProblem(error instanceof RangeError ? new Problem("There is not enough memory for this size. Choose a smaller one.") : error);
  } finally {
    busy = false;
  }
  if (again) await paintPicture(source);
}

async function paintFile(file) {
  if (!file) return;
  try {
    await started;
    const picture = await createImageBitmap(file).catch(() => {
      throw new Problem(`${file.name} is not a picture that this browser can read. Try a JPEG, PNG or WebP.`);
    });
    await paintPicture(picture);
  } catch (error) {
    tellProblem(error);
  }
}

// The camera: the first press turns it on, the second paints what it sees.

async function turnOnCamera() {
  try {
    camera = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  } catch (error) {
    const told = { NotAllowedError: "The camera was not allowed.", NotFoundError: "No camera was found." };
    throw new Problem(told[error.name] ?? `The camera cannot be used here: ${error.message}`);
  }
  const video = find("video");
  video.srcObject = camera;
  video.hidden = false;
  await video.play();
  find("camera").textContent = "Paint this frame";
}

async function paintFrame() {
  const frame = await createImageBitmap(find("video"));
  camera.getTracks().forEach((track) => track.stop());
  camera = undefined;
  find("video").hidden = true;
  find("camera").textContent = "Use the camera";
  await paintPicture(frame);
}

// What the reader does

find("file").addEventListener("change", ({ target }) => {
  paintFile(target.files[0]);
  target.value = ""; // the same file can be chosen again
});
find("limit").addEventListener("change", () => paintPicture(source));
find("camera").addEventListener("click", async ({ target }) => {
  target.disabled = true; // a second press would open a second stream
  await (camera ? paintFrame() : turnOnCamera()).catch(tellProblem);
  target.disabled = false;
});
find("save").addEventListener("click", () =>
  find("painting").toBlob((blob) => {
    const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: "painting.png" });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }),
);
for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    document.body.classList.toggle("dropping", kind === "dragover");
    if (kind === "drop") paintFile(event.dataTransfer.files[0]);
  });
}

const started = start();
started.catch(tellProblem);
showOriginal().catch(console.warn);
