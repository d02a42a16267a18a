// Notices, spoken by the browser on this device alone, where the person wants it.

import { load, save } from "../../ui/storage.js";
import { language } from "../../ui/text.js";

/** Characters: about 20 seconds; the rest is there to be read. */
const MOST = 300;

export class Speech {
  on = load("speakNotices") === "on";

  get isAvailable() {
    return "speechSynthesis" in globalThis;
  }

  /** @param {boolean} on */
  switch(on) {
    this.on = on && this.isAvailable;
    save("speakNotices", this.on ? "on" : "off");
    if (!this.on && this.isAvailable) speechSynthesis.cancel();
  }

  /** @param {string} words the newest is said; what still waits is old by then */
  say(words) {
    if (!this.on || !this.isAvailable) return;
    if (speechSynthesis.pending) speechSynthesis.cancel();
    const utterance = new SpeechSynthesisUtterance(words.slice(0, MOST));
    utterance.lang = language;
    speechSynthesis.speak(utterance);
  }
}
