// What somebody has chosen on this device, kept for the next time. The link may ask for something else, until
// that is switched here.

import { PROCESSING } from "../../shared/room_link.js";
import { parseKept } from "../../ui/storage.js";
import { MUSIC } from "../sound/microphone.js";

/** @typedef {import("../../shared/room_link.js").Processing} Processing */
/**
 * A device is empty where the system is to choose.
 * @typedef {Processing & {pushToTalk: boolean, music: boolean, strongSuppression: boolean,
 *   microphone: string, loudspeaker: string, packets: string}} Chosen
 */

/** @type {Chosen} */
const STANDARD = {
  pushToTalk: false,
  music: false,
  strongSuppression: false,
  microphone: "",
  loudspeaker: "",
  packets: "4",
  echoCancellation: true,
  noiseSuppression: true,
  autoGainControl: true,
};

export class Settings {
  /** @type {Partial<Chosen>} */
  #kept = {};
  /** @type {Partial<Chosen>} */
  #linked = {};

  /** @param {string} text of `serialize`; what isn't of its kind is left as it is at first */
  static parse(text) {
    const settings = new Settings();
    const kept = parseKept(text);
    for (const [name, standard] of Object.entries(STANDARD)) {
      if (typeof kept[name] === typeof standard) settings.#kept = { ...settings.#kept, [name]: kept[name] };
    }
    return settings;
  }

  serialize() {
    return JSON.stringify(this.#kept);
  }

  /**
   * What the link switches off, and music on.
   * @param {Pick<import("../../shared/room_link.js").RoomLink, "processing" | "music">} address
   */
  set linked({ processing, music }) {
    const off = Object.entries(processing).filter(([, on]) => !on);
    this.#linked = { ...Object.fromEntries(off), ...(music && { music }) };
  }

  /** @returns {Chosen} */
  get chosen() {
    return { ...STANDARD, ...this.#kept, ...this.#linked };
  }

  /** @returns {import("../sound/microphone.js").Wanted} */
  get processing() {
    const { chosen } = this;
    if (chosen.music) return MUSIC;
    return /** @type {Processing} */ (Object.fromEntries(PROCESSING.map((name) => [name, chosen[name]])));
  }

  /** How long packets may be, in 2.5 ms: at most 10 ms. */
  get packetUnits() {
    return [1, 2].find((units) => String(units) === this.chosen.packets) ?? 4;
  }

  /** Whether noise is taken out by more than the browser does; never out of music. */
  get suppressesStrongly() {
    return this.chosen.strongSuppression && !this.chosen.music;
  }

  /**
   * @param {keyof Chosen} name
   * @param {string | boolean} value
   */
  choose(name, value) {
    this.#kept = { ...this.#kept, [name]: value };
    delete this.#linked[name];
  }
}
