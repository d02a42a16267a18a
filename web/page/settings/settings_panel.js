// The sheet of settings: shows what is chosen, and says what was changed. Each control has the name of its
// setting.

import { PROCESSING } from "../../shared/room_link.js";
import { element, setText, showMeter } from "../../ui/dom.js";
import { t } from "../../ui/text.js";
import { Sheet } from "../sheets/sheet.js";

const NOT_FOR_MUSIC = [...PROCESSING, "strongSuppression"];

/** @typedef {import("../sound/devices.js").Device} Device */
/**
 * @typedef {import("./settings.js").Chosen & {cues: boolean, notifications: boolean, speakNotices: boolean,
 *   captions: boolean}} PanelSettings
 */
/** @typedef {keyof PanelSettings} Name */

export class SettingsPanel {
  #sheet = new Sheet(element("settings", HTMLDialogElement));
  #microphone = element("microphone", HTMLSelectElement);
  #loudspeaker = element("loudspeaker", HTMLSelectElement);
  #loudspeakerField = element("loudspeaker-field", HTMLElement);
  #output = element("output", HTMLElement);
  #packets = element("packets", HTMLSelectElement);
  /** @type {(name: Name, value: string | boolean) => void} */
  onChange = () => {};
  onOpen = () => {};

  constructor() {
    this.showPackets("");
    element("open-sound", HTMLButtonElement).addEventListener("click", () => this.#sheet.toggle());
    this.#sheet.onOpen = () => this.onOpen();
    this.#sheet.node.addEventListener("change", ({ target }) => {
      if (target instanceof HTMLSelectElement) this.onChange(/** @type {Name} */ (target.name), target.value);
      if (target instanceof HTMLInputElement)
        this.onChange(/** @type {Name} */ (target.name), target.checked);
    });
  }

  get isOpen() {
    return this.#sheet.isOpen;
  }

  /** @param {PanelSettings} chosen with music, nothing else is done to the sound */
  show(chosen) {
    for (const control of this.#sheet.node.querySelectorAll("input")) {
      control.checked = chosen[/** @type {Name} */ (control.name)] === true;
      control.disabled = chosen.music && NOT_FOR_MUSIC.some((name) => name === control.name);
    }
    select(this.#microphone, chosen.microphone);
    select(this.#loudspeaker, chosen.loudspeaker);
    select(this.#packets, chosen.packets, "4");
  }

  /** @param {string} words why they are not as they were chosen; empty where they are */
  showPackets(words) {
    setText(element("packets-words", HTMLElement), words || t("packetsHint"));
  }

  /**
   * @param {{microphones: Device[], loudspeakers: Device[]}} devices no loudspeakers where none can be chosen
   */
  showDevices({ microphones, loudspeakers }) {
    this.#microphone.replaceChildren(...optionsFor(microphones));
    this.#loudspeaker.replaceChildren(...optionsFor(loudspeakers));
    this.#loudspeakerField.hidden = loudspeakers.length === 0;
  }

  /** @param {number} level −dBov of what is played */
  showOutput(level) {
    showMeter(this.#output, level);
  }
}

/**
 * @param {HTMLSelectElement} control
 * @param {string} id of a device that may be gone
 * @param {string} [otherwise]
 */
function select(control, id, otherwise = "") {
  control.value = id;
  if (control.selectedIndex < 0) control.value = otherwise;
}

/** @param {Device[]} devices */
function optionsFor(devices) {
  return [
    new Option(t("systemDevice"), ""),
    ...devices.map(({ id, label }) => new Option(label || t("namelessDevice"), id)),
  ];
}
