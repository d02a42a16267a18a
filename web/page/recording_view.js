// Whether the room is recorded, for everybody to see, and the way out: who presses it is in no recording.
//
// The wish is told again after each welcome: a relay that was restarted does not know it.

import { element, setText } from "../ui/dom.js";
import { t } from "../ui/text.js";
import { Fact } from "./words/facts.js";

/** @typedef {Extract<import("../shared/control.js").FromRelay, {type: "recording"}>} Recording */

/**
 * @typedef {Pick<import("./room.js").Parts, "roster" | "chat" | "toasts" | "attention" | "cues"
 *   | "host">} Parts
 */

/** Time enough to read it and to decide; the way out stays beside the number of people. */
const ASKS_MS = 15_000;

export class RecordingView {
  #parts;
  #send;
  #fact = new Fact("recorded", "recording");
  #words = element("recording-words", HTMLElement);
  #button = element("leave-me-out", HTMLButtonElement);
  #isOn = false;
  #leftOut = false;
  /**
   * The door's wish is in the address of the socket, and has to be taken back where it is withdrawn in the
   * room.
   */
  #wasAsked = false;

  /**
   * @param {Parts} parts
   * @param {(message: import("../shared/control.js").FromClient) => void} send
   */
  constructor(parts, send) {
    this.#parts = parts;
    this.#send = send;
    this.#button.addEventListener("click", () => this.leaveOut(!this.#leftOut));
  }

  /** @param {boolean} leftOut as whoever joins wishes at the door */
  begin(leftOut) {
    this.#leftOut = this.#wasAsked = leftOut;
    this.clear();
  }

  /** @param {boolean} leftOut */
  leaveOut(leftOut) {
    this.#leftOut = leftOut;
    this.#wasAsked ||= leftOut;
    this.#send({ type: "leave-me-out", on: leftOut });
  }

  /** Nothing is known of this room yet. */
  onWelcome() {
    this.clear();
    if (this.#wasAsked) this.#send({ type: "leave-me-out", on: this.#leftOut });
  }

  /** @param {Recording} recording */
  take({ on, by, left_out }) {
    const isLeftOut = left_out.includes(this.#parts.roster.talkerId);
    const words = t(isLeftOut ? "recordedWithoutYou" : "recordedBy", { name: by });
    if (on !== this.#isOn) this.#announce(on ? words : t("recordingEnded"), on && !isLeftOut);
    if (on && !this.#isOn) this.#parts.cues.play("recording");
    this.#isOn = on;
    this.#parts.host.recording = on;
    this.#fact.isOn = on;
    setText(this.#words, words);
    setText(this.#button, t(isLeftOut ? "recordMe" : "leaveMeOut"));
  }

  /** The switch shows what is, not what was asked for in vain. */
  showToHost() {
    this.#parts.host.recording = this.#isOn;
  }

  clear() {
    this.#isOn = this.#parts.host.recording = false;
    this.#fact.isOn = false;
  }

  /**
   * @param {string} words for everybody at this page, also who does not look
   * @param {boolean} offers the way out
   */
  #announce(words, offers) {
    const { chat, toasts, attention, roster } = this.#parts;
    chat.addEvent(words);
    const action = { words: t("leaveMeOut"), act: () => this.leaveOut(true) };
    toasts.show(offers ? { words, action, lastsMs: ASKS_MS } : { words });
    toasts.alert(words);
    attention.notify(roster.room, words);
  }
}
