// What holds beside the number of people: that the room is recorded, or reached by a slower path, or that a device howls. It appears
// in a place that is kept for it, so that it moves nobody; whoever presses it reads more.

import { element, setAttribute } from "../ui/dom.js";
import { t } from "../ui/text.js";

/** Time enough to read it, and to decide. */
const ASKS_MS = 15_000;

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
    this.#button.addEventListener("click", () => this.open(this.#note.hidden));
    this.open(false);
  }

  /** @param {boolean} on whether it holds */
  set isOn(on) {
    this.#button.hidden = !on;
    if (!on) this.open(false);
  }

  get isOn() {
    return !this.#button.hidden;
  }

  /** @param {boolean} open as only a press may ask: it moves what is below */
  open(open) {
    this.#note.hidden = !open;
    setAttribute(this.#button, "aria-expanded", String(open));
  }
}

/** A fact that asks for help: over the header at once, and behind a word in it for as long as it holds. */
export class Trouble extends Fact {
  #toasts;
  #title;

  /**
   * @param {string} id of the button
   * @param {string} noteId of what it opens
   * @param {import("../ui/text.js").Key} title
   * @param {Pick<import("./toasts.js").Toasts, "show" | "alert">} toasts
   */
  constructor(id, noteId, title, toasts) {
    super(id, noteId);
    this.#toasts = toasts;
    this.#title = title;
  }

  /** @param {string} words */
  tell(words) {
    this.#toasts.alert(words);
    const action = { words: t("whatToDo"), act: () => this.open(true) };
    this.#toasts.show({ title: t(this.#title), words, action, lastsMs: ASKS_MS });
  }
}
