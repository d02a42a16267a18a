// The screen: shows what it is told and says what was pressed. It knows nothing of sound or sockets.

import { ECHO_ROOM, ROOM_PATTERN } from "./address.js";
import { showDelay } from "./delay_view.js";
import { element, sayFixedWords } from "./elements.js";
import { fillIn } from "./fill_in.js";
import { meterOf } from "./level.js";
import { SILENCE_LEVEL } from "./packet.js";
import { isKey, say } from "./text.js";
import { VOICE_LEVEL } from "./voice.js";

/** @typedef {"start" | "joining" | "joined" | "lost"} State */
/** @typedef {import("./roster.js").Member & {own: boolean, note: string}} Shown */
/** @typedef {{name: string, room: string}} Wish what somebody who joins has filled in */

const HUES = 360;

export class Screen {
  #title = element("title", HTMLElement);
  #intro = element("intro", HTMLElement);
  #status = element("status", HTMLElement);
  #problem = element("problem", HTMLElement);
  #problemWords = element("problem-words", HTMLElement);
  #tryMicrophone = element("try-microphone", HTMLButtonElement);
  #start = element("start", HTMLFormElement);
  #fields = element("fields", HTMLFieldSetElement);
  #name = element("name", HTMLInputElement);
  #room = element("room", HTMLInputElement);
  #roomField = element("room-field", HTMLElement);
  #alone = element("alone", HTMLButtonElement);
  #check = element("check", HTMLAnchorElement);
  #inside = element("inside", HTMLElement);
  #roster = element("roster", HTMLUListElement);
  #worst = element("worst", HTMLElement);
  #details = element("details", HTMLDetailsElement);
  #statistics = element("statistics", HTMLElement);
  #air = element("air", HTMLButtonElement);
  #airWords = element("air-words", HTMLElement);
  #controls = element("controls", HTMLElement);
  #mute = element("mute", HTMLButtonElement);
  #template = element("member", HTMLTemplateElement);

  /** @type {(wish: Wish) => void} */
  onJoin = () => {};
  onLeave = () => {};
  onMute = () => {};
  onTryMicrophone = () => {};
  onAir = () => {};

  constructor() {
    sayFixedWords();
    this.#roster.setAttribute("aria-label", say("roster"));
    this.#room.pattern = ROOM_PATTERN;
    this.#start.addEventListener("submit", (event) => {
      event.preventDefault();
      this.onJoin({ name: this.#name.value.trim(), room: this.#room.value });
    });
    this.#alone.addEventListener("click", () => this.onJoin({ name: this.#name.value.trim(), room: ECHO_ROOM }));
    element("leave", HTMLButtonElement).addEventListener("click", () => this.onLeave());
    this.#mute.addEventListener("click", () => this.onMute());
    this.#tryMicrophone.addEventListener("click", () => this.onTryMicrophone());
    this.#air.addEventListener("click", () => this.onAir());
  }

  /** @returns {State} */
  get state() {
    return /** @type {State} */ (document.body.dataset.state);
  }

  get showsDetails() {
    return this.#details.open;
  }

  /** @param {State} state */
  showState(state) {
    const wasInside = !this.#inside.hidden;
    const inside = state === "joined" || state === "lost";
    document.body.dataset.state = state;
    this.#start.hidden = inside;
    this.#fields.disabled = state === "joining";
    this.#inside.hidden = !inside;
    this.#controls.hidden = state === "start";
    if (state === "joining") this.#mute.hidden = true;
    if (inside !== wasInside) this.#title.focus(); // what had the focus is gone
  }

  /** @param {string} room empty where the link names none */
  showRoom(room) {
    const named = room !== "" && room !== ECHO_ROOM;
    this.#title.textContent = named ? room : say(room ? "echoRoom" : "welcome");
    this.#intro.textContent = named ? say("roomIntro") : say(room ? "echoIntro" : "startIntro");
    document.title = named ? say("titleInRoom", { room }) : say("title");
    this.#roomField.hidden = this.#alone.hidden = room !== "";
    this.#room.required = room === "";
    this.#room.value = room;
    this.#check.hash = location.hash;
  }

  /** @param {string} name */
  showName(name) {
    this.#name.value = name;
  }

  /** @param {string} words */
  showStatus(words) {
    if (this.#status.textContent !== words) this.#status.textContent = words;
  }

  /**
   * @param {string} words what to do about it; empty when it is over
   * @param {{microphone?: boolean}} [offer] the button to try the microphone again
   */
  showProblem(words, { microphone = false } = {}) {
    this.#problem.hidden = words === "";
    this.#problemWords.textContent = words;
    this.#tryMicrophone.hidden = !microphone;
  }

  /**
   * No sound can be had here at all.
   * @param {string} words what to do about it
   */
  showUnusable(words) {
    this.showProblem(words);
    this.#start.hidden = true;
  }

  /**
   * @param {boolean} muted
   * @param {boolean} hasMicrophone
   */
  showMuted(muted, hasMicrophone) {
    this.#mute.hidden = !hasMicrophone;
    this.#mute.setAttribute("aria-pressed", String(muted));
    this.#mute.textContent = say(muted ? "unmute" : "mute");
  }

  /** @param {Shown[]} members */
  showRoster(members) {
    const rows = members.map((member) => this.#rowOf(member));
    if (rows.some((row, i) => row !== this.#roster.children[i])) this.#roster.replaceChildren(...rows);
    while (this.#roster.children.length > rows.length) this.#roster.lastElementChild?.remove();
  }

  /** @param {import("./levels.js").LevelOf} levels who is not in it is silent */
  showLevels(levels) {
    for (const row of this.#rows()) {
      const level = levels[Number(row.dataset.talkerId)] ?? SILENCE_LEVEL;
      row.style.setProperty("--level", meterOf(level).toFixed(2));
      row.toggleAttribute("data-talking", level <= VOICE_LEVEL);
    }
  }

  /**
   * @param {import("./delay_view.js").Delay[]} delays
   * @param {string} worst what is worst now, in words; empty where all is well
   */
  showDelays(delays, worst) {
    for (const row of this.#rows()) {
      const delay = delays.find(({ talkerId }) => String(talkerId) === row.dataset.talkerId);
      if (delay) showDelay(row, delay);
    }
    if (this.#worst.textContent !== worst) this.#worst.textContent = worst;
  }

  /**
   * @param {string} words how the test in the air goes, or what came of it
   * @param {boolean} running
   */
  showAir(words, running) {
    this.#air.textContent = say(running ? "airStop" : "airStart");
    this.#airWords.textContent = words;
  }

  /** @param {[string, string][]} rows */
  showStatistics(rows) {
    const cells = rows.flatMap(([label, value]) => [cell("dt", label), cell("dd", value)]);
    this.#statistics.replaceChildren(...cells);
  }

  /** @returns {HTMLElement[]} */
  #rows() {
    return /** @type {HTMLElement[]} */ ([...this.#roster.children]);
  }

  /** @param {Shown} member */
  #rowOf({ talkerId, name, muted, own, note }) {
    const row = this.#rows().find((known) => known.dataset.talkerId === String(talkerId)) ?? this.#newRow();
    row.dataset.talkerId = String(talkerId);
    row.toggleAttribute("data-own", own);
    row.toggleAttribute("data-muted", muted);
    row.style.setProperty("--hue", String(hueOf(name)));
    fillIn(row, ".avatar", [...name][0]?.toUpperCase() ?? "");
    fillIn(row, ".name", name);
    fillIn(row, ".note", [own ? say("you") : "", note].filter(Boolean).join(" · "));
    return row;
  }

  #newRow() {
    const copy = /** @type {DocumentFragment} */ (this.#template.content.cloneNode(true));
    return /** @type {HTMLElement} */ (copy.firstElementChild);
  }
}

/**
 * The page's own words for a reason of the relay's or the link's; the relay's words where there are none.
 * @param {string} reason
 * @param {string} message
 */
export function wordsFor(reason, message) {
  return isKey(reason) ? say(/** @type {import("./text.js").Key} */ (reason), { message }) : message || reason;
}

/** @param {string} name */
function hueOf(name) {
  let hash = 0;
  for (const letter of name) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) % HUES;
  return hash;
}

/**
 * @param {"dt" | "dd"} kind
 * @param {string} words
 */
function cell(kind, words) {
  const node = document.createElement(kind);
  node.textContent = words;
  return node;
}
