// How late packets come, and how long it is worth waiting for them. The twin of
// streamer/jitter/delay_estimator.pyx, which has the plan and the reasons; tests/vectors/jitter.json keeps
// both equal.

import { WindowedMinimum } from "../shared/windowed_minimum.js";

const SAMPLES_PER_MS = 48;
const PAUSE_SAMPLES = 5760;
const BUCKETS = 512;
const BASE_WINDOW_MS = 4000;
const NEW_CLOCK_MS = 2000;
const FORGETTING = 0.9998;
const PRIOR_MS = 30;
const PRIOR_PACKETS = 0.07;
const SETTLING_PACKETS = 200;
const SETTLING_WEIGHT = 0.2;
const UNUSUAL_SHARE = 0.02;
const BEST_RATING = 93.36;
const REST_MS = 60;
const UNNOTICED_MS = 100;
const LOST_BY_ALL = (100 * 95) / 9.79;
const NEARLY = 0.98;
const LARGEST_WEIGHT = 1e9;
const LATEST_MS = 1e13;

/**
 * Whether this can be a time; what is not finite can't.
 * @param {number} nowMs
 */
export const isTime = (nowMs) => nowMs > -LATEST_MS && nowMs < LATEST_MS;

/**
 * Idd of ITU-T G.107: what a delay from mouth to ear takes from R.
 * @param {number} oneWayMs
 */
const delayImpairment = (oneWayMs) => {
  if (oneWayMs <= UNNOTICED_MS) return 0;
  const x = Math.log2(oneWayMs / UNNOTICED_MS);
  return 25 * ((1 + x ** 6) ** (1 / 6) - 3 * (1 + (x / 3) ** 6) ** (1 / 6) + 2);
};

const RATING_BY_WAIT = Float64Array.from(
  { length: BUCKETS + 1 },
  (_, waitMs) => BEST_RATING - delayImpairment(REST_MS + waitMs),
);

/**
 * `waitMs` is the relative delay that is worth waiting for, `usualMs` that of all but a fiftieth of the
 * packets.
 */
export class DelayEstimator {
  #baseline = new WindowedMinimum(BASE_WINDOW_MS);
  #histogram = new Float64Array(BUCKETS);
  /** By the wait in ms: the weight of what comes later. */
  #late = new Float64Array(BUCKETS + 1);
  #total = 0;
  #weight = PRIOR_PACKETS;
  #settling = SETTLING_PACKETS;
  #lastTimestamp = 0;
  #lastNowMs = 0;
  #paced = false;
  /** Whether a packet of this clock came. */
  #known = false;
  isNewClock = false;
  waitMs = 1;
  usualMs = 1;

  /** @param {number} ceilingMs */
  constructor(ceilingMs = 320) {
    this.ceilingMs = Math.min(ceilingMs, BUCKETS);
    this.baseMs = 0;
    this.#count(PRIOR_MS);
    this.#weight = SETTLING_WEIGHT;
    this.#weigh();
  }

  /** Forget the talker's clock; what is known of the network stays. */
  restart() {
    this.#known = false;
    this.#baseline.reset();
    this.#weigh();
  }

  /**
   * Take in a packet's arrival; return its relative delay. By another clock (`isNewClock`) it is 0, and says
   * nothing of the network.
   * @param {number} nowMs
   * @param {number} timestamp unwrapped, in samples
   * @param {boolean} talkspurt whether one starts here
   * @throws {RangeError} where `nowMs` is no time
   */
  update(nowMs, timestamp, talkspurt = false) {
    if (!isTime(nowMs)) throw new RangeError(`${nowMs} ms is no time`);
    const transitMs = nowMs - timestamp / SAMPLES_PER_MS;
    this.isNewClock = this.#known && Math.abs(transitMs - this.baseMs) > NEW_CLOCK_MS;
    if (this.isNewClock) this.restart();
    this.#known = true;
    this.#pace(nowMs, timestamp, talkspurt);
    this.baseMs = this.#baseline.update(nowMs, transitMs);
    const relativeMs = transitMs - this.baseMs;
    if (this.#paced && !this.isNewClock && relativeMs <= this.ceilingMs) {
      this.#forget();
      this.#count(relativeMs);
      this.#weigh();
    }
    return relativeMs;
  }

  /**
   * @param {number} nowMs
   * @param {number} timestamp
   * @param {boolean} talkspurt
   */
  #pace(nowMs, timestamp, talkspurt) {
    const spacing = timestamp - this.#lastTimestamp;
    if (talkspurt || spacing > PAUSE_SAMPLES) this.#paced = false;
    else if (nowMs - this.#lastNowMs >= (0.5 * spacing) / SAMPLES_PER_MS) this.#paced = true;
    this.#lastTimestamp = timestamp;
    this.#lastNowMs = nowMs;
  }

  /** @param {number} relativeMs */
  #count(relativeMs) {
    const bucket = relativeMs >= 0 && relativeMs < BUCKETS ? Math.trunc(relativeMs) : BUCKETS - 1;
    this.#histogram[bucket] += this.#weight;
    this.#total += this.#weight;
  }

  #forget() {
    // Instead of shrinking every bucket, each packet weighs more than the one before.
    this.#weight /= FORGETTING;
    if (this.#settling > 0 && --this.#settling === 0) this.#weight /= SETTLING_WEIGHT;
    if (this.#weight < LARGEST_WEIGHT) return;
    for (let i = 0; i < BUCKETS; i++) this.#histogram[i] /= LARGEST_WEIGHT;
    this.#total /= LARGEST_WEIGHT;
    this.#weight /= LARGEST_WEIGHT;
  }

  #weigh() {
    const late = this.#late;
    const lostByEach = LOST_BY_ALL / this.#total;
    let best = 0;
    for (let wait = BUCKETS; wait > 0; wait--) {
      best = Math.max(best, RATING_BY_WAIT[wait] - late[wait] * lostByEach);
      late[wait - 1] = late[wait] + this.#histogram[wait - 1];
    }
    const enough = NEARLY * best;
    this.waitMs = 1;
    while (RATING_BY_WAIT[this.waitMs] - late[this.waitMs] * lostByEach < enough) this.waitMs++;
    this.usualMs = 1;
    while (late[this.usualMs] > UNUSUAL_SHARE * this.#total) this.usualMs++;
  }
}
