// Paints photographs and the camera with model.onnx: what the reader does and sees. No framework.
// ?on=wasm or ?on=webgpu asks for the processor or the graphics card, ?model=other.onnx for another
// network, ?style=wave for the style that is chosen first, ?fps=5 for other frames per second of the
// camera.

import { closeCamera, nextFrame, openCamera } from "./camera.js";
import { openNetwork, paintPixels } from "./network.js";
import { Pace } from "./pace.js";
import { drawFitted, drawStepped, show, toPixels } from "./pictures.js";
import { Problem } from "./problem.js";
import { record } from "./recording.js";
import { choices, loadStyles, mix, styleMixture } from "./styles.js";

const find = (id) => document.getElementById(id);
const asked = new URLSearchParams(location.search);
const modelFile = asked.get("model") ?? "model.onnx";
const name = modelFile.replace(/\.onnx$/, "");
const fps = Number(asked.get("fps")) || 10;
const [painting, video] = [find("painting"), find("video")];
const limit = () => Number(find("limit").value);

let network;
let styles = {}; // {facts, vectors}
let source; // what was asked for last: a picture that can be drawn
let camera; // {stream, pace} while the camera is on
let recording;
let busy = false;
let again = false; // whether another picture was asked for meanwhile

// What the reader sees

function tell(state, text) {
  document.body.dataset.state = state;
  find("status").textContent = text;
}

function tellProblem(error) {
  const known = error instanceof Problem;
  tell("error", known ? error.message : `That did not work: ${error?.message ?? error}`);
  console.warn(error);
}

const deviceName = () => (network.device === "webgpu" ? "graphics card" : "processor");
const enough = (error) =>
  error instanceof RangeError ? new Problem("There is not enough memory for this size. Choose a smaller one.") : error;

function showOriginal(figure, image, facts) {
  figure.hidden = true;
  if (!facts?.title) return;
  const { title, painter, year } = facts;
  const shown = figure.querySelector("img");
  shown.onload = () => (figure.hidden = false);
  Object.assign(shown, { src: image, alt: title });
  figure.querySelector("figcaption").textContent = `Learned from ${title}, ${painter}, ${year}`;
}

// Styles

function offerStyles() {
  const { facts, vectors } = styles;
  if (!vectors) return showOriginal(find("original"), `${name}.jpg`, facts);
  for (const style of choices(vectors)) {
    const { title, painter } = facts[style];
    const words = title ? `${title} (${painter})` : style;
    for (const id of ["first", "second"]) find(id).add(new Option(words, style));
  }
  if (choices(vectors).includes(asked.get("style"))) find("first").value = asked.get("style");
  find("strength").disabled = !vectors.photograph;
  find("styles").hidden = false;
  changeStyle();
}

function changeStyle() {
  const [first, second] = [find("first").value, find("second").value];
  const { facts } = styles;
  find("share").disabled = !second;
  document.querySelector("[for=strength]").value = Number(find("strength").value).toFixed(2);
  document.querySelector("[for=share]").value = `${find("share").value} %`;
  showOriginal(find("original"), `${name}-${first}.jpg`, facts[first]);
  showOriginal(find("other"), `${name}-${second}.jpg`, second !== first && facts[second]);
  if (!camera) paintPicture(source); // the camera takes it with its next frame
}

function chosenStyle() {
  if (!network.takesStyle) return undefined;
  const shares = { [find("first").value]: 1 };
  const [other, share] = [find("second").value, Number(find("share").value) / 100];
  if (other && !(other in shares)) Object.assign(shares, { [find("first").value]: 1 - share, [other]: share });
  const mixture = styleMixture(Number(find("strength").value));
  return { vector: mix(styles.vectors, shares, mixture), mixture, photograph: styles.vectors.photograph };
}

// Painting

async function paintImage(image) {
  const { width, height } = image;
  show(painting, await paintPixels(network, toPixels(image), height, width, chosenStyle()), height, width);
  find("save").disabled = false;
}

async function paintPicture(picture) {
  if (!network || !picture) return;
  source = picture;
  again = busy; // what comes while another is painted is painted after it
  if (busy) return;
  busy = true;
  find("save").disabled = true;
  try {
    const image = drawFitted(picture, limit());
    const size = `${image.width} x ${image.height} px`;
    tell("painting", `Painting ${size} …`);
    await new Promise((done) => setTimeout(done)); // lets the words appear
    const began = performance.now();
    await paintImage(image);
    const took = performance.now() - began;
    document.body.dataset.milliseconds = took.toFixed(1);
    tell("painted", `Painted ${size} in ${took.toFixed(0)} ms on the ${deviceName()}.`);
  } catch (error) {
    tellProblem(enough(error));
  } finally {
    busy = false;
  }
  if (again && !camera) await paintPicture(source);
}

async function paintFile(file) {
  if (!file) return;
  try {
    await started;
    const picture = await createImageBitmap(file).catch(() => {
      throw new Problem(`${file.name} is not a picture that this browser can read. Try a JPEG, PNG or WebP.`);
    });
    await turnOff();
    await paintPicture(picture);
  } catch (error) {
    tellProblem(error);
  }
}

// The camera

async function turnOn() {
  await started;
  tell("asking", "Asking for the camera …");
  const stream = await openCamera(video, () => turnOff().then(() => tellProblem(new Problem("The camera was disconnected."))));
  camera = { stream, pace: new Pace(1000 / fps, limit()) };
  video.hidden = false;
  find("camera").textContent = "Stop at this frame";
  document.body.classList.add("live");
  paintLive(camera).catch((error) => turnOff().then(() => tellProblem(enough(error))));
}

async function turnOff() {
  if (!camera) return;
  const { stream } = camera;
  const ended = stopRecording();
  camera = undefined;
  closeCamera(video, stream);
  video.hidden = true;
  find("pace").textContent = "";
  find("record").disabled = true;
  find("camera").textContent = "Use the camera";
  document.body.classList.remove("live");
  await ended;
}

async function paintLive(mine) {
  const shown = []; // times
  let frames = 0;
  let coming = nextFrame(video);
  while (await coming, camera === mine) {
    coming = nextFrame(video); // while this one is painted
    if (busy) continue;
    busy = true;
    try {
      const began = performance.now();
      await paintImage(drawStepped(video, mine.pace.side));
      const now = performance.now();
      if (!recording) mine.pace.add(now - began, now); // a clip keeps its size
      shown.push(now);
    } finally {
      busy = false;
    }
    if (camera !== mine) break;
    if (!frames) tell("live", `Painting the camera on the ${deviceName()}.`);
    document.body.dataset.frames = ++frames; // the tests count them
    find("record").disabled = false;
    tellPace(shown);
  }
  if (again && !camera) await paintPicture(source);
}

function tellPace(shown) {
  const seconds = (shown.at(-1) - shown[0]) / 1000;
  if (seconds < 1) return; // words that change faster cannot be read
  const words = [`${painting.width} x ${painting.height} px`, `${((shown.length - 1) / seconds).toFixed(1)} frames per second`];
  if (recording) words.push(`recorded ${recording.seconds().toFixed(0)} s`);
  find("pace").textContent = words.join(", ");
  shown.splice(0, shown.length - 1);
}

// Stops at a frame, which is painted as large as a photograph is.
async function keepFrame() {
  const frame = await createImageBitmap(video);
  await turnOff();
  await paintPicture(frame);
}

// Files

const fileName = (ending) => `painting-${new Date().toISOString().slice(0, 19).replace(/\D/g, "")}.${ending}`;

function saveBlob(blob, link, download) {
  if (link.href) URL.revokeObjectURL(link.href);
  Object.assign(link, { href: URL.createObjectURL(blob), download });
  link.click();
}

const pictureLink = document.createElement("a");
const savePicture = () => painting.toBlob((blob) => saveBlob(blob, pictureLink, fileName("png")));

async function toggleRecording() {
  if (recording) return stopRecording();
  recording = record(painting);
  find("record").textContent = "Stop the recording";
  document.body.classList.add("recording");
  tell("recording", "Recording what is painted.");
}

async function stopRecording() {
  if (!recording) return;
  const stopped = recording.stop();
  recording = undefined;
  find("record").textContent = "Record a clip";
  document.body.classList.remove("recording");
  try {
    const { blob, seconds, ending } = await stopped;
    const link = find("clip").querySelector("a");
    saveBlob(blob, link, fileName(ending));
    link.textContent = `${link.download}, ${seconds.toFixed(1)} s, ${(blob.size / 1e6).toFixed(1)} MB`;
    find("clip").hidden = false;
    camera?.pace.limit(limit()); // it may have been changed meanwhile
    tell("recorded", `Saved ${link.download}, ${seconds.toFixed(1)} s.`);
  } catch (error) {
    tellProblem(error);
  }
}

// What the reader does

const pressed = (id, act) =>
  find(id).addEventListener("click", async ({ target }) => {
    target.disabled = true; // a second press would open a second stream
    await act().catch(tellProblem);
    target.disabled = id === "record" && !camera;
  });
pressed("camera", async () => (camera ? keepFrame() : turnOn()));
pressed("record", toggleRecording);
find("save").addEventListener("click", savePicture);
find("file").addEventListener("change", ({ target }) => {
  paintFile(target.files[0]);
  target.value = ""; // the same file can be chosen again
});
find("limit").addEventListener("change", () => (camera ? recording || camera.pace.limit(limit()) : paintPicture(source)));
find("styles").addEventListener("input", changeStyle);
for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    document.body.classList.toggle("dropping", kind === "dragover");
    if (kind === "drop") paintFile(event.dataTransfer.files[0]);
  });
}

async function start() {
  styles = await loadStyles(name);
  offerStyles();
  network = await openNetwork(modelFile, asked.get("on"), styles.vectors && Object.values(styles.vectors)[0]);
  tell("ready", `Ready. Paints on the ${deviceName()}.`);
}

const started = start();
started.catch(tellProblem);
