// Whose clock shows what. All times are microseconds, as on the wire. `RelayClock` is the twin of client/clock.py.

import { SAMPLE_RATE } from "./audio_format.js";

const WINDOW = 16;
const US_PER_SAMPLE = 1e6 / SAMPLE_RATE;

/** The relay's clock, told by ours: of the last pings, the one with the smallest round trip was disturbed least. */
export class RelayClock {
  /** @type {{roundTripUs: number, offsetUs: number}[]} */
  #pings = [];
  /** @type {number | null} */
  roundTripUs = null;

  /**
   * We sent the ping at `t0` and got the pong at `t3`; the relay got and answered it at `t1` and `t2`.
   * @param {number} t0
   * @param {number} t1
   * @param {number} t2
   * @param {number} t3
   */
  pong(t0, t1, t2, t3) {
    this.roundTripUs = Math.max(0, t3 - t0 - (t2 - t1));
    this.#pings.push({ roundTripUs: this.roundTripUs, offsetUs: (t1 - t0 + t2 - t3) / 2 });
    if (this.#pings.length > WINDOW) this.#pings.shift();
  }

  /**
   * What the relay's clock shows when ours shows `ourUs`; null before the first pong.
   * @param {number} ourUs
   */
  relayUs(ourUs) {
    if (this.#pings.length === 0) return null;
    const best = this.#pings.reduce((least, ping) => (ping.roundTripUs < least.roundTripUs ? ping : least));
    return Math.floor(ourUs + best.offsetUs);
  }
}

/** When a sample entered the microphone: of the blocks since the last answer, the one that came soonest was held up least. */
export class CaptureClock {
  #originUs = Infinity;

  /**
   * A block came whose last sample is the one before `endPosition`.
   * @param {number} endPosition
   * @param {number} nowUs
   */
  heard(endPosition, nowUs) {
    this.#originUs = Math.min(this.#originUs, nowUs - endPosition * US_PER_SAMPLE);
  }

  /**
   * When sample `position` was captured, by our clock; forgets what it heard.
   * @param {number} position
   */
  capturedUs(position) {
    const originUs = this.#originUs;
    this.#originUs = Infinity;
    return originUs + position * US_PER_SAMPLE;
  }
}
