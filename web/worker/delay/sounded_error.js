// How far off the browser can be when it says what sounds. What is on its way may sound later than was said,
// as a device that runs out of sound plays silence, but not sooner: where it seems to, the browser was wrong
// before, or is now. Times are µs.

import { SlidingWindow } from "../../shared/sliding_window.js";

/** A device's own clock, 400 ppm off, makes a difference of 2 ms in this time. */
const LOOK_BACK_US = 5_000_000;

/** @typedef {import("./delay_monitor.js").Sounded} Sounded */

export class SoundedError {
  /** When second 0 of the audio context sounded, by each of the last readings. */
  #starts = new SlidingWindow(LOOK_BACK_US);
  #sooner = new SlidingWindow(LOOK_BACK_US);
  #at = 0;

  /** @param {Sounded} sounded the next reading */
  add({ at, atUs }) {
    if (at < this.#at) this.#starts = new SlidingWindow(LOOK_BACK_US); // another context
    this.#at = at;
    this.#starts.add(atUs, atUs - 1e6 * at);
    this.#sooner.add(atUs, p95(this.#starts, atUs) - atUs + 1e6 * at);
  }

  /** @param {number} nowUs @returns {number} for the figure of now */
  us(nowUs) {
    return Math.max(0, p95(this.#sooner, nowUs));
  }
}

/**
 * @param {SlidingWindow} values
 * @param {number} nowUs
 */
const p95 = (values, nowUs) => values.quantiles(nowUs, 0)?.p95 ?? 0;
