// Says again that somebody waits for an answer, for as long as nobody has given one.

/** Long enough to come back to the page; a door at which nobody answers is knocked at no more often. */
const AGAIN_MS = 15_000;

export class Reminder {
  #remind;
  /** @type {ReturnType<typeof setInterval> | null} */
  #timer = null;

  /** @param {() => void} remind */
  constructor(remind) {
    this.#remind = remind;
  }

  /** @param {boolean} on whether somebody waits */
  set isOn(on) {
    if (on === (this.#timer !== null)) return;
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = on ? setInterval(() => this.#remind(), AGAIN_MS) : null;
  }
}
