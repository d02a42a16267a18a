// A member's row on the screen: who it is, who talks, how long it takes, and how loud it shall be here.

import { fillIn } from "../ui/fill_in.js";
import { showMeter } from "../ui/meter.js";
import { t } from "../ui/text.js";
import { showDelay } from "./delay_view.js";

/** `volume` is null for oneself. @typedef {import("./roster.js").Member & {note: string, volume: Volume | null}} Shown */
/** @typedef {import("./volumes.js").Volume} Volume */

const HUES = 360;
const PERCENT = 100;

export class MemberRow {
  #silence;
  #slider;
  #name = "";
  #talkerId = 0;
  #ask;
  #remove;
  /** @type {(name: string, volume: Volume) => void} */
  onVolume = () => {};
  /** @type {(act: "mute" | "remove", talkerId: number) => void} */
  onHostAct = () => {};

  /** @param {HTMLTemplateElement} template */
  constructor(template) {
    const copy = /** @type {DocumentFragment} */ (template.content.cloneNode(true));
    this.node = /** @type {HTMLElement} */ (copy.firstElementChild);
    this.#silence = /** @type {HTMLButtonElement} */ (copy.querySelector(".silence"));
    this.#slider = /** @type {HTMLInputElement} */ (copy.querySelector(".volume input"));
    this.#ask = /** @type {HTMLButtonElement} */ (copy.querySelector(".ask-silence"));
    this.#remove = /** @type {HTMLButtonElement} */ (copy.querySelector(".remove"));
    this.#ask.addEventListener("click", () => this.onHostAct("mute", this.#talkerId));
    this.#remove.addEventListener("click", () => this.onHostAct("remove", this.#talkerId));
    this.#silence.addEventListener("click", () => this.#tell(!this.#muted));
    this.#slider.addEventListener("input", () => this.#tell(false));
  }

  get #muted() {
    return this.#silence.getAttribute("aria-pressed") === "true";
  }

  /** @param {boolean} muted */
  #tell(muted) {
    this.onVolume(this.#name, { volume: Number(this.#slider.value) / PERCENT, muted });
  }

  /** @param {Shown} member */
  show({ talkerId, name, muted, away, hand, note, volume }) {
    this.#name = name;
    this.#talkerId = talkerId;
    this.node.toggleAttribute("data-own", volume === null);
    this.node.toggleAttribute("data-muted", muted);
    this.node.toggleAttribute("data-away", away);
    this.node.toggleAttribute("data-hand", hand);
    this.node.style.setProperty("--hue", String(hueOf(name)));
    fillIn(this.node, ".avatar", [...name][0]?.toUpperCase() ?? "");
    fillIn(this.node, ".name", name);
    fillIn(this.node, ".note", [volume ? "" : t("you"), note].filter(Boolean).join(" · "));
    if (volume) this.#showVolume(volume);
    this.#ask.textContent = t("askSilence");
    this.#ask.setAttribute("aria-label", t("askSilenceOf", { name }));
    this.#remove.textContent = t("remove");
    this.#remove.setAttribute("aria-label", t("removeWhom", { name }));
  }

  /** @param {Volume} volume */
  #showVolume({ volume, muted }) {
    const name = this.#name;
    this.node.toggleAttribute("data-silenced", muted);
    this.#silence.setAttribute("aria-pressed", String(muted));
    this.#silence.setAttribute("aria-label", t("silence", { name }));
    this.#slider.setAttribute("aria-label", t("volume", { name }));
    this.#slider.value = String(Math.round(volume * PERCENT));
  }

  /** @param {import("../worker/talker_levels.js").Heard} heard */
  showLevel({ level, voice }) {
    showMeter(this.node, level);
    this.node.toggleAttribute("data-talking", voice);
    fillIn(this.node, ".spoken", voice ? t("talking") : "");
  }

  /** @param {import("./delay_view.js").Delay} delay */
  showDelay(delay) {
    showDelay(this.node, delay);
  }
}

/** @param {string} name */
function hueOf(name) {
  let hash = 0;
  for (const letter of name) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) % HUES;
  return hash;
}
