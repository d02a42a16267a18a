// Events that somebody should notice: one at a time over the header, never over a person, for five seconds or
// as long as it is touched. What comes meanwhile waits; messages that wait are counted.

import { create, element } from "../../ui/dom.js";
import { t } from "../../ui/text.js";
import { plainFace } from "../people/face.js";

const LASTS_MS = 5_000;
/** More than that would be read long after the event. */
const MOST_WAITING = 4;
/** A screen reader is told at most this often; what came meanwhile is said together. */
const SPOKEN_EVERY_MS = 3_000;

/** @typedef {{words: string, act: () => void}} Action */
/**
 * @typedef {object} Toast
 * @property {string} [name] whose face is shown beside it
 * @property {string} [title]
 * @property {string} words
 * @property {Action} [action]
 * @property {Action[]} [actions]
 * @property {import("../../shared/control.js").Level} [level] of a notice
 * @property {number} [lastsMs] where it is not the usual time
 */

export class Toasts {
  #place = element("toasts", HTMLElement);
  #spoken = element("status", HTMLElement);
  #urgent = element("urgent", HTMLElement);
  /** @type {Toast[]} */
  #waiting = [];
  /** @type {Toast | null} */
  #shown = null;
  #timer = 0;
  #lastsMs = LASTS_MS;
  /** @type {string[]} */
  #toSpeak = [];
  #speakTimer = 0;

  constructor() {
    this.#place.setAttribute("aria-label", t("notices"));
  }

  /** @param {Toast} toast */
  show(toast) {
    this.say([toast.title, toast.words].filter(Boolean).join(": "));
    this.#waiting.push(toast);
    if (this.#waiting.length > MOST_WAITING) this.#waiting.shift();
    if (!this.#shown) this.#next();
  }

  /** @param {string} words for screen readers, politely */
  say(words) {
    this.#toSpeak.push(words);
    if (this.#speakTimer) return;
    this.#speak();
    this.#speakTimer = setTimeout(() => {
      this.#speakTimer = 0;
      if (this.#toSpeak.length > 0) this.say(this.#toSpeak.splice(0).join(" "));
    }, SPOKEN_EVERY_MS);
  }

  /** @param {string} words for screen readers, at once */
  alert(words) {
    this.#urgent.textContent = words;
  }

  /** @param {Toast} toast that is no longer true */
  withdraw(toast) {
    this.#waiting = this.#waiting.filter((each) => each !== toast);
    if (this.#shown === toast) this.#close();
  }

  clear() {
    this.#waiting = [];
    this.#close();
  }

  #speak() {
    this.#spoken.textContent = this.#toSpeak.splice(0).join(" ");
  }

  #next() {
    const toast = this.#waiting.shift();
    if (!toast) return;
    this.#shown = toast;
    this.#lastsMs = toast.lastsMs ?? LASTS_MS;
    this.#place.replaceChildren(this.#draw(toast));
    this.#place.showPopover?.();
    this.#start();
  }

  /** @param {Toast} toast */
  #draw({ name, title, words, action, actions = action ? [action] : [], level = "info" }) {
    const text = create(
      "div",
      "words",
      ...(title ? [create("b", "", title)] : []),
      create("span", "", words),
    );
    const node = create("div", "toast", ...(name ? [plainFace(name)] : []), text);
    node.dataset.level = level;
    node.append(...actions.map((each) => this.#buttonOf(each)));
    if (this.#waiting.length > 0)
      node.append(create("span", "count", t("more", { count: this.#waiting.length })));
    node.addEventListener("pointerdown", () => clearTimeout(this.#timer));
    for (const end of /** @type {const} */ (["pointerup", "pointercancel"]))
      node.addEventListener(end, () => this.#start());
    return node;
  }

  /** @param {Action} action */
  #buttonOf({ words, act }) {
    const button = create("button", "button short", words);
    button.type = "button";
    button.addEventListener("click", () => {
      this.#close();
      act();
    });
    return button;
  }

  #start() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#close(), this.#lastsMs);
  }

  #close() {
    clearTimeout(this.#timer);
    this.#shown = null;
    this.#place.replaceChildren();
    if (this.#place.matches(":popover-open")) this.#place.hidePopover();
    this.#next();
  }
}
