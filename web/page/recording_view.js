// Whether the room is recorded, for everybody to see, and the way out: who presses it is in no recording.
//
// The wish is told again after each welcome: a relay that was restarted does not know it.

import { element, setText } from "../ui/dom.js";
import { t } from "../ui/text.js";

/** @typedef {Extract<import("../shared/control.js").FromRelay, {type: "recording"}>} Recording */

/**
 * @typedef {object} Parts
 * @property {(message: import("../shared/control.js").FromClient) => void} send
 * @property {() => number} ownId our talker_id
 * @property {(words: string) => void} announce to everybody at this page, also who does not look
 * @property {() => void} ring
 */

export class RecordingView {
  #parts;
  #note = element("recording", HTMLElement);
  #words = element("recording-words", HTMLElement);
  #button = element("leave-me-out", HTMLButtonElement);
  #isOn = false;
  #leftOut = false;
  /** The door's wish is in the address of the socket, and has to be taken back where it is withdrawn in the room. */
  #wasAsked = false;

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
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
    this.#parts.send({ type: "leave-me-out", on: leftOut });
  }

  /** Nothing is known of this room yet. */
  onWelcome() {
    this.#isOn = false;
    this.#note.hidden = true;
    if (this.#wasAsked) this.#parts.send({ type: "leave-me-out", on: this.#leftOut });
  }

  /** @param {Recording} recording */
  take({ on, by, left_out }) {
    const isLeftOut = left_out.includes(this.#parts.ownId());
    const words = t(isLeftOut ? "recordedWithoutYou" : "recordedBy", { name: by });
    if (on !== this.#isOn) this.#parts.announce(on ? words : t("recordingEnded"));
    if (on && !this.#isOn) this.#parts.ring();
    this.#isOn = on;
    this.#note.hidden = !on;
    setText(this.#words, words);
    setText(this.#button, t(isLeftOut ? "recordMe" : "leaveMeOut"));
  }

  clear() {
    this.#isOn = false;
    this.#note.hidden = true;
  }
}
