// The relay's clock, told by ours, from pings. Twin of client/clock.py. All times are µs of a monotonic
// clock.
//
// A pong proves that the relay's clock is ahead of ours by its offset, give or take half its round trip:
// whatever the way there and the way back took, neither took less than nothing. The plan:
//   offset   of the last WINDOW pings, the one with the smallest bound: half its round trip, and what two
//            quartzes may have drifted apart since;
//   drift    the best ping is an anchor, every ANCHOR_EVERY; drift is the slope from the oldest anchor to the
//            newest;
//   jump     a pong that can't be true together with what was known says that a clock jumped (a phone slept,
//            a relay began anew): all that was known goes, and this pong is the first. One whose answer took
//            longer than the question saw the jump itself: it says nothing.

import { SAMPLE_RATE } from "../../shared/audio_format.js";

export const WINDOW = 64;
const ANCHOR_EVERY = 16;
/** What two clocks may drift apart in a second, in seconds: quartzes are good for 20 to 50 ppm. */
const WANDER = 50e-6;
const ANCHORS = 8;
const DRIFT_SPAN_US = 30_000_000;
/** Some browsers round their clocks; a jump is more than that. */
const COARSE_US = 2_000;
const US_PER_SAMPLE = 1e6 / SAMPLE_RATE;
const HEARD_LATELY_US = 1_000_000;
/** A device that lags or leads by so much at once has stood still, or has been another one. */
const BROKEN_US = 100_000;

/**
 * That at our `atUs` the relay's clock was ahead by `offsetUs`, give or take half of `roundTripUs`.
 * @typedef {{atUs: number, offsetUs: number, roundTripUs: number}} Ping
 */

/**
 * How wrong a ping can be at our time `ourUs`.
 * @param {Ping} ping
 * @param {number} ourUs
 */
const errorOf = (ping, ourUs) => ping.roundTripUs / 2 + WANDER * Math.abs(ourUs - ping.atUs);

/** A clock that can be off by more is asked more often. */
const UNSURE_US = 2_000;
const PING_SURE_US = 1_000_000;
const PING_UNSURE_US = 250_000;

export class RelayClock {
  /** @type {Ping[]} */
  #pings = [];
  /** @type {Ping[]} */
  #anchors = [];
  #sinceAnchor = 0;
  /** @type {Ping | null} */
  #best = null;
  /** @type {number | null} */
  roundTripUs = null;
  jumps = 0;

  /**
   * We sent the ping at `t0` and got the pong at `t3`; the relay got and answered it at `t1` and `t2`.
   * @param {number} t0
   * @param {number} t1
   * @param {number} t2
   * @param {number} t3
   */
  pong(t0, t1, t2, t3) {
    const roundTripUs = t3 - t0 - (t2 - t1);
    if (roundTripUs < 0) {
      this.#restart();
      return;
    }
    const ping = { atUs: (t0 + t3) / 2, offsetUs: (t1 - t0 + t2 - t3) / 2, roundTripUs };
    if (this.#contradicts(ping)) this.#restart();
    this.roundTripUs = roundTripUs;
    this.#pings = [...this.#pings, ping].slice(-WINDOW);
    this.#best = this.#pings.reduce((best, known) =>
      errorOf(known, ping.atUs) < errorOf(best, ping.atUs) ? known : best,
    );
    this.#anchor(this.#best);
  }

  /** How much faster the relay's clock runs than ours; null until half a minute is known. */
  get driftPpm() {
    const [first, last] = [this.#anchors[0], this.#anchors[this.#anchors.length - 1]];
    if (!first || last.atUs - first.atUs < DRIFT_SPAN_US) return null;
    return ((last.offsetUs - first.offsetUs) / (last.atUs - first.atUs)) * 1e6;
  }

  /**
   * What the relay's clock shows when ours shows `ourUs`; null before the first pong.
   * @param {number} ourUs
   */
  relayUs(ourUs) {
    return this.#best && Math.round(ourUs + this.#offsetUs(this.#best, ourUs));
  }

  /**
   * How far `relayUs(ourUs)` can be off; null before the first pong.
   * @param {number} ourUs
   */
  errorUs(ourUs) {
    return this.#best && Math.round(errorOf(this.#best, ourUs));
  }

  /**
   * How long to wait between two pings now.
   * @param {number} ourUs
   */
  pingEveryUs(ourUs) {
    return (this.errorUs(ourUs) ?? Infinity) > UNSURE_US ? PING_UNSURE_US : PING_SURE_US;
  }

  /**
   * @param {Ping} ping
   * @param {number} ourUs
   */
  #offsetUs(ping, ourUs) {
    const drift = (this.driftPpm ?? 0) / 1e6;
    const bounded = Math.max(-WANDER, Math.min(WANDER, drift));
    return ping.offsetUs + bounded * (ourUs - ping.atUs);
  }

  /** @param {Ping} ping */
  #contradicts(ping) {
    if (!this.#best) return false;
    const apartUs = Math.abs(ping.offsetUs - this.#offsetUs(this.#best, ping.atUs));
    return apartUs > ping.roundTripUs / 2 + errorOf(this.#best, ping.atUs) + COARSE_US;
  }

  #restart() {
    this.jumps += 1;
    this.#pings = [];
    this.#anchors = [];
    this.#sinceAnchor = 0;
    this.#best = this.roundTripUs = null;
  }

  /** @param {Ping} best */
  #anchor(best) {
    this.#sinceAnchor += 1;
    if (this.#sinceAnchor < ANCHOR_EVERY) return;
    this.#anchors = [...this.#anchors, best].slice(-ANCHORS);
    this.#sinceAnchor = 0;
  }
}

/**
 * When a sample came from the microphone: of the last blocks, the one that came soonest was held up least.
 */
export class CaptureClock {
  /** @type {{nowUs: number, originUs: number}[]} */
  #heard = [];

  /**
   * A block came whose last sample is the one before `position`.
   * @param {number} position
   * @param {number} nowUs
   */
  onCapture(position, nowUs) {
    const originUs = nowUs - position * US_PER_SAMPLE;
    if (this.#heard.length > 0 && Math.abs(originUs - this.#heard[0].originUs) > BROKEN_US) this.#heard = [];
    this.#heard.push({ nowUs, originUs });
    while (nowUs - this.#heard[0].nowUs > HEARD_LATELY_US) this.#heard.shift();
  }

  /**
   * When sample `position` came, by our clock.
   * @param {number} position
   */
  capturedUs(position) {
    return Math.min(...this.#heard.map(({ originUs }) => originUs)) + position * US_PER_SAMPLE;
  }
}
