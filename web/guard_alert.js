// What the guard has found, on the screen, with what helps against it.

import { element } from "./elements.js";
import { say } from "./text.js";

export class GuardAlert {
  #voice;
  #sound;
  #alert = element("guard", HTMLElement);
  #words = element("guard-words", HTMLElement);
  #loudspeaker = element("guard-loudspeaker", HTMLButtonElement);
  #microphone = element("guard-microphone", HTMLButtonElement);
  #silenced = false;
  /** Empty where all is well. */
  #found = "";

  /**
   * @param {import("./own_voice.js").OwnVoice} voice
   * @param {import("./sound.js").Sound} sound
   */
  constructor(voice, sound) {
    this.#voice = voice;
    this.#sound = sound;
    this.#loudspeaker.addEventListener("click", () => this.#silence(!this.#silenced));
    this.#microphone.addEventListener("click", () => voice.mute(true));
  }

  /**
   * @param {import("./guard.js").Danger} danger
   * @param {import("./roster.js").Member[]} others
   */
  show(danger, others) {
    const member = others.find(({ talkerId }) => talkerId === danger);
    this.#found = member ? say("guardSameRoom", { name: member.name }) : danger === null ? "" : say("guardHowl");
    this.#render();
  }

  /** Who comes again hears the others. */
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
    this.#words.textContent = this.#silenced ? say("guardSilenced") : this.#found;
    this.#loudspeaker.textContent = say(this.#silenced ? "guardUnmuteLoudspeaker" : "guardMuteLoudspeaker");
    this.#microphone.hidden = this.#silenced || this.#voice.controls.pushToTalk;
  }
}
