// When the sample popped next is heard, however unevenly the sound card asks; and how long blocks are. The
// twin of streamer/jitter/playout_clock.pyx, which has the plan and the reasons.

import { WindowedMinimum } from "../shared/windowed_minimum.js";

const SAMPLES_PER_MS = 48;
const CLOCK_WINDOW_MS = 100;
const BLOCK_WINDOW_MS = 1000;

/**
 * Counts what is popped. `leadMs` is how long before its time a packet may be asked for: as long as the
 * longest block.
 */
export class PlayoutClock {
  #start = new WindowedMinimum(CLOCK_WINDOW_MS);
  #longestBlock = new WindowedMinimum(BLOCK_WINDOW_MS);
  #startMs = 0;
  #popped = 0;
  #leadMs = 0;

  get leadMs() {
    return this.#leadMs;
  }

  /** @type {(nowMs: number, samples: number) => void} */
  beginBlock(nowMs, samples) {
    this.#leadMs = -this.#longestBlock.update(nowMs, -samples / SAMPLES_PER_MS);
    this.#startMs = this.#start.update(nowMs, nowMs - this.#popped / SAMPLES_PER_MS);
  }

  /** @param {number} samples so many were popped */
  advance(samples) {
    this.#popped += samples;
  }

  /** When the sample popped next plays. */
  get nowMs() {
    return this.#startMs + this.#popped / SAMPLES_PER_MS;
  }
}
