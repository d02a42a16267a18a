// Whether somebody is at this page, and what the device takes from it meanwhile: the light of its screen, the network, the sound,
// the microphone. All of it is taken back as soon as the device lets us.

import { platformOf } from "../ui/platform.js";
import { load, save } from "../ui/storage.js";
import { t } from "../ui/text.js";
import { WakeLock } from "./wake_lock.js";

/** What becomes of a call when the phone is locked. */
const ADVICE = /** @type {const} */ ({ ios: "adviceIos", android: "adviceAndroid" });

/**
 * What it needs of the page.
 * @typedef {object} Means
 * @property {import("./view.js").View} screen
 * @property {import("./audio_graph.js").AudioGraph} sound
 * @property {import("./local_audio.js").LocalAudio} voice
 * @property {(order: import("../worker/worker.js").Order) => void} order
 */

export class PageLifecycle {
  #means;
  #wakeLock = new WakeLock();

  /** @param {Means} means */
  constructor(means) {
    this.#means = means;
    const { screen, sound, voice, order } = means;
    screen.onVisible = () => this.#onVisible();
    screen.onTouch = () => sound.recover();
    screen.onAdviceRead = () => save("advised", "yes");
    sound.onRuns = (runs) => screen.showStatus(t(runs ? "soundBack" : "soundPaused"));
    addEventListener("online", () => order({ type: "hurry" }));
    navigator.mediaDevices?.addEventListener("devicechange", () => voice.onDevices());
  }

  /** @param {boolean} joined */
  set joined(joined) {
    this.#wakeLock.wanted = joined;
    const platform = platformOf(navigator.userAgent, navigator.maxTouchPoints);
    const isTold = platform === "desktop" || load("advised") !== "";
    this.#means.screen.showAdvice(joined && !isTold ? t(ADVICE[platform]) : "");
  }

  #onVisible() {
    const { screen, sound, voice, order } = this.#means;
    order({ type: "state", change: { away: !screen.visible } });
    if (!screen.visible) return;
    order({ type: "hurry" });
    this.#wakeLock.renew();
    sound.recover();
    voice.recover();
  }
}
