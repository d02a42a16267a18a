// What is written in the room: a sheet, a badge that counts what nobody has read yet, and "2 new" above the
// first of it. Nothing of it ever scrolls the page: only the list scrolls, and only for somebody who is at
// its end.

import { create, element, setText } from "../../ui/dom.js";
import { EndFollower } from "../../ui/end_follower.js";
import { language, sayCount, t } from "../../ui/text.js";
import { plainFace } from "../people/face.js";
import { Sheet } from "../sheets/sheet.js";

/** @typedef {import("../../shared/control.js").Level} Level */
/**
 * `atMs` as Date.now(): a time of day; what has a `level` is a notice.
 * @typedef {{name: string, text: string, own: boolean, atMs: number, title?: string, level?: Level,
 *   caption?: boolean}} Said
 */

/** What is kept on the screen; the relay keeps less. */
const MOST_LINES = 300;
/** How much is seen above the first line that nobody has read. */
const READ_ABOVE_PX = 60;
const SECOND_MS = 1_000;
const LINK = /\bhttps?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]]/g;

export class ChatPanel {
  #sheet = new Sheet(element("chat", HTMLDialogElement));
  #list = element("said", HTMLDivElement);
  #end = new EndFollower(this.#list);
  #form = element("chat-form", HTMLFormElement);
  #words = element("words", HTMLTextAreaElement);
  #opener = element("open-chat", HTMLButtonElement);
  #unread = 0;
  /** @type {HTMLElement | null} */
  #freshLine = null;
  /** @type {(text: string) => void} */
  onWrite = () => {};
  /** Somebody reads now. */
  onRead = () => {};

  constructor() {
    this.#list.setAttribute("aria-label", t("chat"));
    this.#words.placeholder = t("writeHere");
    this.#words.setAttribute("aria-label", t("writeHere"));
    this.#opener.addEventListener("click", () => this.#sheet.toggle());
    this.#sheet.onOpen = () => this.#onOpen();
    this.#sheet.onClose = () => this.#removeFreshLine();
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#write();
    });
    this.#words.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#write();
    });
    this.#words.addEventListener("input", () => this.#fitHeight());
  }

  get isOpen() {
    return this.#sheet.isOpen;
  }

  open() {
    this.#sheet.open(this.#opener);
    this.#words.focus();
  }

  /**
   * @param {Said} said
   * @returns {HTMLElement} its line
   */
  add(said) {
    if (!this.isOpen && !said.own) this.#countUnread();
    const line = lineOf(said);
    this.#append(line);
    if (said.own) this.#end.goToEnd();
    return line;
  }

  /**
   * What was said, not written: everybody has heard it, so nobody has to read it.
   * @param {{name: string, text: string}} caption
   */
  addCaption(caption) {
    this.#append(lineOf({ ...caption, own: false, atMs: Date.now(), caption: true }));
  }

  /** @param {string} words such as that somebody came */
  addEvent(words) {
    this.#append(create("p", "happened", `${words} · ${timeOf(Date.now())}`));
  }

  /**
   * @param {import("../../shared/control.js").Line[]} history what was written before we came;
   *   nobody has missed it
   */
  restart(history) {
    const lines = history.map(({ age_s, ...line }) =>
      lineOf({ ...line, own: false, atMs: Date.now() - age_s * SECOND_MS }),
    );
    this.#list.replaceChildren(...lines);
    this.#freshLine = null;
    this.#setUnread(0);
    this.#end.goToEnd();
  }

  #write() {
    const text = this.#words.value.trim();
    if (!text) return;
    this.onWrite(text);
    this.#words.value = "";
    this.#fitHeight();
  }

  #fitHeight() {
    this.#words.style.height = "auto";
    this.#words.style.height = `${this.#words.scrollHeight + 4}px`;
  }

  #countUnread() {
    if (!this.#freshLine) {
      this.#freshLine = create("p", "fresh");
      this.#list.append(this.#freshLine);
    }
    this.#setUnread(this.#unread + 1);
    setText(this.#freshLine, t("fresh", { count: this.#unread }));
  }

  /** @param {number} count */
  #setUnread(count) {
    this.#unread = count;
    const badge = /** @type {HTMLElement} */ (this.#opener.querySelector(".count"));
    badge.hidden = count === 0;
    setText(badge, String(count));
    this.#opener.setAttribute(
      "aria-label",
      count === 0 ? t("chat") : `${t("chat")}, ${sayCount("unread", count)}`,
    );
  }

  #onOpen() {
    this.onRead();
    this.#setUnread(0);
    requestAnimationFrame(() => {
      if (this.#freshLine)
        this.#end.goTo(this.#freshLine.offsetTop - this.#list.offsetTop - READ_ABOVE_PX);
      else this.#end.goToEnd();
    });
  }

  #removeFreshLine() {
    this.#freshLine?.remove();
    this.#freshLine = null;
  }

  /** @param {Node} node */
  #append(node) {
    this.#list.append(node);
    while (this.#list.children.length > MOST_LINES) this.#list.firstElementChild?.remove();
    this.#end.follow();
  }
}

/** @param {Said} said */
function lineOf({ name, text, own, atMs, title, level, caption }) {
  const words = create("div", "text", ...(title ? [create("b", "title", title)] : []), ...linked(text));
  const line = create("div", "said");
  if (level) line.dataset.level = level;
  line.toggleAttribute("data-own", own);
  const who = create(
    "p",
    own ? "unseen" : "who",
    create("b", "", own ? t("you") : name),
    ` · ${timeOf(atMs)}${caption ? ` · ${t("wasSaid")}` : ""}`,
  );
  line.toggleAttribute("data-caption", caption === true);
  line.append(who, ...(own ? [words] : [plainFace(name), words]));
  return line;
}

/**
 * Text, with what looks like a link as one. Everything is text: no markup of others is ever read.
 * @param {string} text
 * @returns {(Node | string)[]}
 */
function linked(text) {
  /** @type {(Node | string)[]} */
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    const link = create("a", "", match[0]);
    link.href = match[0];
    link.target = "_blank";
    link.rel = "noopener noreferrer";
    nodes.push(text.slice(end, match.index), link);
    end = match.index + match[0].length;
  }
  return [...nodes, text.slice(end)];
}

/** @param {number} ms */
function timeOf(ms) {
  return new Date(ms).toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit" });
}
