// Our own chirps, heard by our microphone: at once, and again when another device played them. Runs in the
// worker.
//
// What came back must not be sent again, so it is let through for each chirp until the microphone has heard
// it, and soft noise in its place before and after: the other end must not stop listening. Twin of
// GatedMicrophone in measure/loop.py.

import { SAMPLES_PER_FRAME, SAMPLE_RATE } from "../../shared/audio_format.js";
import { echoDelay, findChirps, noiseDbfs, peakDbfs } from "../../shared/chirps.js";
import { joined } from "../../shared/framer.js";

/** 600 ms and 80 ms, as in the twin. */
const OPEN_FRAMES = 60;
const LOOK_BACK = 8;
const HUSH = Float32Array.from({ length: SAMPLES_PER_FRAME }, () => (Math.random() - 0.5) * 2e-3);

/** @typedef {import("../../shared/messages.js").Echo} Echo */

export class ChirpListener {
  /** @type {Float32Array[]} */
  #frames = [];
  #openFrames = 0;

  /** The loudspeaker is about to chirp. */
  open() {
    this.#frames = [];
    this.#openFrames = OPEN_FRAMES;
  }

  /**
   * Hears a frame; gives the one to send.
   * @param {Float32Array} frame
   */
  push(frame) {
    this.#frames.push(frame.slice());
    if (this.#openFrames === 0) return HUSH;
    this.#openFrames -= 1;
    if (findChirps(joined(this.#frames.slice(-LOOK_BACK))).length > 0) this.#openFrames = 0;
    return frame;
  }

  /** @returns {Echo} of the last chirp */
  pop() {
    const heard = joined(this.#frames);
    const found = findChirps(heard);
    const delay = echoDelay(found);
    const delayMs = delay === null ? null : (delay * 1000) / SAMPLE_RATE;
    return { delayMs, heard: found.length > 0, noiseDbfs: noiseDbfs(heard), peakDbfs: peakDbfs(heard) };
  }
}
