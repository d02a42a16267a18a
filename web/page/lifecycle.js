// Whether somebody is at this page, and what the device takes from it meanwhile: the light of its screen, the
// network, the sound, the microphone. All of it is taken back as soon as the device lets us.

import { element } from "../ui/dom.js";
import { platformOf } from "../ui/platform.js";
import { load, save } from "../ui/storage.js";
import { t } from "../ui/text.js";
import { WakeLock } from "./wake_lock.js";

/** What becomes of a call when the phone is locked. */
const ADVICE = /** @type {const} */ ({ ios: "adviceIos", android: "adviceAndroid" });

/**
 * @typedef {object} Parts
 * @property {import("./sound/audio_graph.js").AudioGraph} sound
 * @property {import("./talk/local_audio.js").LocalAudio} voice
 * @property {Pick<import("./call.js").Call, "reconnectNow">} call
 * @property {Pick<import("./room.js").Room, "changeState">} room
 * @property {Pick<import("./words/toasts.js").Toasts, "show">} toasts
 */

export class Lifecycle {
  #parts;
  #wakeLock = new WakeLock();
  #advice = element("advice", HTMLElement);

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
    const { sound, voice, call, toasts } = parts;
    document.addEventListener("visibilitychange", () => this.#onVisible());
    document.addEventListener("click", () => sound.recover());
    element("advice-read", HTMLButtonElement).addEventListener("click", () => {
      save("advised", "yes");
      this.#advice.hidden = true;
    });
    sound.onRuns = (runs) => toasts.show({ words: t(runs ? "soundBack" : "soundPaused") });
    addEventListener("online", () => call.reconnectNow());
    navigator.mediaDevices?.addEventListener("devicechange", () => voice.onDevices());
  }

  /** @param {boolean} joined */
  set joined(joined) {
    this.#wakeLock.wanted = joined;
    const platform = platformOf(navigator.userAgent, navigator.maxTouchPoints);
    if (platform === "desktop") return;
    this.#advice.hidden = !joined || load("advised") !== "";
    element("advice-words", HTMLElement).textContent = t(ADVICE[platform]);
  }

  #onVisible() {
    const { sound, voice, call, room } = this.#parts;
    const visible = document.visibilityState === "visible";
    room.changeState({ away: !visible });
    if (!visible) return;
    call.reconnectNow();
    this.#wakeLock.renew();
    sound.recover();
    voice.recover();
  }
}
