// The button to talk by. Held down, it is open until it comes up. A tap leaves it open until the next one.

/** What comes up again sooner was a tap. */
export const TAP_MS = 250;

export class TalkButton {
  /** When it went down. @type {number | null} */
  #downMs = null;
  #latched = false;

  get open() {
    return this.#downMs !== null || this.#latched;
  }

  /** It stays open though nobody holds it. */
  get latched() {
    return this.#latched && this.#downMs === null;
  }

  /** @param {number} nowMs */
  press(nowMs) {
    this.#downMs ??= nowMs;
  }

  /** @param {number} nowMs */
  release(nowMs) {
    if (this.#downMs === null) return;
    this.#latched = !this.#latched && nowMs - this.#downMs < TAP_MS;
    this.#downMs = null;
  }

  /** As a tap does, from a button that can't be held. */
  toggle() {
    this.#latched = !this.open;
    this.#downMs = null;
  }

  close() {
    this.#latched = false;
    this.#downMs = null;
  }
}
