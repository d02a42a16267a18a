// The bar of a room: leave, hand, microphone, chat, sound. The microphone's disc shows its state, and stands
// in every sheet too.

import { meterOf } from "../../shared/audio_level.js";
import { create, element, find, setAttribute, setIcon, setText } from "../../ui/dom.js";
import { t } from "../../ui/text.js";

/** @typedef {"on" | "off" | "refused" | "listening"} MicState */

/** Of the button's size at the loudest: seen from the corner of an eye, and within the bar. */
const HALO_GROWTH = 0.3;
/** So many sizes, so that a steady voice does not have the page drawn anew each time. */
const HALO_STEPS = 12;

const WORDS = /** @type {const} */ ({
  on: "micOn",
  off: "micOff",
  refused: "allowMicrophone",
  listening: "justListening",
});

export class Bar {
  #mic = element("mic", HTMLButtonElement);
  #micWords = element("mic-words", HTMLElement);
  #halo = /** @type {HTMLElement} */ (this.#mic.querySelector(".halo"));
  #hand = element("hand", HTMLButtonElement);
  #sheetMics = [.../** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll(".sheet-mic"))];
  onMic = () => {};
  onHand = () => {};
  onLeave = () => {};

  constructor() {
    for (const mic of [this.#mic, ...this.#sheetMics]) mic.addEventListener("click", () => this.onMic());
    this.#hand.addEventListener("click", () => this.onHand());
    element("leave", HTMLButtonElement).addEventListener("click", () => this.onLeave());
  }

  /**
   * @param {MicState} state
   * @param {boolean} usesDisc the large disc replaces it
   */
  showMicrophone(state, usesDisc) {
    this.#mic.hidden = usesDisc || state === "listening";
    element("bar", HTMLElement).toggleAttribute("data-without-mic", this.#mic.hidden);
    setText(this.#micWords, t(WORDS[state]));
    setAttribute(this.#mic, "aria-label", `${t(WORDS[state])}, ${t("microphone")}`);
    for (const mic of [this.#mic, ...this.#sheetMics]) {
      mic.dataset.mic = state;
      setAttribute(mic, "aria-pressed", String(state === "on"));
      setIcon(mic, state === "on" ? "mic" : "mic-off");
    }
    for (const mic of this.#sheetMics) mic.hidden = usesDisc || state === "listening";
  }

  /** @param {import("../../shared/messages.js").Heard} own what the others hear of us */
  showLevel({ level, voice }) {
    if (voice) {
      const scale = `scale(${1.06 + (HALO_GROWTH * Math.round(HALO_STEPS * meterOf(level))) / HALO_STEPS})`;
      if (this.#halo.style.transform !== scale) this.#halo.style.transform = scale;
    }
    this.#mic.toggleAttribute("data-talks", voice);
  }

  /**
   * @param {boolean} raised
   * @param {boolean} asks this device only listens: the hand is how one asks, and stands in the disc's place
   */
  showHand(raised, asks) {
    element("bar", HTMLElement).toggleAttribute("data-asks", asks);
    setAttribute(this.#hand, "aria-pressed", String(raised));
    setAttribute(this.#hand, "aria-label", t(raised ? "lowerHand" : asks ? "askQuestion" : "raiseHand"));
    const asked = create("span", asks && raised ? "shown" : "", t("lowerHand"));
    const asking = create("span", asks && !raised ? "shown" : "", t("askQuestion"));
    const words = asks ? [asking, asked] : [t("hand")]; // both have their place, so that none moves
    find(this.#hand, ".label", HTMLElement).replaceChildren(...words);
  }
}
