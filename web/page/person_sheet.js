// The sheet of one person: how loud they are here, how long their voice takes and why, and what a host may do.

import { element, fillIn, find, setAttribute, setText } from "../ui/dom.js";
import { t } from "../ui/text.js";
import { NOTHING_HEARD } from "../shared/messages.js";
import { drawMinute } from "./delay_chart.js";
import { isPartUnknown, msOf, PARTS_SHOWN, shareOf } from "./delay_parts_shown.js";
import { cureFor } from "./delay_view.js";
import { figureOf, metresOf, speedOf } from "./delay_words.js";
import { Face } from "./face.js";
import { Sheet } from "./sheet.js";

/** @typedef {import("./roster.js").Person} Person */
/** @typedef {import("./volumes.js").Volume} Volume */
/** @typedef {"ask-mute" | "remove" | "turn"} HostAct */

const PERCENT = 100;
/** As the slider goes to 150 %. */
const SLIDER_MOST = 150;

const SPEEDS = /** @type {const} */ ({ good: "good", slow: "slow", "very-slow": "verySlow", unknown: "delayUnknown" });
const THEIR = /** @type {const} */ ({
  theirDevice: "theirDevice",
  theirNetwork: "theirNetwork",
  server: "server",
  yourNetwork: "yourNetwork",
  yourDevice: "yourDevice",
});

export class PersonSheet {
  #sheet = new Sheet(element("person", HTMLDialogElement));
  #face = new Face("person");
  #slider = element("volume", HTMLInputElement);
  #mute = element("mute-for-me", HTMLButtonElement);
  #delaySection = element("delay", HTMLElement);
  /** @type {Person | null} */
  #person = null;
  #byHost = false;
  /** @type {(name: string, volume: Volume) => void} */
  onVolume = () => {};
  /** @type {(act: HostAct, person: Person) => void} */
  onHostAct = () => {};
  /** @type {(name: string) => Volume} */
  volumeOf = () => ({ volume: 1, muted: false });

  constructor() {
    element("person-face", HTMLElement).replaceWith(this.#face.node);
    this.#face.node.id = "person-face";
    this.#face.node.setAttribute("inert", "");
    this.#slider.addEventListener("input", () => this.#tellVolume(false));
    this.#mute.addEventListener("click", () => this.#tellVolume(!this.#isMuted));
    /** @type {[string, HostAct][]} */
    const acts = [["ask-mute", "ask-mute"], ["remove", "remove"], ["give-turn", "turn"]];
    for (const [id, act] of acts) {
      element(id, HTMLButtonElement).addEventListener("click", () => {
        const person = this.#person;
        if (act !== "turn") this.#sheet.close();
        if (person) this.onHostAct(act, person);
      });
    }
  }

  get isOpen() {
    return this.#sheet.isOpen;
  }

  /** Whose sheet is open; 0 where none is. */
  get talkerId() {
    return this.#sheet.isOpen ? (this.#person?.talkerId ?? 0) : 0;
  }

  /**
   * @param {Person} person
   * @param {{byHost: boolean, hasDelay: boolean, needsTurn: boolean}} how
   */
  show(person, { byHost, hasDelay, needsTurn }) {
    this.#person = person;
    this.#byHost = byHost;
    this.#face.show(person);
    setText(element("person-title", HTMLElement), person.own ? t("you") : person.name);
    element("person-volume", HTMLElement).hidden = person.own;
    element("person-acts", HTMLElement).hidden = !byHost || person.own;
    element("give-turn", HTMLElement).hidden = !needsTurn;
    element("delay-nothing", HTMLElement).hidden = person.own || !hasDelay;
    this.#delaySection.hidden = true;
    fillIn(element("ask-mute", HTMLElement), "b", t("askToMute", { name: person.name }));
    fillIn(element("give-turn", HTMLElement), "b", t("giveTurn", { name: person.name }));
    this.#showVolume();
  }

  /** @param {Element | null} [opener] */
  open(opener) {
    this.#sheet.open(opener);
  }

  close() {
    this.#sheet.close();
  }

  /** @param {import("../shared/messages.js").LevelOf} levels */
  showLevels(levels) {
    if (this.#person && this.isOpen) this.#face.showLevel(levels[this.#person.talkerId] ?? NOTHING_HEARD);
  }

  /** @param {import("./delay_view.js").Delay} delay of the person whose sheet this is */
  showDelay(delay) {
    const { figure, history } = delay;
    const { totalMs, complete } = figure;
    if (!totalMs || !this.isOpen) return;
    this.#delaySection.hidden = false;
    element("delay-nothing", HTMLElement).hidden = true;
    const ms = totalMs.now ?? totalMs.p50;
    const speed = speedOf(ms);
    fillIn(this.#delaySection, "#delay-whole b", figureOf({ ms, complete }));
    fillIn(this.#delaySection, ".metres", t("likeAir", { metres: metresOf(ms) }));
    const pill = find(this.#delaySection, "#delay-whole .pill", HTMLElement);
    setAttribute(pill, "data-speed", speed);
    setText(pill, t(SPEEDS[speed]));
    this.#showParts(delay);
    const known = history.filter((each) => each !== null).length;
    const p95 = t("mostlyUnder", { ms: Math.round(totalMs.p95) });
    fillIn(this.#delaySection, ".under", known > 0 ? p95 : "");
    const chart = element("chart", SVGSVGElement);
    setAttribute(chart, "aria-label", p95);
    drawMinute(chart, history);
    const cure = cureFor(delay);
    element("cure", HTMLElement).hidden = cure === "";
    fillIn(element("cure", HTMLElement), "span", cure);
  }

  /** @param {import("./delay_view.js").Delay} delay */
  #showParts({ name, figure }) {
    fillIn(this.#delaySection, ".mouth", t("mouthOf", { name }));
    const bars = this.#delaySection.querySelectorAll(".strip i");
    const items = this.#delaySection.querySelectorAll(".parts li");
    PARTS_SHOWN.forEach((part, i) => {
      const bar = /** @type {HTMLElement} */ (bars[i]);
      bar.style.flexGrow = shareOf(figure, part).toFixed(3);
      bar.toggleAttribute("data-unknown", isPartUnknown(figure, part));
      fillIn(items[i], "b", partFigure(msOf(figure, part)));
      fillIn(items[i], "span", t(THEIR[part], { name }));
    });
  }

  get #isMuted() {
    return this.#mute.getAttribute("aria-pressed") === "true";
  }

  /** @param {boolean} muted */
  #tellVolume(muted) {
    if (!this.#person) return;
    this.onVolume(this.#person.name, { volume: Number(this.#slider.value) / PERCENT, muted });
    this.#showVolume();
  }

  #showVolume() {
    const { name } = /** @type {Person} */ (this.#person);
    const { volume, muted } = this.volumeOf(name);
    const percent = Math.round(volume * PERCENT);
    this.#slider.value = String(percent);
    this.#slider.setAttribute("aria-label", t("volumeOf", { name }));
    this.#slider.setAttribute("aria-valuetext", `${percent} %`);
    this.#slider.style.setProperty("--share", `${(100 * percent) / SLIDER_MOST}%`);
    this.#mute.setAttribute("aria-pressed", String(muted));
    const words = t(muted ? "unmuteForMe" : "muteForMe");
    this.#mute.setAttribute("aria-label", `${words}: ${name}`);
    fillIn(this.#mute, "span", words);
  }
}

/** @param {number | null} ms */
function partFigure(ms) {
  if (ms === null) return "?";
  return ms < 1 ? "<1" : String(Math.round(ms));
}
