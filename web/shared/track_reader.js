// Takes the microphone's sound straight from its track, where the browser lets a worker do so (Chromium).
//
// The other way, through the audio context, goes through a queue between two clocks that never gets shorter: whenever the
// context stands still for a moment, all that is said comes later from then on, by up to 100 ms, until one joins again.

import { Framer } from "./framer.js";

/** A track in the hands of a worker. @typedef {ReadableStream<AudioData>} Reading */

const LONGEST = 9_600;

/**
 * What a worker can read of `track`; null where this browser has no such thing.
 * @param {MediaStreamTrack} track
 * @returns {Reading | null}
 */
export function readingOf(track) {
  const { MediaStreamTrackProcessor } = /** @type {any} */ (globalThis);
  return MediaStreamTrackProcessor ? new MediaStreamTrackProcessor({ track }).readable : null;
}

export class TrackReader {
  #planes = [new Float32Array(LONGEST), new Float32Array(LONGEST)];
  #rate = 0;
  #channels = 0;
  /** @type {Framer | null} */
  #framer = null;
  /** @type {(frame: Float32Array) => void} */
  onFrame = () => {};

  /**
   * Reads until the track ends.
   * @param {Reading} reading
   * @param {number} channels of a frame; all are alike where the track has only one
   */
  async read(reading, channels) {
    const reader = reading.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      this.#take(value, channels);
      value.close();
    }
  }

  /**
   * @param {AudioData} data
   * @param {number} channels
   */
  #take(data, channels) {
    const length = Math.min(data.numberOfFrames, LONGEST);
    for (let channel = 0; channel < channels; channel += 1) {
      const planeIndex = Math.min(channel, data.numberOfChannels - 1);
      data.copyTo(this.#planes[channel], { planeIndex, frameCount: length, format: "f32-planar" });
    }
    this.#framerFor(data.sampleRate, channels).push(this.#planes, length);
  }

  /**
   * @param {number} rate a headset that is plugged in may change it
   * @param {number} channels
   */
  #framerFor(rate, channels) {
    if (!this.#framer || rate !== this.#rate || channels !== this.#channels) {
      this.#framer = new Framer(rate, LONGEST, channels);
      this.#framer.onFrame = (frame) => this.onFrame(frame);
      this.#rate = rate;
      this.#channels = channels;
    }
    return this.#framer;
  }
}
