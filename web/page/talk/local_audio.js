// Our own voice: the microphone, whether it can be had, and whether the others hear it: always, or while a
// disc is held.

import { t } from "../../ui/text.js";
import { listDevices } from "../sound/devices.js";
import { Microphone, MicrophoneError } from "../sound/microphone.js";
import { TalkButton } from "./talk_button.js";

/** The phone vibrates: a short tick, as of a key; shorter ones do not start the motors of many phones. */
const PRESSED_MS = 15;
/** Twice, with a pause between. */
const MUTED_MS = [30, 60, 30];

/**
 * What the controls show of it.
 * @typedef {object} Controls
 * @property {boolean} hasMicrophone
 * @property {boolean} muted
 * @property {boolean} pushToTalk
 * @property {boolean} open the disc lets everything through
 * @property {boolean} latched and does so until it is pressed again
 */

/**
 * What it needs of the page.
 * @typedef {object} Parts
 * @property {Pick<import("../sound/audio_graph.js").AudioGraph, "listenTo">} sound
 * @property {(order: import("../../shared/messages.js").Order) => void} order
 * @property {Promise<void>} loaded resolves when the worklets are there
 */

export class LocalAudio {
  #parts;
  #microphone = new Microphone();
  #button = new TalkButton();
  #pushToTalk = false;
  #oneAtATime = false;
  #taken = false;
  /**
   * What is asked of the microphone; null for somebody who only listens, or has left.
   * @type {{processing: import("../sound/microphone.js").Wanted} | null}
   */
  #wish = null;
  /** @type {Promise<void> | null} */
  #opening = null;
  /** Of the microphone that was chosen; empty where the system chooses. */
  deviceId = "";
  /** Whether the others hear us may have changed. */
  onChange = () => {};
  /** @type {(words: string) => void} what is wrong with the microphone; empty where all is well again */
  onProblem = () => {};
  /** @type {(words: string) => void} */
  onNews = () => {};

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
    this.#microphone.onTaken = () => this.#onTaken();
    this.#microphone.onReturned = () => this.#onReturned();
  }

  get muted() {
    return this.#microphone.muted;
  }

  get hasMicrophone() {
    return this.#microphone.works;
  }

  /** The others do not hear us, whatever we say. */
  get silent() {
    return this.muted || !this.hasMicrophone;
  }

  /** Whether the disc has to be held: by the person's own choice, or because one talks at a time here. */
  get holdsToTalk() {
    return this.#pushToTalk || this.#oneAtATime;
  }

  /** @returns {Controls} */
  get controls() {
    const { hasMicrophone, muted } = this;
    const { open, latched } = this.#button;
    return { hasMicrophone, muted, pushToTalk: this.holdsToTalk, open, latched };
  }

  takeLatencyMs() {
    return this.#microphone.takeLatencyMs();
  }

  plainTrack() {
    return this.#microphone.plainTrack();
  }

  /** What is heard of it before it is sent, for a meter; null where there is no microphone. */
  get stream() {
    return this.#microphone.stream;
  }

  /**
   * Opens the microphone, or says why that is impossible; one can still listen then. Of wishes that come
   * meanwhile, the last one counts.
   * @param {import("../sound/microphone.js").Wanted} processing
   */
  open(processing) {
    this.#wish = { processing };
    this.#opening ??= this.#openAsWished().finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  /**
   * Where one was asked for.
   * @param {import("../sound/microphone.js").Wanted} processing
   */
  async reopen(processing) {
    if (this.#wish) await this.open(processing);
  }

  async #openAsWished() {
    let wish = null;
    let problem = "";
    while (this.#wish && wish !== this.#wish) {
      wish = this.#wish;
      problem = "";
      try {
        await this.#microphone.open(wish.processing, this.deviceId);
      } catch (error) {
        if (!(error instanceof MicrophoneError)) throw error;
        problem = t(error.problem);
      }
      await this.#parts.loaded;
    }
    if (!this.#wish) {
      this.#microphone.close();
      return;
    }
    this.onProblem(problem);
    // also where the last wish failed: an earlier one may have been fulfilled
    this.#parts.sound.listenTo(this.#microphone.stream, this.#microphone.channels);
    if (this.#taken && !problem) this.#onReturned();
  }

  /** Takes the microphone back where it was taken from us. */
  async recover() {
    if (this.#taken && this.#wish) await this.open(this.#wish.processing);
  }

  /** Devices came or went: the one that was chosen may be back. */
  async onDevices() {
    const { microphones } = await listDevices();
    const isChosenThere = microphones.some(({ id }) => id === this.deviceId);
    if (this.hasMicrophone && isChosenThere && this.#microphone.deviceId !== this.deviceId)
      this.#taken = true;
    await this.recover();
  }

  /** @param {import("../sound/microphone.js").Wanted} processing */
  async tryAgain(processing) {
    this.onProblem("");
    await this.open(processing);
    this.mute(false);
  }

  /** @param {boolean} muted */
  mute(muted) {
    if (muted && !this.muted) navigator.vibrate?.(MUTED_MS);
    this.#microphone.muted = muted;
    this.#tellWhetherHeard();
  }

  #tellWhetherHeard() {
    this.#parts.order({ type: "state", change: { muted: this.silent } });
    this.onChange();
  }

  /**
   * @param {boolean} pushToTalk only what is said while the disc is held is sent, instead of all that is said
   */
  set pushToTalk(pushToTalk) {
    this.#pushToTalk = pushToTalk;
    this.#onMode();
  }

  /** @param {boolean} oneAtATime so it is for everybody here */
  set oneAtATime(oneAtATime) {
    if (oneAtATime === this.#oneAtATime) return;
    this.#oneAtATime = oneAtATime;
    this.#onMode();
  }

  #onMode() {
    this.#button.close();
    this.#onButton();
    if (this.holdsToTalk && this.muted) this.mute(false);
  }

  /** @param {number} atMs */
  press(atMs) {
    navigator.vibrate?.(PRESSED_MS);
    this.#button.press(atMs);
    this.#onButton();
  }

  /** @param {number} atMs */
  release(atMs) {
    this.#button.release(atMs);
    this.#onButton();
  }

  /** All that can be pressed on the screen, for input that can't hold a button. */
  toggle() {
    if (!this.holdsToTalk) return this.mute(!this.muted);
    this.#button.toggle();
    return this.#onButton();
  }

  #onButton() {
    this.#parts.order({
      type: "setTransmitMode",
      mode: this.holdsToTalk ? "button" : "free",
      pressed: this.#button.open,
    });
    this.onChange();
  }

  close() {
    this.#wish = null;
    this.#button.close();
    this.#parts.sound.listenTo(null);
    this.#microphone.close();
    this.#microphone.muted = false;
    this.#taken = false;
  }

  #onTaken() {
    this.#taken = true;
    this.#tellWhetherHeard();
    if (this.#microphone.stream) {
      this.onProblem(t("microphoneBusy"));
      return;
    }
    this.#parts.sound.listenTo(null);
    // where it was unplugged there may be another
    this.recover();
  }

  #onReturned() {
    this.#taken = false;
    this.onProblem("");
    this.onNews(t("microphoneBack"));
    this.#tellWhetherHeard();
  }
}
