// Our own voice: the microphone, whether it can be had, and whether the others hear it.

import { Microphone, MicrophoneError } from "./microphone.js";
import { say } from "./text.js";

/** What to say and do about a microphone that can't be had. */
const MICROPHONE_WORDS = /** @type {const} */ ({
  insecure: "insecure",
  refused: "microphoneRefused",
  missing: "microphoneMissing",
  busy: "microphoneBusy",
});

/**
 * What it needs of the page.
 * @typedef {object} Means
 * @property {Pick<import("./ui.js").Screen, "state" | "showProblem">} screen
 * @property {Pick<import("./sound.js").Sound, "listenTo">} sound
 * @property {(order: import("./worker.js").Order) => void} order
 * @property {Promise<void>} loaded
 */

export class OwnVoice {
  #means;
  #microphone = new Microphone();
  /** Whether the others hear us may be otherwise now. */
  onChange = () => {};

  /** @param {Means} means */
  constructor(means) {
    this.#means = means;
    this.#microphone.onTaken = () => this.#onTaken();
  }

  get muted() {
    return this.#microphone.muted;
  }

  get hasMicrophone() {
    return this.#microphone.stream !== null;
  }

  get silent() {
    return this.muted || !this.hasMicrophone;
  }

  get latencyMs() {
    return this.#microphone.latencyMs;
  }

  /**
   * Opens the microphone, or says why there is none; then one can still listen.
   * @param {import("./address.js").Processing} processing
   */
  async open(processing) {
    const { screen, sound, loaded } = this.#means;
    try {
      await this.#microphone.open(processing);
      await loaded;
    } catch (error) {
      if (!(error instanceof MicrophoneError)) throw error;
      if (screen.state === "start") return; // left in the meantime
      screen.showProblem(say(MICROPHONE_WORDS[error.problem]), { microphone: true });
      return;
    }
    if (screen.state === "start") this.#microphone.close();
    else sound.listenTo(this.#microphone.stream);
  }

  /** @param {import("./address.js").Processing} processing */
  async tryAgain(processing) {
    this.#means.screen.showProblem("");
    await this.open(processing);
    this.mute(false);
  }

  /** @param {boolean} muted */
  mute(muted) {
    this.#microphone.muted = muted;
    this.#means.order({ type: "mute", muted: this.silent });
    this.onChange();
  }

  close() {
    this.#means.sound.listenTo(null);
    this.#microphone.close();
    this.#microphone.muted = false;
  }

  #onTaken() {
    this.#means.sound.listenTo(null);
    this.#means.screen.showProblem(say("microphoneBusy"), { microphone: true });
    this.mute(this.muted);
  }
}
