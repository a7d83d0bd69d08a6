// The network: its file, where it runs, and painting with it.

import { Problem } from "./problem.js";

const ALLOWED = 4 / 255; // how far the graphics card may be from the processor on a test card

// Returns {ort, session, device, takesStyle}. `on` asks for "wasm" or "webgpu", or is null; `style`
// is the vector of any style, for networks that take one.
export async function openNetwork(file, on, style) {
  const model = await fetchModel(file);
  if (await wantsGraphicsCard(on)) {
    // Some of its convolutions are wrong where channels are no multiple of 4: slower is better then.
    const opened = await open("webgpu", file, model, style).catch((error) => void console.warn(error));
    if (opened) return opened;
  }
  return open("wasm", file, model, style);
}

// Paints pixels, height x width x 3, 0..1, and returns as many. `style` is {vector, mixture, photograph}
// for networks that take one: a mixture of 0 returns the photograph, and below 1 the detail that the
// style `photograph` loses is added back, as in Python.
export async function paintPixels(network, pixels, height, width, style) {
  if (style?.mixture === 0) return pixels;
  const painted = await paint(network, pixels.slice(), height, width, style?.vector);
  if (!(style?.mixture < 1)) return painted;
  const copied = await paint(network, pixels.slice(), height, width, style.photograph);
  const kept = 1 - style.mixture;
  return painted.map((value, i) => Math.min(1, Math.max(0, value + kept * (pixels[i] - copied[i]))));
}

async function paint({ ort, session, takesStyle }, pixels, height, width, style) {
  const feeds = { picture: new ort.Tensor("float32", pixels, [1, height, width, 3]) };
  // A copy, as the worker keeps what it is given.
  if (takesStyle) feeds.style = new ort.Tensor("float32", style.slice(), [1, style.length]);
  const { painted } = await session.run(feeds);
  return painted.getData();
}

async function fetchModel(file) {
  const answer = await fetch(file).catch(() => undefined);
  if (!answer?.ok) {
    throw new Problem(`There is no ${file} beside this page. Export a network into it first; README.md tells how.`);
  }
  return new Uint8Array(await answer.arrayBuffer());
}

async function wantsGraphicsCard(on) {
  const adapter = on !== "wasm" && (await navigator.gpu?.requestAdapter().catch(() => null));
  if (!adapter || on === "webgpu") return Boolean(adapter);
  return !(adapter.info?.isFallbackAdapter ?? adapter.isFallbackAdapter); // software, a hundred times slower
}

async function open(device, file, model, style) {
  const ort = await loadRuntime(device);
  let session;
  try {
    session = await ort.InferenceSession.create(model.slice(), { executionProviders: [device] });
  } catch (error) {
    throw new Problem(`This browser cannot run ${file}: ${error.message}`);
  }
  const takesStyle = session.inputNames.includes("style");
  if (takesStyle && !style) {
    throw new Problem(`${file} asks for a style, and no styles lie beside it. README.md tells how to add them.`);
  }
  const opened = { ort, session, device, takesStyle };
  const painted = await paintTestCard(opened, style); // the first time is the slowest
  if (device === "webgpu") {
    const options = { executionProviders: ["wasm"] };
    const processor = { ort, session: await ort.InferenceSession.create(model.slice(), options), takesStyle };
    const expected = await paintTestCard(processor, style);
    await processor.session.release();
    if (!painted.every((value, i) => Math.abs(value - expected[i]) < ALLOWED)) {
      throw new Problem("The graphics card paints something else than the processor.");
    }
  }
  return opened;
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

function paintTestCard(network, style) {
  const side = 64;
  const pixels = Float32Array.from({ length: side * side * 3 }, (_, i) => 0.5 + 0.5 * Math.sin(i * i));
  return paint(network, pixels, side, side, style);
}
