// Clips of a canvas.

import { Problem } from "./problem.js";

const KINDS = ["video/webm;codecs=vp8", "video/webm", "video/mp4"];
const BITS = 5_000_000; // per second

// Starts to record; `stop` returns {blob, seconds, ending}.
export function record(canvas) {
  const known = globalThis.MediaRecorder && canvas.captureStream;
  const type = known && KINDS.find((kind) => MediaRecorder.isTypeSupported(kind));
  if (!type) throw new Problem("This browser cannot record clips. Pictures can still be saved.");
  const recorder = new MediaRecorder(canvas.captureStream(), { mimeType: type, videoBitsPerSecond: BITS });
  const parts = [];
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  const stopped = new Promise((resolve, reject) => {
    recorder.addEventListener("dataavailable", ({ data }) => parts.push(data));
    recorder.addEventListener("stop", () => {
      const clip = { blob: new Blob(parts, { type }), seconds: seconds(), ending: type.slice(6).split(";")[0] };
      if (clip.blob.size) resolve(clip);
      else reject(new Problem("The clip is empty. Record a little longer."));
    });
    recorder.addEventListener("error", () => reject(new Problem("The recording broke off.")));
  });
  stopped.catch(() => {}); // `stop` reports it
  recorder.start(1000);
  return {
    seconds,
    stop() {
      if (recorder.state !== "inactive") recorder.stop();
      for (const track of recorder.stream.getTracks()) track.stop();
      return stopped;
    },
  };
}
