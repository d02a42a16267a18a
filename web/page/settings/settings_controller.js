// Brings the settings together with what they are about, and remembers what was chosen.

import { element } from "../../ui/dom.js";
import { load, save } from "../../ui/storage.js";
import { t } from "../../ui/text.js";
import { AudioGraph } from "../sound/audio_graph.js";
import { listDevices } from "../sound/devices.js";
import { Settings } from "./settings.js";
import { SettingsPanel } from "./settings_panel.js";

/** As often as a meter has to move to look alive. */
const METER_MS = 100;

/**
 * @type {Record<import("../../shared/messages.js").SuppressionTrouble, "suppressionMissing"
 *   | "suppressionSlow">}
 */
const TROUBLE_WORDS = { missing: "suppressionMissing", slow: "suppressionSlow" };

const MS_PER_UNIT = 2.5;
/** Why packets are longer than they were chosen. */
const PACKETS_WORDS = /** @type {const} */ ({
  http: "packetsHttp",
  network: "packetsNetwork",
  room: "packetsRoom",
  source: "packetsSource",
});

/**
 * @typedef {object} Parts
 * @property {(order: import("../../shared/messages.js").Order) => void} order to the worker
 * @property {import("../words/toasts.js").Toasts} toasts
 * @property {import("../talk/local_audio.js").LocalAudio} voice
 * @property {AudioGraph} sound
 * @property {import("../sound/cues.js").Cues} cues
 * @property {import("../words/attention.js").Attention} attention
 * @property {import("../words/speech.js").Speech} speech
 * @property {import("../words/captions.js").Captions} captions
 */

export class SettingsController {
  #settings = Settings.parse(load("settings"));
  #panel = new SettingsPanel();
  /** It could not be had; the choice is kept for the next time. */
  #suppressionFailed = false;
  #meter = 0;
  #parts;

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
    const { voice, cues } = parts;
    voice.deviceId = this.#settings.chosen.microphone;
    voice.pushToTalk = this.#settings.chosen.pushToTalk;
    this.#suppressNoise();
    this.#choosePackets();
    this.#panel.onChange = (name, value) => this.#choose(name, value);
    this.#panel.onOpen = () => {
      this.#showDevices();
      this.#lookAgain();
    };
    element("play-sound", HTMLButtonElement).addEventListener("click", () => cues.sample());
    navigator.mediaDevices?.addEventListener("devicechange", () => this.#onDevices());
  }

  /** Only while it is seen: a timer that runs all evening costs a phone its rest. */
  #followOutput() {
    if (!this.#panel.isOpen) return;
    this.#panel.showOutput(this.#parts.sound.outputLevel);
    this.#lookAgain();
  }

  #lookAgain() {
    clearTimeout(this.#meter);
    this.#meter = setTimeout(() => this.#followOutput(), METER_MS);
  }

  /** @param {import("../../shared/room_link.js").RoomLink} link what it asks for */
  set linked(link) {
    this.#settings.linked = link;
    this.#suppressNoise();
    this.#show();
  }

  get processing() {
    return this.#settings.processing;
  }

  /** Browsers know a loudspeaker only once the microphone was allowed. */
  useLoudspeaker() {
    return this.#parts.sound.playOn(this.#settings.chosen.loudspeaker);
  }

  /**
   * @param {import("./settings_panel.js").Name} name
   * @param {string | boolean} value
   */
  async #choose(name, value) {
    const { voice, cues, attention, speech } = this.#parts;
    switch (name) {
      case "speakNotices":
        return speech.switch(value === true);
      case "captions":
        return this.#parts.captions.switch(value === true);
      case "cues":
        return cues.switch(value === true);
      case "notifications":
        await attention.switch(value === true);
        return this.#show();
      default:
        this.#settings.choose(name, value);
        save("settings", this.#settings.serialize());
    }
    if (name === "pushToTalk") voice.pushToTalk = this.#settings.chosen.pushToTalk;
    else if (name === "loudspeaker") this.useLoudspeaker();
    else if (name === "strongSuppression") this.#suppressNoise();
    else if (name === "packets") this.#choosePackets();
    else this.#openMicrophone();
    return undefined;
  }

  /** @param {import("../../shared/messages.js").SuppressionTrouble} trouble */
  onSuppressionTrouble(trouble) {
    this.#suppressionFailed = true;
    this.#parts.toasts.show({ words: t(TROUBLE_WORDS[trouble]) });
    this.#show();
  }

  #suppressNoise() {
    this.#suppressionFailed = false;
    this.#parts.order({ type: "suppressNoise", on: this.#settings.suppressesStrongly });
  }

  #choosePackets() {
    this.#parts.order({ type: "choosePackets", units: this.#settings.packetUnits });
  }

  /** @param {import("../../shared/messages.js").OwnPackets} packets */
  onPackets({ units, why }) {
    const words = why && t(PACKETS_WORDS[why], { ms: units * MS_PER_UNIT });
    this.#panel.showPackets(words);
    if (words) this.#parts.toasts.show({ words });
  }

  #openMicrophone() {
    const { voice } = this.#parts;
    this.#suppressNoise();
    voice.deviceId = this.#settings.chosen.microphone;
    voice.reopen(this.processing);
    this.#show();
  }

  /** Devices came or went: the loudspeaker that was chosen may be gone, or back. */
  async #onDevices() {
    const { loudspeakers } = await this.#showDevices();
    const { loudspeaker } = this.#settings.chosen;
    await this.#parts.sound.playOn(loudspeakers.some(({ id }) => id === loudspeaker) ? loudspeaker : "");
  }

  async #showDevices() {
    const { microphones, loudspeakers } = await listDevices();
    this.#panel.showDevices({
      microphones,
      loudspeakers: AudioGraph.canChooseLoudspeaker ? loudspeakers : [],
    });
    this.#show();
    return { loudspeakers };
  }

  #show() {
    const { cues, attention, speech, captions } = this.#parts;
    const switches = {
      captions: captions.on,
      cues: cues.on,
      notifications: attention.on,
      speakNotices: speech.on,
    };
    const strongSuppression = this.#settings.suppressesStrongly && !this.#suppressionFailed;
    this.#panel.show({ ...this.#settings.chosen, ...this.processing, strongSuppression, ...switches });
  }
}
