// How late packets come, and the delay that keeps the share of late ones small. The twin of
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
const PRIOR_PACKETS = 2;
const UNUSUAL_SHARE = 0.02;
const LARGEST_WEIGHT = 1e9;
const LATEST_MS = 1e13;

/**
 * Whether this can be a time; what is not finite can't.
 * @param {number} nowMs
 */
export const isTime = (nowMs) => nowMs > -LATEST_MS && nowMs < LATEST_MS;

/**
 * `quantileMs` is the relative delay that all but `lateShare` of the packets keep within, `usualMs` that of
 * all but a fiftieth.
 */
export class DelayEstimator {
  #baseline = new WindowedMinimum(BASE_WINDOW_MS);
  #histogram = new Float64Array(BUCKETS);
  #total = 0;
  #weight = PRIOR_PACKETS;
  #lastTimestamp = 0;
  #lastNowMs = 0;
  #paced = false;
  /** Whether a packet of this clock came. */
  #known = false;
  isNewClock = false;

  /**
   * @param {number} lateShare
   * @param {number} ceilingMs
   */
  constructor(lateShare = 0.01, ceilingMs = 250) {
    this.lateShare = lateShare;
    this.ceilingMs = Math.min(ceilingMs, BUCKETS);
    this.baseMs = 0;
    this.#count(PRIOR_MS);
    this.#weight = 1;
    this.usualMs = this.#quantile(UNUSUAL_SHARE);
    this.quantileMs = this.#quantile(lateShare);
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
    if (this.#weight < LARGEST_WEIGHT) return;
    for (let i = 0; i < BUCKETS; i++) this.#histogram[i] /= LARGEST_WEIGHT;
    this.#total /= LARGEST_WEIGHT;
    this.#weight /= LARGEST_WEIGHT;
  }

  #weigh() {
    this.usualMs = this.#quantile(UNUSUAL_SHARE);
    this.quantileMs = this.#quantile(this.lateShare);
  }

  /** @param {number} share */
  #quantile(share) {
    const allowed = share * this.#total;
    let later = 0;
    let bucket = BUCKETS - 1;
    for (; bucket > 0; bucket--) {
      later += this.#histogram[bucket];
      if (later > allowed) break;
    }
    return bucket + 1;
  }
}
