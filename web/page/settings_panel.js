// The panel of settings: shows what is chosen, and says what was changed. Each control has the name of its setting.

import { PROCESSING } from "../shared/room_link.js";
import { element } from "../ui/dom.js";
import { showMeter } from "../ui/meter.js";
import { t } from "../ui/text.js";

/** @typedef {import("./devices.js").Device} Device */
/** @typedef {keyof import("./settings.js").Chosen} Name */

export class SettingsPanel {
  #panel = element("settings", HTMLDetailsElement);
  #microphone = element("microphone", HTMLSelectElement);
  #loudspeaker = element("loudspeaker", HTMLSelectElement);
  #loudspeakerField = element("loudspeaker-field", HTMLElement);
  #output = element("output", HTMLElement);
  /** @type {(name: Name, value: string | boolean) => void} */
  onChange = () => {};
  onOpen = () => {};

  constructor() {
    this.#panel.addEventListener("toggle", () => this.open && this.onOpen());
    this.#panel.addEventListener("change", ({ target }) => {
      if (target instanceof HTMLSelectElement) this.onChange(/** @type {Name} */ (target.name), target.value);
      if (target instanceof HTMLInputElement) this.onChange(/** @type {Name} */ (target.name), target.checked);
    });
  }

  get open() {
    return this.#panel.open;
  }

  /** @param {import("./settings.js").Chosen} chosen with music, nothing else is done to the sound */
  show(chosen) {
    for (const control of this.#panel.querySelectorAll("input")) {
      control.checked = chosen[/** @type {Name} */ (control.name)] === true;
      control.disabled = chosen.music && PROCESSING.some((name) => name === control.name);
    }
    select(this.#microphone, chosen.microphone);
    select(this.#loudspeaker, chosen.loudspeaker);
  }

  /** @param {{microphones: Device[], loudspeakers: Device[]}} devices no loudspeakers where none can be chosen */
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
 */
function select(control, id) {
  control.value = id;
  if (control.selectedIndex < 0) control.value = "";
}

/** @param {Device[]} devices */
function optionsFor(devices) {
  return [new Option(t("systemDevice"), ""), ...devices.map(({ id, label }) => new Option(label || t("namelessDevice"), id))];
}
