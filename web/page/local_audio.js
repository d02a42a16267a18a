// Our own voice: the microphone, whether it can be had, and whether the others hear it: always, or while a button is pressed.

import { t } from "../ui/text.js";
import { listDevices } from "./devices.js";
import { feelMuted, feelPress } from "./haptics.js";
import { MICROPHONE_WORDS, Microphone, MicrophoneError } from "./microphone.js";
import { TalkButton } from "./talk_button.js";

/**
 * What the controls show of it.
 * @typedef {object} Controls
 * @property {boolean} hasMicrophone
 * @property {boolean} muted
 * @property {boolean} pushToTalk
 * @property {boolean} open the button lets everything through
 * @property {boolean} latched and does so until it is pressed again
 */

/**
 * What it needs of the page.
 * @typedef {object} Means
 * @property {Pick<import("./view.js").View, "state" | "showProblem" | "showStatus">} screen
 * @property {Pick<import("./audio_graph.js").AudioGraph, "listenTo">} sound
 * @property {(order: import("../worker/worker.js").Order) => void} order
 * @property {Promise<void>} loaded
 */

export class LocalAudio {
  #means;
  #microphone = new Microphone();
  #button = new TalkButton();
  #pushToTalk = false;
  #taken = false;
  /** @type {import("./microphone.js").Wanted | null} as it was opened last */
  #processing = null;
  /** Of the microphone that was chosen; empty where the system chooses. */
  deviceId = "";
  /** Whether the others hear us may be otherwise now. */
  onChange = () => {};

  /** @param {Means} means */
  constructor(means) {
    this.#means = means;
    this.#microphone.onTaken = () => this.#onTaken();
    this.#microphone.onReturned = () => this.#onReturned();
  }

  get muted() {
    return this.#microphone.muted;
  }

  get hasMicrophone() {
    return this.#microphone.works;
  }

  get silent() {
    return this.muted || !this.hasMicrophone;
  }

  /** @returns {Controls} */
  get controls() {
    const { hasMicrophone, muted } = this;
    const { open, latched } = this.#button;
    return { hasMicrophone, muted, pushToTalk: this.#pushToTalk, open, latched };
  }

  get latencyMs() {
    return this.#microphone.latencyMs;
  }

  /**
   * Opens the microphone, or says why there is none; then one can still listen.
   * @param {import("./microphone.js").Wanted} processing
   */
  async open(processing) {
    const { screen, sound, loaded } = this.#means;
    this.#processing = processing;
    try {
      await this.#microphone.open(processing, this.deviceId);
      await loaded;
    } catch (error) {
      if (!(error instanceof MicrophoneError)) throw error;
      if (screen.state === "start") return; // left in the meantime
      screen.showProblem(t(MICROPHONE_WORDS[error.problem]), { microphone: true });
      return;
    }
    if (screen.state === "start") {
      this.#microphone.close();
      return;
    }
    sound.listenTo(this.#microphone.stream, this.#microphone.channels);
    if (this.#taken) this.#onReturned();
  }

  /** Takes the microphone back where it was taken from us. */
  async recover() {
    if (this.#taken && this.#processing) await this.open(this.#processing);
  }

  /** Devices came or went: the one that was chosen may be back. */
  async onDevices() {
    const { microphones } = await listDevices();
    const isChosenThere = microphones.some(({ id }) => id === this.deviceId);
    if (this.hasMicrophone && isChosenThere && this.#microphone.deviceId !== this.deviceId) this.#taken = true;
    await this.recover();
  }

  /** @param {import("./microphone.js").Wanted} processing */
  async tryAgain(processing) {
    this.#means.screen.showProblem("");
    await this.open(processing);
    this.mute(false);
  }

  /** @param {boolean} muted */
  mute(muted) {
    if (muted && !this.muted) feelMuted();
    this.#microphone.muted = muted;
    this.#means.order({ type: "state", change: { muted: this.silent } });
    this.onChange();
  }

  /** @param {boolean} pushToTalk only what is said while the button is pressed is sent, instead of all that is said */
  set pushToTalk(pushToTalk) {
    this.#pushToTalk = pushToTalk;
    this.#button.close();
    this.#onButton();
    if (pushToTalk && this.muted) this.mute(false);
  }

  /** @param {number} atMs */
  press(atMs) {
    feelPress();
    this.#button.press(atMs);
    this.#onButton();
  }

  /** @param {number} atMs */
  release(atMs) {
    this.#button.release(atMs);
    this.#onButton();
  }

  /** Whatever there is to be pressed on the screen, by something that can't hold it. */
  toggle() {
    if (!this.#pushToTalk) return this.#toggleMuted();
    this.#button.toggle();
    return this.#onButton();
  }

  #toggleMuted() {
    this.mute(!this.muted);
    this.#means.screen.showStatus(t(this.muted ? "nowMuted" : "nowHeard"));
  }

  #onButton() {
    this.#means.order({ type: "gate", mode: this.#pushToTalk ? "button" : "free", pressed: this.#button.open });
    this.onChange();
  }

  close() {
    this.#button.close();
    this.#means.sound.listenTo(null);
    this.#microphone.close();
    this.#microphone.muted = false;
    this.#taken = false;
  }

  #onTaken() {
    const { screen, sound } = this.#means;
    this.#taken = true;
    this.mute(this.muted);
    if (this.#microphone.stream) {
      screen.showProblem(t("microphoneBusy"), { microphone: true });
      return;
    }
    sound.listenTo(null);
    this.recover(); // where it was unplugged there may be another
  }

  #onReturned() {
    const { screen } = this.#means;
    this.#taken = false;
    screen.showProblem("");
    screen.showStatus(t("microphoneBack"));
    this.mute(this.muted);
  }
}
