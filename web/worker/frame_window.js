// Whole frames of 10 ms out of packets of any length, for what is heard frame by frame: a voice, and a howl.

import { SAMPLES_PER_FRAME } from "../shared/audio_format.js";

export class FrameWindow {
  /** The last frame, or all that no whole frame has held yet. */
  #heard = new Float32Array(0);
  #channels = 1;
  /** What no whole frame has held yet, in each channel. */
  unheardSamples = 0;

  /**
   * The frames that are whole now.
   * @param {Float32Array} samples
   * @param {number} channels
   */
  push(samples, channels) {
    if (channels !== this.#channels) this.#restart(channels);
    this.unheardSamples += samples.length / channels;
    this.#heard = joined(this.#heard, samples, channels * Math.max(SAMPLES_PER_FRAME, this.unheardSamples));
    /** @type {Float32Array[]} */
    const frames = [];
    while (this.unheardSamples >= SAMPLES_PER_FRAME) {
      const start = this.#heard.length - channels * this.unheardSamples;
      frames.push(this.#heard.subarray(start, start + channels * SAMPLES_PER_FRAME));
      this.unheardSamples -= SAMPLES_PER_FRAME;
    }
    return frames;
  }

  /** @param {number} channels */
  #restart(channels) {
    this.#heard = new Float32Array(0);
    this.#channels = channels;
    this.unheardSamples = 0;
  }

  /**
   * What was heard last: 10 ms, or a whole packet that is longer.
   * @param {number} length of that packet
   */
  lately(length) {
    return this.#heard.subarray(-Math.max(this.#channels * SAMPLES_PER_FRAME, length));
  }
}

/**
 * @param {Float32Array} before
 * @param {Float32Array} samples
 * @param {number} length that is kept of both
 */
function joined(before, samples, length) {
  if (samples.length === length) return samples.slice();
  const both = new Float32Array(before.length + samples.length);
  both.set(before);
  both.set(samples, before.length);
  return both.slice(-length);
}
