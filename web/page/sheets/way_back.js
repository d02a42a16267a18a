// The browser's own way back closes what is open on the page, and only then leaves it. Android does that for
// modal dialogs; elsewhere one entry of the history stands for whatever is open. The address stays the same.

export class WayBack {
  #history;
  #close;
  #isOpen;
  /** We go back ourselves, because what was open is closed; the browser says later that it has. */
  #isLeaving = false;

  /**
   * @param {object} parts
   * @param {Pick<History, "state" | "pushState" | "back">} parts.history
   * @param {() => void} parts.close
   * @param {() => boolean} parts.isOpen
   */
  constructor({ history, close, isOpen }) {
    this.#history = history;
    this.#close = close;
    this.#isOpen = isOpen;
  }

  onOpen() {
    if (!this.#isLeaving && !this.#hasEntry) this.#history.pushState({ isOpen: true }, "");
  }

  /** Where something else was opened in its place, the entry stands for that. */
  onClose() {
    if (this.#isOpen() || this.#isLeaving || !this.#hasEntry) return;
    this.#isLeaving = true;
    this.#history.back();
  }

  /** The browser has gone back or forth. */
  onPop() {
    if (this.#isLeaving) {
      this.#isLeaving = false;
      if (this.#isOpen()) this.onOpen(); // meanwhile
    } else if (!this.#hasEntry) {
      this.#close();
    }
  }

  get #hasEntry() {
    return Boolean(this.#history.state?.isOpen);
  }
}
