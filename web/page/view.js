// The screen: shows what it is told and says what was pressed. It knows nothing of sound or sockets.

import { ECHO_ROOM, ROOM_PATTERN } from "../shared/room_link.js";
import { element, sayFixedWords } from "../ui/dom.js";
import { t } from "../ui/text.js";
import { NOTHING_HEARD } from "../worker/talker_levels.js";
import { MemberRow } from "./member_row.js";
import { listenToButton } from "./talk_keys.js";

/** @typedef {"start" | "joining" | "joined" | "lost"} State */
/** @typedef {{name: string, room: string}} Wish what somebody who joins has filled in */

export class View {
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
  #talk = element("talk", HTMLButtonElement);
  #talkers = element("talkers", HTMLElement);
  #talkHint = element("talk-hint", HTMLElement);
  #advice = element("advice", HTMLElement);
  #adviceWords = element("advice-words", HTMLElement);
  #template = element("member", HTMLTemplateElement);
  /** @type {Map<number, MemberRow>} by talker */
  #rows = new Map();

  /** @type {(wish: Wish) => void} */
  onJoin = () => {};
  onLeave = () => {};
  /** @type {(atMs: number) => void} */
  onPress = () => {};
  /** @type {(atMs: number) => void} */
  onRelease = () => {};
  onToggle = () => {};
  onTryMicrophone = () => {};
  onAir = () => {};
  onAdviceRead = () => {};
  /** The page is seen, or no longer. */
  onVisible = () => {};
  onTouch = () => {};
  /** @type {(name: string, volume: import("./volumes.js").Volume) => void} */
  onVolume = () => {};
  /** @type {(act: "mute" | "remove", talkerId: number) => void} */
  onHostAct = () => {};

  constructor() {
    sayFixedWords();
    this.#roster.setAttribute("aria-label", t("roster"));
    this.#room.pattern = ROOM_PATTERN;
    this.#start.addEventListener("submit", (event) => {
      event.preventDefault();
      this.onJoin({ name: this.#name.value.trim(), room: this.#room.value });
    });
    this.#alone.addEventListener("click", () => this.onJoin({ name: this.#name.value.trim(), room: ECHO_ROOM }));
    element("leave", HTMLButtonElement).addEventListener("click", () => this.onLeave());
    this.#mute.addEventListener("click", () => this.onToggle());
    listenToButton(this.#talk, {
      press: (atMs) => this.onPress(atMs),
      release: (atMs) => this.onRelease(atMs),
      toggle: () => this.onToggle(),
    });
    this.#tryMicrophone.addEventListener("click", () => this.onTryMicrophone());
    this.#air.addEventListener("click", () => this.onAir());
    element("advice-read", HTMLButtonElement).addEventListener("click", () => {
      this.showAdvice("");
      this.onAdviceRead();
    });
    document.addEventListener("visibilitychange", () => this.onVisible());
    document.addEventListener("click", () => this.onTouch());
  }

  /** @returns {State} */
  get state() {
    return /** @type {State} */ (document.body.dataset.state);
  }

  /** Whether somebody may look at it: it is neither behind another page nor on a locked phone. */
  get visible() {
    return document.visibilityState === "visible";
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
    if (state === "joining") this.#mute.hidden = this.#talk.hidden = this.#talkHint.hidden = true;
    if (inside !== wasInside || state === "joining") this.#title.focus(); // what had the focus is gone
  }

  /** @param {string} room empty where the link names none */
  showRoom(room) {
    const named = room !== "" && room !== ECHO_ROOM;
    this.#title.textContent = named ? room : t(room ? "echoRoom" : "welcome");
    this.#intro.textContent = named ? t("roomIntro") : t(room ? "echoIntro" : "startIntro");
    document.title = named ? t("titleInRoom", { room }) : t("title");
    this.#roomField.hidden = this.#alone.hidden = room !== "";
    this.#room.required = room === "";
    this.#room.value = room;
    this.#check.hash = location.hash;
  }

  /** @param {string} name */
  showName(name) {
    this.#name.value = name;
  }

  pressJoin() {
    this.#start.requestSubmit();
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

  /** @param {string} words what is to be known once; empty where it is known */
  showAdvice(words) {
    this.#advice.hidden = words === "";
    this.#adviceWords.textContent = words;
  }

  /**
   * No sound can be had here at all.
   * @param {string} words what to do about it
   */
  showUnusable(words) {
    this.showRoom("");
    this.showProblem(words);
    this.#start.hidden = true;
  }

  /** @param {import("./local_audio.js").Controls} controls */
  showControls({ hasMicrophone, pushToTalk, muted, open, latched }) {
    this.#mute.hidden = !hasMicrophone || pushToTalk;
    this.#mute.toggleAttribute("data-muted", muted);
    this.#mute.textContent = t(muted ? "unmute" : "mute");
    this.#talk.hidden = this.#talkHint.hidden = !hasMicrophone || !pushToTalk;
    this.#talk.setAttribute("aria-pressed", String(open));
    this.#talk.textContent = t(latched ? "tapToStop" : open ? "letGoToStop" : "holdToTalk");
  }

  /**
   * @param {import("./member_row.js").Shown[]} members
   * @param {boolean} host whether we are
   */
  showRoster(members, host) {
    this.#roster.toggleAttribute("data-hosted", host);
    this.#rows = new Map(members.map((member) => [member.talkerId, this.#rowOf(member)]));
    const rows = [...this.#rows.values()].map(({ node }) => node);
    if (rows.some((row, i) => row !== this.#roster.children[i])) this.#roster.replaceChildren(...rows);
    while (this.#roster.children.length > rows.length) this.#roster.lastElementChild?.remove();
  }

  /**
   * @param {import("../worker/talker_levels.js").LevelOf} levels who is not in it is silent
   * @param {string[]} names of who talks
   */
  showLevels(levels, names) {
    for (const [talkerId, row] of this.#rows) row.showLevel(levels[talkerId] ?? NOTHING_HEARD);
    const words = names.length === 0 ? "" : t("talkers", { names: names.join(", ") });
    if (this.#talkers.textContent !== words) this.#talkers.textContent = words;
  }

  /**
   * @param {import("./delay_view.js").Delay[]} delays
   * @param {string} worst what is worst now, in words; empty where all is well
   */
  showDelays(delays, worst) {
    for (const delay of delays) this.#rows.get(delay.talkerId)?.showDelay(delay);
    if (this.#worst.textContent !== worst) this.#worst.textContent = worst;
  }

  /**
   * @param {string} words how the test in the air goes, or what came of it
   * @param {boolean} running
   */
  showAir(words, running) {
    this.#air.textContent = t(running ? "airStop" : "airStart");
    this.#airWords.textContent = words;
  }

  /** @param {[string, string][]} rows */
  showStatistics(rows) {
    this.#statistics.replaceChildren(...rows.map(group));
  }

  /** @param {import("./member_row.js").Shown} member */
  #rowOf(member) {
    const row = this.#rows.get(member.talkerId) ?? new MemberRow(this.#template);
    row.onVolume = (name, volume) => this.onVolume(name, volume);
    row.onHostAct = (act, talkerId) => this.onHostAct(act, talkerId);
    row.show(member);
    return row;
  }
}

/** @param {[string, string]} row */
function group([label, value]) {
  const node = document.createElement("div");
  node.append(cell("dt", label), cell("dd", value));
  return node;
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
