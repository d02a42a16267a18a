// Plays again what was said: the last half minute, or in a room of push to talk what was missed. A strip
// shows who spoke and who speaks in it now. It is for this listener alone; the live voices go on. It opens
// when something is pressed, since it moves the people: what was missed is a fact in the header.

import { create, element, setText } from "../../ui/dom.js";
import { t } from "../../ui/text.js";
import { plainFace } from "../people/face.js";
import { Sheet } from "../sheets/sheet.js";
import { Fact } from "./facts.js";

/** @typedef {import("../../shared/messages.js").Order} Order */
/** @typedef {import("../../shared/messages.js").Replaying} Replaying */
/**
 * @typedef {Extract<import("../../shared/messages.js").Report, {type: "replay" | "nothingToReplay"
 *   | "missed"}>} OfReplay
 */

/** Faster than twice nobody follows two voices. */
const SPEEDS = [1, 1.5, 2];
const SECOND_MS = 1_000;
/** Time enough to read who spoke, and to decide. */
const ASKS_MS = 10_000;
const MINUTE_S = 60;

export class ReplayView {
  #order;
  #toasts;
  #strip = element("replay", HTMLElement);
  #missed = new Fact("missed", "replay");
  #words = element("replay-words", HTMLElement);
  #talkers = element("replay-talkers", HTMLElement);
  #speedButton = element("replay-speed", HTMLButtonElement);
  #playButton = element("replay-play", HTMLButtonElement);
  #speed = SPEEDS[0];
  #isPlaying = false;
  #shown = "";

  /**
   * @param {object} parts
   * @param {(order: Order) => void} parts.order
   * @param {Pick<import("./toasts.js").Toasts, "show" | "say">} parts.toasts
   */
  constructor({ order, toasts }) {
    this.#order = order;
    this.#toasts = toasts;
    element("replay-last", HTMLButtonElement).addEventListener("click", () => this.playLast());
    this.#speedButton.addEventListener("click", () => this.#changeSpeed());
    this.#playButton.addEventListener("click", () => this.#playMissed());
    element("replay-stop", HTMLButtonElement).addEventListener("click", () => this.#stop());
    this.#showSpeed();
  }

  /** From a button or a key: once more from its beginning where it plays already. */
  playLast() {
    Sheet.closeAll();
    this.#order({ type: "startReplay", what: "last" });
  }

  #playMissed() {
    this.#order({ type: "startReplay", what: "missed" });
  }

  /** @param {OfReplay} report */
  onReport(report) {
    switch (report.type) {
      case "replay":
        return this.#show(report.replay);
      case "nothingToReplay":
        return this.#toasts.show({ words: t("nothingToReplay") });
      case "missed":
        return this.#onMissed(report.names, report.lastsMs);
    }
    return undefined;
  }

  /**
   * @param {string[]} names nobody where there is nothing
   * @param {number} lastsMs
   */
  #onMissed(names, lastsMs) {
    if (this.#isPlaying) return;
    const isNew = !this.#missed.isOn;
    this.#missed.isOn = names.length > 0;
    if (names.length === 0) return;
    this.#showTalkers(names, []);
    const words = t("replayMissed", { time: clockOf(lastsMs) });
    setText(this.#words, words);
    this.#playButton.hidden = false;
    if (isNew) this.#offer(words, names);
  }

  /**
   * @param {string} title
   * @param {string[]} names
   */
  #offer(title, names) {
    const action = { words: t("replayPlay"), act: () => this.#playMissed() };
    this.#toasts.show({ title, words: names.join(", "), action, lastsMs: ASKS_MS });
  }

  /** @param {Replaying | null} replay */
  #show(replay) {
    const begins = replay !== null && !this.#isPlaying;
    this.#isPlaying = replay !== null;
    this.#missed.isOn = false;
    this.#strip.hidden = replay === null;
    this.#playButton.hidden = true;
    if (!replay) return;
    setText(this.#words, t("replayLeft", { time: clockOf(replay.leftMs) }));
    this.#showTalkers(replay.talkers, replay.talking);
    if (begins) this.#toasts.say(t("replayOf", { names: replay.talkers.join(", ") }));
  }

  /**
   * @param {string[]} talkers
   * @param {string[]} talking
   */
  #showTalkers(talkers, talking) {
    const shown = JSON.stringify(talkers);
    if (shown !== this.#shown) {
      this.#talkers.replaceChildren(
        ...talkers.map((name) => create("li", "", plainFace(name), create("span", "", name))),
      );
    }
    this.#shown = shown;
    talkers.forEach((name, index) =>
      this.#talkers.children[index].toggleAttribute("data-talks", talking.includes(name)),
    );
  }

  #changeSpeed() {
    this.#speed = SPEEDS[(SPEEDS.indexOf(this.#speed) + 1) % SPEEDS.length];
    this.#order({ type: "setReplaySpeed", speed: this.#speed });
    this.#showSpeed();
  }

  #showSpeed() {
    setText(this.#speedButton, `${this.#speed} ×`);
    this.#speedButton.setAttribute("aria-label", t("replaySpeed", { speed: this.#speed }));
  }

  #stop() {
    this.#order({ type: "stopReplay" });
    this.#missed.isOn = false;
    this.#strip.hidden = true;
  }
}

/** @param {number} ms */
function clockOf(ms) {
  const seconds = Math.ceil(ms / SECOND_MS);
  return `${Math.floor(seconds / MINUTE_S)}:${String(seconds % MINUTE_S).padStart(2, "0")}`;
}
