// How loud all others are together. It is not kept: whoever turned it down and forgot would hear nobody, and
// not know why.

import { setAttribute } from "../../ui/dom.js";
import { gainOf } from "./volumes.js";

const PERCENT = 100;

export class OverallVolume {
  #sound;
  /** @type {NodeListOf<HTMLInputElement>} */
  #sliders = document.querySelectorAll("[data-volume]");

  /** @param {Pick<import("./audio_graph.js").AudioGraph, "gain">} sound */
  constructor(sound) {
    this.#sound = sound;
    for (const slider of this.#sliders)
      slider.addEventListener("input", () => this.#set(Number(slider.value) / PERCENT));
    this.#set(1);
  }

  /** @param {number} volume up to 1, for voices as they came: the limiter lies before it */
  #set(volume) {
    this.#sound.gain = gainOf(volume);
    const percent = Math.round(volume * PERCENT);
    for (const slider of this.#sliders) {
      slider.value = String(percent);
      slider.style.setProperty("--share", `${percent}%`);
      setAttribute(slider, "aria-valuetext", `${percent} %`);
    }
  }
}
