// Gathers blocks of any length and rate into frames of 10 ms at 48 kHz. It allocates nothing after its construction.

import { SAMPLE_RATE, SAMPLES_PER_FRAME } from "./audio_format.js";
import { Resampler } from "./resampler.js";

export class Framer {
  #resampler;
  #resampled;
  #frame = new Float32Array(SAMPLES_PER_FRAME);
  #filled = 0;
  /** @type {(frame: Float32Array) => void} whoever wants to keep a frame copies it */
  onFrame = () => {};

  /**
   * @param {number} rate of the blocks
   * @param {number} longest how many samples a block has at most
   */
  constructor(rate, longest) {
    this.#resampler = new Resampler(rate, SAMPLE_RATE);
    this.#resampled = new Float32Array(Math.ceil((longest * SAMPLE_RATE) / rate) + 2);
  }

  /**
   * @param {Float32Array} block
   * @param {number} length
   */
  push(block, length) {
    const resampled = this.#resampler.process(block, length, this.#resampled);
    for (let i = 0; i < resampled; i += 1) {
      this.#frame[this.#filled] = this.#resampled[i];
      this.#filled += 1;
      if (this.#filled === SAMPLES_PER_FRAME) {
        this.#filled = 0;
        this.onFrame(this.#frame);
      }
    }
  }
}

/** @param {Float32Array[]} frames */
export function joined(frames) {
  const whole = new Float32Array(frames.length * SAMPLES_PER_FRAME);
  frames.forEach((frame, i) => whole.set(frame, i * SAMPLES_PER_FRAME));
  return whole;
}
