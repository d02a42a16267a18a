// What was measured lately, and its quantiles. Twin of client/sliding.py. Times are µs, of any one clock.

/** 30 s, as in the twin. */
export const WINDOW_US = 30_000_000;

/**
 * The newest value (null where it is too old), the median and the 95th percentile; each is one that was
 * measured.
 * @typedef {{now: number | null, p50: number, p95: number}} Quantiles
 */

export class SlidingWindow {
  /** @type {{atUs: number, value: number}[]} */
  #values = [];
  #windowUs;

  /** @param {number} [windowUs] */
  constructor(windowUs = WINDOW_US) {
    this.#windowUs = windowUs;
  }

  /**
   * @param {number} atUs
   * @param {number} value
   */
  add(atUs, value) {
    this.#values.push({ atUs, value });
    this.#forget(atUs);
  }

  /**
   * Null where nothing was measured in the window; the newest value counts as now for `lastsUs`.
   * @param {number} nowUs
   * @param {number} lastsUs
   * @returns {Quantiles | null}
   */
  quantiles(nowUs, lastsUs) {
    this.#forget(nowUs);
    const newest = this.#values[this.#values.length - 1];
    if (!newest) return null;
    const values = Float64Array.from(this.#values, ({ value }) => value).sort();
    const now = nowUs - newest.atUs <= lastsUs ? newest.value : null;
    return { now, p50: quantile(values, 0.5), p95: quantile(values, 0.95) };
  }

  /** @param {number} nowUs */
  #forget(nowUs) {
    while (this.#values.length > 0 && nowUs - this.#values[0].atUs > this.#windowUs) this.#values.shift();
  }
}

/**
 * The least of the values that is not below `share` of them (nearest rank).
 * @param {ArrayLike<number>} ordered
 * @param {number} share
 */
export function quantile(ordered, share) {
  return ordered[Math.max(0, Math.ceil(share * ordered.length) - 1)];
}
