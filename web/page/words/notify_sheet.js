// The sheet by which a host, or who holds the right, tells the room something, and sees who answered what.

import { create, element, find, setText } from "../../ui/dom.js";
import { t } from "../../ui/text.js";
import { Sheet } from "../sheets/sheet.js";

/** @typedef {import("../../shared/control.js").Level} Level */
/** @typedef {{id: number, text: string, actions: string[]}} Sent a notice of ours, as the relay told it */

/** What is kept on the screen: who sends more looks it up in the chat. */
const MOST_SHOWN = 10;
/** So long may the relay take: then one may try again. */
const ANSWER_MS = 5_000;

export class NotifySheet {
  #sheet = new Sheet(element("notify", HTMLDialogElement));
  #form = element("notify-form", HTMLFormElement);
  #text = element("notify-text", HTMLTextAreaElement);
  #problem = element("notify-problem", HTMLElement);
  #sent = element("notify-sent", HTMLElement);
  #openers = [element("open-notify", HTMLButtonElement), element("chat-notify", HTMLButtonElement)];
  /**
   * By the id of the notice.
   * @type {Map<number, {node: HTMLElement, names: string[][], actions: string[]}>}
   */
  #shown = new Map();
  #lastId = 0;
  /** Of the one that the relay has not answered yet; 0 where none is on its way. */
  #awaited = 0;
  #timer = 0;
  /** @type {(message: import("../../shared/control.js").FromClient) => void} */
  onSend = () => {};

  constructor() {
    this.#text.placeholder = t("notifyText");
    this.#text.setAttribute("aria-label", t("notifyText"));
    this.#answers.forEach((input, i) => {
      const words = t("notifyAnswer", { count: i + 1 });
      input.placeholder = words;
      input.setAttribute("aria-label", words);
    });
    for (const opener of this.#openers) opener.addEventListener("click", () => this.#sheet.toggle());
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
  }

  /** @param {boolean} isAllowed */
  set available(isAllowed) {
    for (const opener of this.#openers) opener.hidden = !isAllowed;
    this.#free();
    if (isAllowed) return;
    this.#sheet.close();
    this.#shown.clear();
    this.#renderSent();
  }

  /**
   * The room has a notice of ours.
   * @param {number} ownId ours, 0 where this page did not send it
   * @param {Sent} notice
   */
  onSent(ownId, { id, text, actions }) {
    const node = create("div", "sent", create("p", "", text));
    this.#shown.set(id, { node, names: actions.map(() => []), actions });
    const [oldest] = this.#shown.keys();
    if (this.#shown.size > MOST_SHOWN) this.#shown.delete(oldest);
    this.#renderAnswers(id);
    this.#renderSent();
    if (ownId === 0 || ownId !== this.#awaited) return;
    this.#free();
    this.#form.reset();
  }

  /**
   * @param {number} id of the notice
   * @param {string} name
   * @param {number} action
   */
  onReply(id, name, action) {
    this.#shown.get(id)?.names[action]?.push(name);
    this.#renderAnswers(id);
  }

  /**
   * @param {number} ownId
   * @param {string} words why
   * @returns {boolean} whether it was sent from here, and is told here
   */
  onRefused(ownId, words) {
    if (ownId === 0 || ownId !== this.#awaited) return false;
    this.#free();
    this.#tell(words);
    return true;
  }

  get #answers() {
    return [...this.#form.querySelectorAll("input[name=answer]")].filter(
      (each) => each instanceof HTMLInputElement,
    );
  }

  #submit() {
    const text = this.#text.value.trim();
    if (!text || this.#awaited) return;
    this.#lastId += 1;
    this.#awaited = this.#lastId;
    this.#tell("");
    find(this.#form, "[type=submit]", HTMLButtonElement).disabled = true;
    this.#timer = setTimeout(() => this.onRefused(this.#awaited, t("notifyUnanswered")), ANSWER_MS);
    const level = /** @type {Level} */ (new FormData(this.#form).get("level"));
    const actions = this.#answers.map(({ value }) => value.trim()).filter(Boolean);
    this.onSend({ type: "notify", id: this.#awaited, text, level, sound: level !== "info", actions });
  }

  /** The next one may be sent. */
  #free() {
    clearTimeout(this.#timer);
    this.#awaited = 0;
    this.#tell("");
    find(this.#form, "[type=submit]", HTMLButtonElement).disabled = false;
  }

  /** @param {string} words */
  #tell(words) {
    setText(this.#problem, words);
    this.#problem.hidden = words === "";
  }

  #renderSent() {
    this.#sent.hidden = this.#shown.size === 0;
    const newestFirst = [...this.#shown.values()].map(({ node }) => node).reverse();
    find(this.#sent, ".list", HTMLElement).replaceChildren(...newestFirst);
  }

  /** @param {number} id */
  #renderAnswers(id) {
    const shown = this.#shown.get(id);
    if (!shown) return;
    const rows = shown.actions.map((action, i) => {
      const names = shown.names[i];
      const who = names.length > 0 ? names.join(", ") : t("notifyNobody");
      return create("li", "", create("b", "", action), create("span", "", who));
    });
    shown.node.querySelector("ul")?.remove();
    if (rows.length > 0) shown.node.append(create("ul", "", ...rows));
  }
}
