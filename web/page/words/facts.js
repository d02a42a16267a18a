// What holds now, beside the number of people: it moves nobody there, and whoever presses it reads more.

import { element, setAttribute } from "../../ui/dom.js";
import { t } from "../../ui/text.js";

/**
 * The newest is last, and an icon where there is no room for its words. Where that is too much, all are
 * icons, and where that still is, the number of people goes: it can be counted.
 * @param {HTMLElement} fact
 * @param {boolean} on
 */
export function showFact(fact, on) {
  if (on !== fact.hidden) return;
  const line = /** @type {HTMLElement} */ (fact.parentElement);
  if (on) line.append(fact);
  fact.removeAttribute("data-short");
  fact.hidden = !on;
  if (on) fact.toggleAttribute("data-short", isTooLong(line));
  for (const step of ["data-short", "data-shorter"]) line.removeAttribute(step);
  for (const step of ["data-short", "data-shorter"]) line.toggleAttribute(step, isTooLong(line));
}

/** @param {HTMLElement} line whose last fact that is shown ends beyond it */
function isTooLong(line) {
  const last = [...line.children].findLast((fact) => !(/** @type {HTMLElement} */ (fact).hidden));
  if (!last) return false;
  const margin = parseFloat(getComputedStyle(last).marginRight);
  return last.getBoundingClientRect().right + margin > line.getBoundingClientRect().right + 1;
}

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
    showFact(this.#button, on);
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
  /** @type {import("./toasts.js").Toast | null} */
  #told = null;

  /**
   * @param {string} id of the button
   * @param {string} noteId of what it opens
   * @param {import("../../ui/text.js").Key} title
   * @param {Pick<import("./toasts.js").Toasts, "show" | "alert" | "withdraw">} toasts
   */
  constructor(id, noteId, title, toasts) {
    super(id, noteId);
    this.#toasts = toasts;
    this.#title = title;
  }

  get isOn() {
    return super.isOn;
  }

  set isOn(on) {
    super.isOn = on;
    if (!on && this.#told) this.#toasts.withdraw(this.#told);
  }

  /** @param {string} words */
  tell(words) {
    this.#toasts.alert(words);
    const action = { words: t("whatToDo"), act: () => this.open(true) };
    this.#told = { title: t(this.#title), words, action, lastsMs: ASKS_MS };
    this.#toasts.show(this.#told);
  }
}
