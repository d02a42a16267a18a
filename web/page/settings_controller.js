// Brings the panel of settings together with what they are about, and remembers what was chosen.

import { load, save } from "../ui/storage.js";
import { AudioGraph } from "./audio_graph.js";
import { listDevices } from "./devices.js";
import { Settings } from "./settings.js";
import { SettingsPanel } from "./settings_panel.js";

const METER_MS = 100;

export class SettingsController {
  #settings = Settings.parse(load("settings"));
  #panel = new SettingsPanel();
  #voice;
  #sound;

  /**
   * @param {import("./local_audio.js").LocalAudio} voice
   * @param {AudioGraph} sound
   */
  constructor(voice, sound) {
    this.#voice = voice;
    this.#sound = sound;
    voice.deviceId = this.#settings.chosen.microphone;
    voice.pushToTalk = this.#settings.chosen.pushToTalk;
    this.#panel.onChange = (name, value) => this.#choose(name, value);
    this.#panel.onOpen = () => this.#showDevices();
    navigator.mediaDevices?.addEventListener("devicechange", () => this.#onDevices());
    setInterval(() => this.#panel.open && this.#panel.showOutput(sound.outputLevel), METER_MS);
  }

  /** @param {import("../shared/room_link.js").RoomLink} address what the link wants */
  set linked(address) {
    this.#settings.linked = address;
    this.#show();
  }

  get processing() {
    return this.#settings.processing;
  }

  /** Browsers know a loudspeaker only once the microphone was allowed. */
  useLoudspeaker() {
    return this.#sound.playOn(this.#settings.chosen.loudspeaker);
  }

  /**
   * @param {keyof import("./settings.js").Chosen} name
   * @param {string | boolean} value
   */
  #choose(name, value) {
    this.#settings.choose(name, value);
    save("settings", this.#settings.serialize());
    const { microphone, pushToTalk } = this.#settings.chosen;
    if (name === "pushToTalk") {
      this.#voice.pushToTalk = pushToTalk;
    } else if (name === "loudspeaker") {
      this.useLoudspeaker();
    } else {
      this.#voice.deviceId = microphone;
      this.#voice.open(this.processing);
      this.#show();
    }
  }

  /** Devices came or went: the loudspeaker that was chosen may be gone, or back. */
  async #onDevices() {
    const { loudspeakers } = await this.#showDevices();
    const { loudspeaker } = this.#settings.chosen;
    await this.#sound.playOn(loudspeakers.some(({ id }) => id === loudspeaker) ? loudspeaker : "");
    this.#sound.recover();
  }

  async #showDevices() {
    const { microphones, loudspeakers } = await listDevices();
    this.#panel.showDevices({ microphones, loudspeakers: AudioGraph.canChooseLoudspeaker ? loudspeakers : [] });
    this.#show();
    return { loudspeakers };
  }

  #show() {
    this.#panel.show({ ...this.#settings.chosen, ...this.processing });
  }
}
