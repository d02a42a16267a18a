// Reads a code by the camera, where the browser can do that by itself (BarcodeDetector).

const EVERY_MS = 150;
/** Nobody holds a phone in front of a code for longer. */
const LONGEST_MS = 60_000;

/** @typedef {{detect: (source: HTMLVideoElement) => Promise<{rawValue: string}[]>}} Detector */

const kind = /** @type {{BarcodeDetector?: new (options: {formats: string[]}) => Detector}} */ (globalThis);

/**
 * @param {HTMLVideoElement} video shows what the camera sees
 * @returns {Promise<string>} what the code says; empty where none was read, or no camera was to be had
 */
export async function scanCode(video) {
  if (!kind.BarcodeDetector) return "";
  const detector = new kind.BarcodeDetector({ formats: ["qr_code"] });
  const stream = await navigator.mediaDevices
    .getUserMedia({ video: { facingMode: "environment" } })
    .catch(() => null);
  if (!stream) return "";
  video.srcObject = stream;
  video.hidden = false;
  try {
    await video.play();
    return await read(detector, video);
  } catch {
    return ""; // the camera went away
  } finally {
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
    video.hidden = true;
  }
}

scanCode.isPossible =
  kind.BarcodeDetector !== undefined && isSecureContext && Boolean(navigator.mediaDevices?.getUserMedia);

/**
 * @param {Detector} detector
 * @param {HTMLVideoElement} video
 */
async function read(detector, video) {
  const startMs = performance.now();
  while (performance.now() - startMs < LONGEST_MS) {
    const [code] = await detector.detect(video);
    if (code) return code.rawValue;
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
  return "";
}
