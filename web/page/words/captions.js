// The strip of captions: the name before the text; what is still being said is dimmed and changes in place,
// what was said is settled. A screen reader hears settled lines only. In a hall the strip is the page
// (`&captions` in the link).

import { create, element, setAttribute, setText } from "../../ui/dom.js";
import { EndFollower } from "../../ui/end_follower.js";
import { load, save } from "../../ui/storage.js";
import { t } from "../../ui/text.js";
import { showFact } from "./facts.js";
import { Transcript } from "./transcript.js";

/** @typedef {import("../../shared/control.js").FromRelay} FromRelay */
/** @typedef {Extract<FromRelay, {type: "captioning" | "caption" | "keep_captions"}>} Rules */
/** What was said, kept in the chat. @typedef {Extract<FromRelay, {type: "chat"}>} Kept */
/** @typedef {Rules | Kept} OfCaptions */
/** @typedef {Extract<OfCaptions, {type: "caption"}>} Caption */

/** On the strip, which one can scroll; the transcript has more. */
const MOST_SHOWN = 100;
/** Times the size of other text. */
const SIZES = [1, 1.5, 2];

export class Captions {
  #strip = element("captions", HTMLElement);
  #lines = element("captions-lines", HTMLElement);
  #end = new EndFollower(this.#lines);
  #said = element("captions-said", HTMLElement);
  #size = element("captions-size", HTMLButtonElement);
  #parts;
  #transcript = new Transcript();
  /** @type {Map<string, HTMLElement>} lines that are not settled yet */
  #partial = new Map();
  #isWritten = false;
  #isHall = false;
  #wasTold = false;
  #on = load("captions") === "on";

  /**
   * @param {object} parts
   * @param {(message: import("../../shared/control.js").FromClient) => void} parts.send
   * @param {Pick<import("./toasts.js").Toasts, "show">} parts.toasts
   * @param {Pick<import("./chat_panel.js").ChatPanel, "addCaption" | "addEvent">} parts.chat
   * @param {Pick<import("../host/host_panel.js").HostPanel, "keepCaptions">} parts.host
   */
  constructor(parts) {
    this.#parts = parts;
    this.#useSize(Number(load("captionSize")) || SIZES[0]);
    this.#size.addEventListener("click", () =>
      this.#useSize(SIZES[(SIZES.indexOf(this.#chosenSize) + 1) % SIZES.length]),
    );
    element("audience-captions", HTMLButtonElement).addEventListener("click", () => this.switch(!this.on));
    element("captions-text", HTMLButtonElement).addEventListener("click", () =>
      this.#save("txt", this.#transcript.toText()),
    );
    element("captions-vtt", HTMLButtonElement).addEventListener("click", () =>
      this.#save("vtt", this.#transcript.toVtt()),
    );
    this.#show();
  }

  get on() {
    return this.#on || this.#isHall;
  }

  /** @param {boolean} on */
  switch(on) {
    this.#on = on;
    save("captions", on ? "on" : "off");
    this.#ask();
    this.#show();
  }

  /** @param {boolean} hall the page shows captions only */
  set hall(hall) {
    this.#isHall = hall;
    document.body.toggleAttribute("data-captions-only", hall);
    this.#show();
  }

  /**
   * The relay knows nothing of us yet; if somebody captions, it says so next.
   * @param {{keep_captions?: boolean}} welcome
   */
  onWelcome({ keep_captions: keeps }) {
    this.#parts.host.keepCaptions = keeps === true;
    this.#write(false);
    if (this.on) this.#ask();
  }

  /** @param {OfCaptions} message */
  onMessage(message) {
    if (message.type === "chat")
      return this.#parts.chat.addCaption({ name: message.name ?? "", text: message.text });
    if (message.type === "keep_captions") return this.#onKeep(message.on);
    if (message.type === "caption") return this.#onCaption(message);
    this.#write(message.on);
    if (message.on && !this.#wasTold) this.#tell();
    return undefined;
  }

  /** @param {boolean} on everybody is told, since it is their words that are kept */
  #onKeep(on) {
    const { host, chat, toasts } = this.#parts;
    host.keepCaptions = on;
    const words = t(on ? "keepCaptionsOn" : "keepCaptionsOff");
    chat.addEvent(words);
    toasts.show({ words });
  }

  /** Of another room. */
  clear() {
    this.#wasTold = false;
    this.#write(false);
    this.#transcript.clear();
    this.#said.replaceChildren();
    this.#lines.replaceChildren();
    this.#show();
  }

  #ask() {
    this.#parts.send({ type: "captions", on: this.on });
  }

  /** Once a stay: after a lost connection everybody knows it. */
  #tell() {
    this.#wasTold = true;
    const show = { words: t("showCaptions"), act: () => this.switch(true) };
    this.#parts.toasts.show({ words: t("captionsWritten"), ...(this.on ? {} : { action: show }) });
  }

  /** @param {boolean} isWritten somebody captions this room */
  #write(isWritten) {
    this.#isWritten = isWritten;
    if (!isWritten) for (const line of this.#partial.values()) line.remove();
    if (!isWritten) this.#partial.clear();
    this.#show();
  }

  #show() {
    showFact(element("captions-on", HTMLElement), this.#isWritten);
    element("audience-captions", HTMLElement).hidden = !this.#isWritten;
    setAttribute(element("audience-captions", HTMLElement), "aria-pressed", String(this.on));
    this.#strip.hidden = !(this.on && (this.#isWritten || this.#isHall || !this.#transcript.isEmpty));
    element("captions-acts", HTMLElement).hidden = this.#transcript.isEmpty || this.#isHall;
    setText(element("captions-none", HTMLElement), this.#isWritten ? t("captionsNone") : t("captionsNobody"));
    element("captions-none", HTMLElement).hidden = this.#lines.childElementCount > 0;
  }

  /** @param {Caption} caption */
  #onCaption(caption) {
    const line = this.#lineOf(caption);
    setText(line.lastElementChild, caption.text);
    line.toggleAttribute("data-partial", !caption.final);
    if (caption.final) this.#settle(caption, line);
    this.#show();
    this.#end.follow();
  }

  /** @param {Caption} caption */
  #lineOf({ talker_id, id, name }) {
    const key = keyOf({ talker_id, id });
    const known = this.#partial.get(key);
    if (known) return known;
    const line = create("p", "", create("b", "", name), " ", create("span", ""));
    line.dataset.key = key;
    this.#partial.set(key, line);
    this.#lines.append(line);
    while (this.#lines.childElementCount > MOST_SHOWN) {
      const oldest = /** @type {HTMLElement} */ (this.#lines.firstElementChild);
      this.#partial.delete(oldest.dataset.key ?? "");
      oldest.remove();
    }
    return line;
  }

  /**
   * @param {Caption} caption
   * @param {HTMLElement} line
   */
  #settle(caption, line) {
    this.#partial.delete(keyOf(caption));
    if (caption.text === "") return line.remove();
    const { name, text, start_ms, end_ms } = caption;
    this.#transcript.add({ name, text, startMs: start_ms, endMs: end_ms });
    this.#said.replaceChildren(create("p", "", `${name}: ${text}`));
    return undefined;
  }

  get #chosenSize() {
    return Number(this.#strip.dataset.size);
  }

  /** @param {number} size */
  #useSize(size) {
    this.#strip.dataset.size = String(SIZES.includes(size) ? size : SIZES[0]);
    save("captionSize", this.#strip.dataset.size);
    this.#end.goToEnd();
  }

  /**
   * @param {"txt" | "vtt"} kind
   * @param {string} text
   */
  #save(kind, text) {
    const link = create("a");
    link.href = URL.createObjectURL(new Blob([text], { type: kind === "vtt" ? "text/vtt" : "text/plain" }));
    link.download = `${t("captions")}.${kind}`;
    link.click();
    URL.revokeObjectURL(link.href);
  }
}

/**
 * @param {FromRelay} message
 * @returns {message is OfCaptions}
 */
export function isOfCaptions(message) {
  if (message.type === "chat") return message.caption === true;
  return message.type === "captioning" || message.type === "caption" || message.type === "keep_captions";
}

/** @param {{talker_id: number, id: number}} line */
const keyOf = ({ talker_id, id }) => `${talker_id}:${id}`;
