// Shows what the feedback guard found, and two buttons that help.

import { t } from "../../ui/text.js";

export class FeedbackAlert {
  #voice;
  #sound;
  #place;
  #words;
  #loudspeaker;
  #microphone;
  #silenced = false;
  #found = "";
  /** @type {(words: string) => void} something new was found */
  onFound = () => {};
  /** @type {(silenced: boolean) => void} the loudspeaker was muted or unmuted */
  onSilenced = () => {};

  /**
   * @param {HTMLElement} note with a paragraph and two buttons
   * @param {{isOn: boolean}} place shows that there is something to read, or not
   * @param {import("./local_audio.js").LocalAudio} voice
   * @param {import("../sound/audio_graph.js").AudioGraph} sound
   */
  constructor(note, place, voice, sound) {
    this.#place = place;
    this.#words = /** @type {HTMLElement} */ (note.querySelector("p"));
    const [loudspeaker, microphone] = note.querySelectorAll("button");
    this.#loudspeaker = loudspeaker;
    this.#microphone = microphone;
    this.#microphone.textContent = t("guardMuteMicrophone");
    this.#voice = voice;
    this.#sound = sound;
    this.#loudspeaker.addEventListener("click", () => this.#silence(!this.#silenced));
    this.#microphone.addEventListener("click", () => voice.mute(true));
    this.#render();
  }

  /**
   * @param {import("../../shared/messages.js").Feedback} danger
   * @param {import("../people/roster.js").Person[]} others
   */
  show(danger, others) {
    const member = others.find(({ talkerId }) => talkerId === danger);
    const found = member ? t("guardSameRoom", { name: member.name }) : danger === null ? "" : t("guardHowl");
    const isNew = found !== "" && found !== this.#found && !this.#silenced;
    this.#found = found;
    this.#render();
    if (isNew) this.onFound(found);
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
    this.onSilenced(silenced);
    this.#render();
  }

  #render() {
    this.#place.isOn = this.#found !== "" || this.#silenced;
    this.#words.textContent = this.#silenced ? t("guardSilenced") : this.#found;
    this.#loudspeaker.textContent = t(this.#silenced ? "guardUnmuteLoudspeaker" : "guardMuteLoudspeaker");
    this.#microphone.hidden = this.#silenced || this.#voice.controls.pushToTalk;
  }
}
