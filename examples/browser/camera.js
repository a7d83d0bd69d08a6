// The camera, as a stream that a video element shows.

import { Problem } from "./problem.js";

const SENTENCES = {
  NotAllowedError: "The camera was not allowed. Allow it for this page in the browser, then press the button again.",
  NotFoundError: "No camera was found. Connect one, or choose a photograph.",
  NotReadableError: "The camera is in use by another program. Close that one, then press the button again.",
};

export async function openCamera(video, whenLost) {
  if (!navigator.mediaDevices) throw new Problem("The camera needs https or localhost.");
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  } catch (error) {
    throw new Problem(SENTENCES[error.name] ?? `The camera cannot be used here: ${error.message}`);
  }
  stream.getVideoTracks()[0].addEventListener("ended", whenLost); // not when the page closes it
  video.srcObject = stream;
  await video.play();
  return stream;
}

export function closeCamera(video, stream) {
  for (const track of stream.getTracks()) track.stop();
  video.srcObject = null;
}

// Returns when the video shows another frame; never, once the camera is closed.
export function nextFrame(video) {
  return new Promise((shown) => {
    if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(shown);
    else requestAnimationFrame(shown);
  });
}
