// Keeps the screen on: a phone that locks may take the microphone away from a page. Browsers end such a lock
// when the page is hidden, so it is asked for again when the page is seen.

export class WakeLock {
  /** @type {WakeLockSentinel | undefined} */
  #lock;
  #wanted = false;

  /** @param {boolean} wanted */
  set wanted(wanted) {
    this.#wanted = wanted;
    if (wanted) this.renew();
    else this.#lock?.release();
  }

  async renew() {
    if (!this.#wanted || this.#lock?.released === false) return;
    try {
      this.#lock = await navigator.wakeLock?.request("screen");
    } catch {
      return; // the page is not seen, or the battery is low
    }
    if (!this.#wanted) this.#lock?.release();
  }
}
