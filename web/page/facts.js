// What holds for the whole room, beside the number of people: that it is recorded, or reached by a slower path. It appears in a place
// that is kept for it, so that it moves nobody; whoever presses it reads more.

import { element, setAttribute } from "../ui/dom.js";

export class Fact {
  #button;
  #note;

  /**
   * @param {string} id of the button
   * @param {string} noteId of what it opens
   */
  constructor(id, noteId) {
    this.#button = element(id, HTMLButtonElement);
    this.#note = element(noteId, HTMLElement);
    setAttribute(this.#button, "aria-controls", noteId);
    this.#button.addEventListener("click", () => this.#open(this.#note.hidden));
    this.#open(false);
  }

  /** @param {boolean} on whether it holds */
  set isOn(on) {
    this.#button.hidden = !on;
    if (!on) this.#open(false);
  }

  get isOn() {
    return !this.#button.hidden;
  }

  /** @param {boolean} open */
  #open(open) {
    this.#note.hidden = !open;
    setAttribute(this.#button, "aria-expanded", String(open));
  }
}
