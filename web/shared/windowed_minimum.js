// The least value of the last one to two windows of time. The twin of streamer/jitter/windowed_minimum.pyx,
// which has the plan.

/** The least value of the last one to two windows, in constant time and memory. */
export class WindowedMinimum {
  #windowMs;
  #sinceMs = -Infinity;
  #current = Infinity;
  #previous = Infinity;

  /** @param {number} windowMs */
  constructor(windowMs) {
    this.#windowMs = windowMs;
  }

  reset() {
    this.#sinceMs = -Infinity;
    this.#current = Infinity;
    this.#previous = Infinity;
  }

  /**
   * Take in one value and return the least. What is not finite is left out.
   * @param {number} nowMs
   * @param {number} value
   */
  update(nowMs, value) {
    if (!Number.isFinite(nowMs) || !Number.isFinite(value)) return Math.min(this.#current, this.#previous);
    if (nowMs - this.#sinceMs < -this.#windowMs) this.reset(); // the clock was put back
    const elapsed = nowMs - this.#sinceMs;
    if (elapsed >= this.#windowMs) {
      this.#previous = elapsed < 2 * this.#windowMs ? this.#current : Infinity;
      this.#current = Infinity;
      this.#sinceMs = nowMs;
    }
    if (value < this.#current) this.#current = value;
    return this.#current < this.#previous ? this.#current : this.#previous;
  }
}
