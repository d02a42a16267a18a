// The sheet of one person: how loud they are here, how long their voice takes and why, and what a host may
// do.

import { NOTHING_HEARD } from "../../shared/audio_level.js";
import { create, element, fillIn, find, setAttribute, setIcon, setText } from "../../ui/dom.js";
import { t } from "../../ui/text.js";
import { drawMinute } from "../delay/delay_chart.js";
import { msOf, PARTS_SHOWN } from "../delay/delay_parts_shown.js";
import { drawStrip } from "../delay/delay_strip.js";
import { allCures, cureFor } from "../delay/delay_view.js";
import { figureOf, remarkOf, speedOf, wholeOf } from "../delay/delay_words.js";
import { Sheet } from "../sheets/sheet.js";
import { Face, statusOf } from "./face.js";

/** @typedef {import("./roster.js").Person} Person */
/** @typedef {import("../sound/volumes.js").Volume} Volume */
/** @typedef {"ask-mute" | "remove" | "turn"} HostAct */
/**
 * What the note below the delay is: advice, or that none is needed, or that nothing is known yet.
 * @typedef {"cure" | "fine" | "nothing"} Note
 */

const PERCENT = 100;
/** As the slider goes to 150 %. */
const SLIDER_MOST = 150;

const SPEEDS = /** @type {const} */ ({
  good: "good",
  slow: "slow",
  "very-slow": "verySlow",
  unknown: "delayUnknown",
});
const THEIR = /** @type {const} */ ({
  theirDevice: "theirDevice",
  theirNetwork: "theirNetwork",
  server: "server",
  yourNetwork: "yourNetwork",
  yourDevice: "yourDevice",
});
/** @type {Record<Note, string>} */
const ICONS = { cure: "bulb", fine: "check", nothing: "ear" };

export class PersonSheet {
  #sheet = new Sheet(element("person", HTMLDialogElement));
  #face = new Face("person");
  #slider = element("volume", HTMLInputElement);
  #mute = element("mute-for-me", HTMLButtonElement);
  #delaySection = element("delay", HTMLElement);
  /** @type {Person | null} */
  #person = null;
  #byHost = false;
  /** Whose delay is drawn; 0 where nobody's is. */
  #drawnOf = 0;
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
    this.#showStatus();
    setText(element("person-title", HTMLElement), person.own ? t("you") : person.name);
    element("person-volume", HTMLElement).hidden = person.own;
    element("person-acts", HTMLElement).hidden = !byHost || person.own;
    element("give-turn", HTMLElement).hidden = !needsTurn;
    this.#delaySection.hidden = person.own || !hasDelay;
    if (this.#drawnOf !== person.talkerId) this.#showNothingKnown(person);
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

  /** @param {import("../../shared/messages.js").LevelOf} levels */
  showLevels(levels) {
    if (!this.#person || !this.isOpen) return;
    this.#face.showLevel(levels[this.#person.talkerId] ?? NOTHING_HEARD);
    this.#showStatus();
  }

  #showStatus() {
    if (this.#person)
      setText(element("person-status", HTMLElement), statusOf(this.#person, this.#face.talks));
  }

  /** @param {import("../delay/delay_view.js").Delay} delay of the person whose sheet this is */
  showDelay(delay) {
    const { figure, history } = delay;
    const { totalMs } = figure;
    if (!totalMs || !this.isOpen) return;
    this.#drawnOf = delay.talkerId;
    this.#showWhole({ ...wholeOf(figure), ms: totalMs.now ?? totalMs.p50 });
    this.#showParts(delay.name, figure);
    const known = history.filter((each) => each !== null).length;
    this.#showMinute(history, known > 0 ? t("mostlyUnder", { ms: Math.round(totalMs.p95) }) : "");
    const cure = cureFor(delay);
    if (cure) this.#showNote("cure", cure);
    else this.#showNote("fine", t("delayFine"));
  }

  /**
   * All has its place before the first word is heard, so that nothing moves then.
   * @param {Person} person
   */
  #showNothingKnown({ name }) {
    this.#drawnOf = 0;
    this.#showWhole(wholeOf());
    this.#showParts(name, null);
    this.#showMinute([], "");
    this.#keepPlaceFor(allCures(name));
    this.#showNote("nothing", t("delayNothing"));
  }

  /** @param {import("../delay/delay_words.js").Whole} whole */
  #showWhole(whole) {
    const speed = speedOf(whole.ms);
    fillIn(this.#delaySection, "#delay-whole b", figureOf(whole));
    fillIn(this.#delaySection, ".metres", remarkOf(whole));
    const pill = find(this.#delaySection, "#delay-whole .pill", HTMLElement);
    if (pill.dataset.speed === speed) return;
    // One of another width is a new one, so that none moves.
    const next = create("span", "pill", t(SPEEDS[speed]));
    next.dataset.speed = speed;
    pill.replaceWith(next);
  }

  /**
   * @param {string} name
   * @param {import("../../shared/delay_parts.js").Figure | null} figure
   */
  #showParts(name, figure) {
    fillIn(this.#delaySection, ".mouth", t("mouthOf", { name }));
    drawStrip(find(this.#delaySection, ".ways", SVGGElement), figure);
    const items = this.#delaySection.querySelectorAll(".parts li");
    PARTS_SHOWN.forEach((part, i) => {
      fillIn(items[i], "b", partFigure(figure && msOf(figure, part)));
      fillIn(items[i], "span", t(THEIR[part], { name }));
    });
  }

  /**
   * @param {readonly (number | null)[]} history
   * @param {string} words
   */
  #showMinute(history, words) {
    fillIn(this.#delaySection, ".under", words);
    const chart = element("chart", SVGSVGElement);
    setAttribute(chart, "aria-label", words || t("lastMinute"));
    drawMinute(chart, history);
  }

  /**
   * @param {Note} kind
   * @param {string} words
   */
  #showNote(kind, words) {
    const note = element("cure", HTMLElement);
    setAttribute(note, "data-kind", kind);
    setIcon(note, ICONS[kind]);
    fillIn(note, ".shown", words);
  }

  /** @param {readonly string[]} notes */
  #keepPlaceFor(notes) {
    const shown = find(element("cure", HTMLElement), ".shown", HTMLElement);
    shown.parentElement?.replaceChildren(shown, ...notes.map((words) => create("span", "", words)));
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
