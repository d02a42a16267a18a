// Push to talk: one large disc that shows who has the floor.
//
//   idle "Hold to talk" · heard: red, with the seconds · busy: somebody else talks · queued: you are next

import { element, find, setAttribute, setIcon, setText } from "../../ui/dom.js";
import { t } from "../../ui/text.js";
import { fillPill } from "../people/face.js";
import { listenToButton } from "./talk_keys.js";

/**
 * @typedef {object} Floor
 * @property {boolean} open the disc is held, or latched by a tap
 * @property {boolean} latched
 * @property {boolean} oneAtATime
 * @property {"free" | "ours" | "theirs"} holder who may talk, where one talks at a time
 * @property {string} talker who talks now; empty where nobody does
 * @property {import("../delay/delay_words.js").Whole | null} delay of the talker
 */

const SECOND_MS = 1_000;
/** As the relay has it: nobody keeps the floor for longer. */
const FLOOR_S = 60;

/** @typedef {"idle" | "heard" | "busy" | "queued"} State */
const ICONS = { idle: "mic", heard: "mic", busy: "clock", queued: "clock" };

export class TalkDisc {
  #section = element("walkie", HTMLElement);
  #disc = element("disc", HTMLButtonElement);
  #words = element("disc-words", HTMLElement);
  #title = element("floor-title", HTMLElement);
  #under = element("floor-hint", HTMLElement);
  #pill = element("floor-delay", HTMLElement);
  /** @type {Floor} */
  #floor = { open: false, latched: false, oneAtATime: false, holder: "free", talker: "", delay: null };
  #heardSince = 0;
  #timer = 0;

  /** @param {import("./talk_keys.js").Pressed} pressed */
  constructor(pressed) {
    listenToButton(this.#disc, pressed);
  }

  /** @param {Floor} floor */
  show(floor) {
    const was = stateOf(this.#floor);
    this.#floor = floor;
    const state = stateOf(floor);
    if (state === "heard" && was !== "heard") this.#startClock();
    if (state !== "heard") clearInterval(this.#timer);
    this.#section.dataset.disc = state;
    document.body.dataset.disc = state;
    setAttribute(this.#disc, "aria-pressed", String(floor.open));
    setIcon(this.#disc, ICONS[state]);
    this.#renderWords(state);
  }

  #startClock() {
    this.#heardSince = performance.now();
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#renderWords("heard"), SECOND_MS);
  }

  /** @param {State} state */
  #renderWords(state) {
    const { latched, oneAtATime, talker, delay } = this.#floor;
    const elapsedS = Math.floor((performance.now() - this.#heardSince) / SECOND_MS);
    const shownS = oneAtATime ? Math.max(0, FLOOR_S - elapsedS) : elapsedS;
    const clock = `${Math.floor(shownS / 60)}:${String(shownS % 60).padStart(2, "0")}`;
    const words = {
      idle: t("holdToTalk"),
      heard: oneAtATime ? t("secondsLeft", { time: clock }) : clock,
      busy: t("waitForTurn"),
      queued: t("youAreNext"),
    };
    setText(this.#words, words[state]);
    if (state === "heard") {
      setText(this.#title, t("theyHearYou"));
      setText(this.#under, t(latched ? "tapToStop" : "letGoToStop"));
    } else {
      setText(this.#title, talker ? t("isTalking", { name: talker }) : t("itIsQuiet"));
      setText(this.#under, talker ? "" : t("anybodyCanStart"));
    }
    this.#pill.hidden = state === "heard" || !talker || delay === null;
    if (delay) fillPill(find(this.#pill, ".pill", HTMLElement), delay);
    const hint = state === "busy" ? "talkHintBusy" : "talkHint";
    setText(element("disc-hint", HTMLElement), t(hint));
  }
}

/** @param {Floor} floor @returns {State} */
function stateOf({ open, oneAtATime, holder }) {
  if (oneAtATime && holder === "theirs") return open ? "queued" : "busy";
  if (!open) return "idle";
  return !oneAtATime || holder === "ours" ? "heard" : "queued";
}
