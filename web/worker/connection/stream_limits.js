// How long something on the way lets a stream be, in time and in bytes. Twin of client/stream_limits.py.
//
// Proxies cut each response after 30 s, or after 1 MB. The first cut tells; from then on a stream gets a
// successor before it comes that far. Which of the two it was is not known, so neither is reached again.

/** Of what was cut: the rest is for the next stream to begin in. */
const SHARE = 0.7;
/**
 * A stream that was cut sooner had another reason; and successors that come more often would cost more than a
 * gap.
 */
const LEAST_MS = 5_000;

export class StreamLimits {
  #mostMs = Infinity;
  #mostBytes = Infinity;

  /**
   * A stream ended after so much time and so many bytes, although its leg goes on.
   * @param {number} lastedMs
   * @param {number} size
   */
  cut(lastedMs, size) {
    if (lastedMs < LEAST_MS) return;
    this.#mostMs = Math.min(this.#mostMs, SHARE * lastedMs);
    this.#mostBytes = Math.min(this.#mostBytes, SHARE * size);
  }

  /**
   * Whether a stream of this age and size is to have a successor now.
   * @param {number} lastedMs
   * @param {number} size
   */
  isNear(lastedMs, size) {
    return lastedMs >= this.#mostMs || (size >= this.#mostBytes && lastedMs >= LEAST_MS * SHARE);
  }
}
