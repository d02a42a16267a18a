// One person's face: a letter, a ring and a halo while they talk, one badge, a crown for a host, and one line
// of status. The same face is drawn as a tile, on the stage, in the crowd, in the row above the talk disc,
// and alone.

import { meterOf } from "../../shared/audio_level.js";
import { element, fillIn, find, setAttribute, setIcon } from "../../ui/dom.js";
import { t } from "../../ui/text.js";
import { pillOf, spokenDelay, wholeOf } from "../delay/delay_words.js";

/** @typedef {import("./roster.js").Person} Person */
/** @typedef {import("../delay/delay_words.js").Whole} Whole */
/** @typedef {"hand" | "slow" | "muted" | "listening" | "away"} Badge */

const TINTS = 7;
/** How much larger the halo of the loudest voice is than the face. */
const HALO_GROWTH = 0.34;
/** Steps of the halo: fewer writes than there are levels. */
const HALO_STEPS = 12;

/** @type {Record<Badge, string>} */
const ICONS = { hand: "hand", slow: "wifi", muted: "mic-off", listening: "headphones", away: "moon" };

export class Face {
  node;
  #halo;
  /** @type {Person | null} */
  #person = null;
  #delay = wholeOf();
  #talks = false;
  #kindOfLine = "";
  /** @type {(talkerId: number) => void} */
  onPress = () => {};

  /** @param {string} className of the button */
  constructor(className) {
    const { content } = element("face", HTMLTemplateElement);
    this.node = document.createElement("button");
    this.node.type = "button";
    this.node.className = className;
    this.node.append(content.cloneNode(true));
    this.#halo = /** @type {HTMLElement} */ (this.node.querySelector(".halo"));
    this.node.addEventListener("click", () => this.#person && this.onPress(this.#person.talkerId));
  }

  get person() {
    return this.#person;
  }

  get talks() {
    return this.#talks;
  }

  /** @param {Person} person */
  show(person) {
    this.#person = person;
    this.node.toggleAttribute("data-away", person.away);
    this.node.toggleAttribute("data-own", person.own);
    this.node.dataset.talker = String(person.talkerId);
    setAttribute(this.node, "data-tint", String(tintOf(person.name)));
    /** @type {HTMLElement} */ (this.node.querySelector(".letter")).dataset.letter = letterOf(person.name);
    fillIn(this.node, ".name", shownName(person));
    /** @type {HTMLElement} */ (this.node.querySelector(".crown")).hidden = !person.host;
    this.#render();
  }

  /** @param {import("../../shared/messages.js").Heard} heard */
  showLevel({ level, voice }) {
    const grown = voice ? Math.round(HALO_STEPS * meterOf(level)) / HALO_STEPS : 0;
    const scale = `scale(${1.08 + HALO_GROWTH * grown})`;
    if (voice && this.#halo.style.transform !== scale) this.#halo.style.transform = scale;
    if (voice === this.#talks) return;
    this.#talks = voice;
    this.node.toggleAttribute("data-talks", voice);
    this.#render();
  }

  /** @param {Whole} delay */
  showDelay(delay) {
    this.#delay = delay;
    if (this.#person) this.#render();
  }

  #render() {
    const person = /** @type {Person} */ (this.#person);
    const { words, speed } = pillOf(this.#delay);
    const shown = this.#talks && !person.own ? words : "";
    const status = statusOf(person, this.#talks);
    this.#renewLine(`${this.#talks} ${shown.replace(/\d+/g, "") || status}`);
    const pill = find(this.node, ".pill", HTMLElement);
    pill.hidden = shown === "";
    fillPill(pill, this.#delay);
    fillIn(this.node, ".doing", shown ? "" : status);
    this.#showBadge(badgeOf(person, this.#talks && speed !== "good" && speed !== "unknown"));
    setAttribute(
      this.node,
      "aria-label",
      labelOf(person, shown || status, shown ? [status, spokenDelay(this.#delay)] : []),
    );
  }

  /**
   * A line of another kind takes the place of the one before, so that nothing in it moves. Within one kind
   * only figures change.
   * @param {string} kind
   */
  #renewLine(kind) {
    if (kind === this.#kindOfLine) return;
    this.#kindOfLine = kind;
    const line = find(this.node, ".status", HTMLElement);
    line.replaceWith(line.cloneNode(true));
  }

  /** @param {Badge | null} badge */
  #showBadge(badge) {
    const node = /** @type {HTMLElement} */ (this.node.querySelector(".badge"));
    node.hidden = badge === null;
    if (!badge) return;
    setAttribute(node, "data-badge", badge);
    setIcon(node, ICONS[badge]);
  }
}

/**
 * One badge only, the most important one.
 * @param {Person} person
 * @param {boolean} slow
 * @returns {Badge | null}
 */
function badgeOf({ hand, muted, listening, away }, slow) {
  if (hand) return "hand";
  if (slow) return "slow";
  if (listening) return "listening";
  if (muted) return "muted";
  return away ? "away" : null;
}

/**
 * What somebody does, in a few small letters.
 * @param {Person} person
 * @param {boolean} talks
 */
export function statusOf({ own, hand, muted, listening, away, mayTalk }, talks) {
  if (hand) return t("wantsToTalk");
  if (talks) return t("talking");
  const voice = listening
    ? t("justListening")
    : muted
      ? t("muted")
      : own && mayTalk
        ? t("micOn").toLowerCase()
        : "";
  return [voice, away ? t("away") : ""].filter(Boolean).join(" · ");
}

/** @param {Person} person */
function shownName({ own, name }) {
  return own ? t("you") : name;
}

/**
 * It begins with what is seen, so that people who speak to their device can say it (WCAG 2.5.3).
 * @param {Person} person
 * @param {string} line what is seen below the name
 * @param {string[]} more
 */
function labelOf(person, line, more) {
  const parts = [
    shownName(person),
    line,
    ...more,
    person.own ? person.name : "",
    person.host ? t("host") : "",
  ];
  return parts.filter(Boolean).join(", ");
}

/**
 * "slow · 212 ms" in parts: the figure has a place of its own, and may have a line of its own.
 * @param {Element} pill
 * @param {Whole} whole
 */
export function fillPill(pill, whole) {
  const { label, figure, speed } = pillOf(whole);
  setAttribute(pill, "data-speed", speed);
  fillIn(pill, ".speed", label);
  fillIn(pill, ".dot", label && "\u00a0· ");
  fillIn(pill, ".figure", figure);
}

/** @param {string} name */
export function letterOf(name) {
  return [...name][0]?.toUpperCase() ?? "";
}

/**
 * The same tint for the same name on every device.
 * @param {string} name
 */
export function tintOf(name) {
  let hash = 2_166_136_261; // FNV-1a, so that alike names differ
  for (const letter of name) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 16_777_619) >>> 0;
  return ((hash ^ (hash >>> 15)) >>> 0) % TINTS;
}

/**
 * A face for somebody who is not drawn as a person of the room: in chat, in a toast, before joining.
 * @param {string} name
 */
export function plainFace(name) {
  const node = document.createElement("span");
  node.className = "face";
  node.dataset.tint = String(tintOf(name));
  node.textContent = letterOf(name);
  node.setAttribute("aria-hidden", "true");
  return node;
}
