// What devices report of themselves, on the sheet of the person or device that reports it, each with its age.

import { create, element } from "../../ui/dom.js";
import { language, t } from "../../ui/text.js";

/** @typedef {import("../../shared/control.js").Values} Values */
/** `atMs` by `performance.now()`. @typedef {{values: Values, atMs: number}} Report */

const AGES_EVERY_MS = 1_000;
const MS = 1_000;
const STEPS = /** @type {const} */ ([["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1]]);
/** Of one member: as many as a relay keeps. */
const MOST_DEVICES = 128;
/** What a device lets itself be told: see device_commands.js. */
const OFFERS = new Set(["commands", "sounds"]);

export class Telemetry {
  #node = element("telemetry", HTMLElement);
  #shownFor;
  #onShown;
  /** By talker, then by device. @type {Map<number, Map<string, Report>>} */
  #reports = new Map();
  #ages = new Intl.RelativeTimeFormat(language, { numeric: "auto" });

  /**
   * @param {() => number} shownFor the talker whose sheet is open; 0 where none is
   * @param {(talkerId: number, reports: Map<string, Values>) => void} onShown what it reports, by device
   */
  constructor(shownFor, onShown) {
    this.#shownFor = shownFor;
    this.#onShown = onShown;
    setInterval(() => this.show(), AGES_EVERY_MS);
  }

  /** @param {Extract<import("../../shared/control.js").FromRelay, {type: "telemetry"}>} report */
  take({ talker_id, device, values, age_ms }) {
    const devices = this.#reports.get(talker_id) ?? new Map();
    this.#reports.set(talker_id, devices);
    if (values === null) devices.delete(device);
    else if (devices.has(device) || devices.size < MOST_DEVICES)
      devices.set(device, { values, atMs: performance.now() - age_ms });
    this.show();
  }

  /** @param {number} talkerId of somebody who left */
  forget(talkerId) {
    this.#reports.delete(talkerId);
    this.show();
  }

  clear() {
    this.#reports.clear();
    this.show();
  }

  show() {
    const shownFor = this.#shownFor();
    const reports = this.#reports.get(shownFor);
    this.#onShown(shownFor, new Map([...(reports ?? [])].map(([device, { values }]) => [device, values])));
    this.#node.hidden = !reports?.size;
    if (!reports?.size) return;
    const nodes = [...reports].flatMap(([device, { values, atMs }]) => {
      const age = create("small", "", this.#ageOf((performance.now() - atMs) / MS));
      const rows = readings(values).flatMap(([name, value]) => [
        create("dt", "", name),
        create("dd", "", shown(value)),
      ]);
      return [
        create("p", "", ...(device ? [create("b", "", device), " · "] : []), age),
        create("dl", "", ...rows),
      ];
    });
    this.#node.replaceChildren(...nodes);
  }

  /** @param {number} seconds */
  #ageOf(seconds) {
    const [unit, length] = STEPS.find(([, each]) => seconds >= each) ?? ["second", 1];
    return this.#ages.format(-Math.floor(seconds / length), unit);
  }
}

/**
 * Without what is offered as controls.
 * @param {Values} values
 */
function readings(values) {
  return Object.entries(values).filter(([name]) => !OFFERS.has(name));
}

/** @param {Values[string]} value */
function shown(value) {
  if (value === null) return t("delayUnknown");
  return typeof value === "number" ? value.toLocaleString(language) : String(value);
}
