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
  #samples = new Float32Array(LONGEST);
  #rate = 0;
  /** @type {Framer | null} */
  #framer = null;
  /** @type {(frame: Float32Array) => void} */
  onFrame = () => {};

  /**
   * Reads until the track ends.
   * @param {Reading} reading
   */
  async read(reading) {
    const reader = reading.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      this.#take(value);
      value.close();
    }
  }

  /** @param {AudioData} data */
  #take(data) {
    const length = Math.min(data.numberOfFrames, LONGEST);
    data.copyTo(this.#samples, { planeIndex: 0, frameCount: length, format: "f32-planar" });
    this.#framerFor(data.sampleRate).push(this.#samples, length);
  }

  /** @param {number} rate a headset that is plugged in may change it */
  #framerFor(rate) {
    if (!this.#framer || rate !== this.#rate) {
      this.#framer = new Framer(rate, LONGEST);
      this.#framer.onFrame = (frame) => this.onFrame(frame);
      this.#rate = rate;
    }
    return this.#framer;
  }
}
