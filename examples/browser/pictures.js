// Between pictures and the pixels of the network.

import { Problem } from "./problem.js";

const MIN_SIDE = 16; // pixels, the smallest side that the network takes

const sides = (picture) => [picture.videoWidth || picture.width, picture.videoHeight || picture.height];

// The whole picture, its longer side at most `limit`.
export function drawFitted(picture, limit) {
  const [wide, high] = sides(picture);
  const scale = Math.min(1, limit / Math.max(wide, high));
  return draw(picture, Math.round(wide * scale), Math.round(high * scale));
}

// The middle of the picture, both sides multiples of `step`, the longer one `side`.
export function drawStepped(picture, side, step = 16) {
  const [wide, high] = sides(picture);
  const stepped = (length) => Math.max(step, Math.round((side * length) / Math.max(wide, high) / step) * step);
  return draw(picture, stepped(wide), stepped(high));
}

function draw(picture, width, height) {
  if (Math.min(width, height) < MIN_SIDE) {
    throw new Problem(`At this size the picture is ${width} x ${height} px; both sides take at least ${MIN_SIDE}.`);
  }
  const [wide, high] = sides(picture);
  const scale = Math.min(wide / width, high / height);
  const [w, h] = [width * scale, height * scale]; // what is drawn of the picture
  const pen = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  pen.fillStyle = "white"; // what shows through where the picture is transparent
  pen.fillRect(0, 0, width, height);
  pen.imageSmoothingQuality = "high";
  pen.drawImage(picture, (wide - w) / 2, (high - h) / 2, w, h, 0, 0, width, height);
  return pen.getImageData(0, 0, width, height);
}

export function toPixels({ data, width, height }) {
  const pixels = new Float32Array(width * height * 3);
  for (let from = 0, to = 0; from < data.length; from += 4) {
    pixels[to++] = data[from] / 255;
    pixels[to++] = data[from + 1] / 255;
    pixels[to++] = data[from + 2] / 255;
  }
  return pixels;
}

export function show(canvas, pixels, height, width) {
  const image = new ImageData(width, height);
  for (let from = 0, to = 0; from < pixels.length; to++) {
    image.data[to++] = Math.round(255 * pixels[from++]);
    image.data[to++] = Math.round(255 * pixels[from++]);
    image.data[to++] = Math.round(255 * pixels[from++]);
    image.data[to] = 255;
  }
  // Setting a side clears the canvas, which a clip would show.
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  canvas.getContext("2d").putImageData(image, 0, 0);
}
