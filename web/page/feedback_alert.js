// Shows what the feedback guard found, and two buttons that help.

import { t } from "../ui/text.js";

export class FeedbackAlert {
  #voice;
  #sound;
  #alert;
  #words;
  #loudspeaker;
  #microphone;
  #silenced = false;
  #found = "";

  /**
   * @param {HTMLElement} alert with a paragraph and two buttons
   * @param {import("./local_audio.js").LocalAudio} voice
   * @param {import("./audio_graph.js").AudioGraph} sound
   */
  constructor(alert, voice, sound) {
    this.#alert = alert;
    this.#words = /** @type {HTMLElement} */ (alert.querySelector("p"));
    const [loudspeaker, microphone] = alert.querySelectorAll("button");
    this.#loudspeaker = loudspeaker;
    this.#microphone = microphone;
    this.#microphone.textContent = t("guardMuteMicrophone");
    this.#voice = voice;
    this.#sound = sound;
    this.#loudspeaker.addEventListener("click", () => this.#silence(!this.#silenced));
    this.#microphone.addEventListener("click", () => voice.mute(true));
  }

  /**
   * @param {import("../shared/messages.js").Feedback} danger
   * @param {import("./roster.js").Person[]} others
   */
  show(danger, others) {
    const member = others.find(({ talkerId }) => talkerId === danger);
    this.#found = member ? t("guardSameRoom", { name: member.name }) : danger === null ? "" : t("guardHowl");
    this.#render();
  }

  /** Empty if all is well. */
  get found() {
    return this.#found;
  }

  /** When this person joins again, the loudspeaker is on. */
  close() {
    this.#silence(false);
  }

  /** @param {boolean} silenced the loudspeaker is */
  #silence(silenced) {
    this.#silenced = silenced;
    this.#sound.loudspeakerMuted = silenced;
    this.#render();
  }

  #render() {
    this.#alert.hidden = !this.#found && !this.#silenced;
    this.#words.textContent = this.#silenced ? t("guardSilenced") : this.#found;
    this.#loudspeaker.textContent = t(this.#silenced ? "guardUnmuteLoudspeaker" : "guardMuteLoudspeaker");
    this.#microphone.hidden = this.#silenced || this.#voice.controls.pushToTalk;
  }
}
