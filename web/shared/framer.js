// Gathers blocks of any length and rate into frames at 48 kHz, of 10 ms or less. It allocates nothing after
// its construction. A frame of stereo is twice as long: left, right, left, right…

import { SAMPLE_RATE, SAMPLES_PER_FRAME } from "./audio_format.js";
import { Resampler } from "./resampler.js";

export class Framer {
  #resamplers;
  #resampled;
  #channels;
  #whole;
  /** The beginning of `#whole`, as long as a frame is now. */
  #frame;
  #filled = 0;
  #frameSamples = SAMPLES_PER_FRAME;
  /** @type {(frame: Float32Array) => void} a receiver that keeps a frame copies it */
  onFrame = () => {};

  /**
   * @param {number} rate of the blocks
   * @param {number} longest how many samples a block has at most, in each of its channels
   * @param {number} channels
   */
  constructor(rate, longest, channels) {
    const room = Math.ceil((longest * SAMPLE_RATE) / rate) + 2;
    this.#resamplers = Array.from({ length: channels }, () => new Resampler(rate, SAMPLE_RATE));
    this.#resampled = this.#resamplers.map(() => new Float32Array(room));
    this.#channels = channels;
    this.#whole = this.#frame = new Float32Array(channels * SAMPLES_PER_FRAME);
  }

  /** @param {number} samples of the next frames, in each channel; at most SAMPLES_PER_FRAME */
  set frameSamples(samples) {
    this.#frameSamples = samples;
  }

  /**
   * @param {Float32Array[]} block a plane for each channel
   * @param {number} length
   */
  push(block, length) {
    let resampled = 0;
    for (let channel = 0; channel < this.#resamplers.length; channel += 1) {
      resampled = this.#resamplers[channel].process(block[channel], length, this.#resampled[channel]);
    }
    for (let i = 0; i < resampled; i += 1) this.#add(i);
  }

  /** @param {number} i which of the resampled */
  #add(i) {
    if (this.#filled === 0 && this.#frame.length !== this.#channels * this.#frameSamples) {
      this.#frame = this.#whole.subarray(0, this.#channels * this.#frameSamples);
    }
    for (let channel = 0; channel < this.#resampled.length; channel += 1) {
      this.#frame[this.#filled] = this.#resampled[channel][i];
      this.#filled += 1;
    }
    if (this.#filled < this.#frame.length) return;
    this.#filled = 0;
    this.onFrame(this.#frame);
  }
}

/** @param {Float32Array[]} frames */
export function joined(frames) {
  const whole = new Float32Array(frames.length * SAMPLES_PER_FRAME);
  frames.forEach((frame, i) => whole.set(frame, i * SAMPLES_PER_FRAME));
  return whole;
}
