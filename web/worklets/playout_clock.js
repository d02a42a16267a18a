// When the sample popped next is heard, however unevenly the sound card asks; and how early packets are asked for. The twin of
// streamer/jitter/playout_clock.pyx, which has the plan and the reasons.

import { WindowedMinimum } from "../shared/windowed_minimum.js";

const SAMPLES_PER_MS = 48;
const CLOCK_WINDOW_MS = 100;
const LEAD_WINDOW_MS = 1000;

/** Counts what is popped. `leadMs` is how long before its time a packet is asked for: as much as the block is filled then. */
export class PlayoutClock {
  #start = new WindowedMinimum(CLOCK_WINDOW_MS);
  #earliestLead = new WindowedMinimum(LEAD_WINDOW_MS);
  #startMs = 0;
  #popped = 0;
  #blockStart = 0;
  #leadMs = 0;

  get leadMs() {
    return this.#leadMs;
  }

  /** @param {number} nowMs */
  beginBlock(nowMs) {
    this.#blockStart = this.#popped;
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

  /** A packet is needed now. */
  onNeed() {
    this.#leadMs = -this.#earliestLead.update(this.nowMs, (this.#blockStart - this.#popped) / SAMPLES_PER_MS);
  }
}
