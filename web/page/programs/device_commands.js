// What a device lets itself be told, on the sheet of who reports it: the commands that it names in its
// readings, as switches, a slider and buttons. Whoever presses sees what became of it, exactly once.

import { create, element, setText } from "../../ui/dom.js";
import { t, wordsFor } from "../../ui/text.js";

/** @import { FromClient, FromRelay, Values } from "../../shared/control.js" */
/** @typedef {Record<string, unknown>} Arguments */
/**
 * A control of one command: `follow` takes what the device reports now.
 * @typedef {{node: HTMLElement, follow: (values: Values) => void}} Control
 */
/**
 * @typedef {{offers: string, node: HTMLElement, controls: Control[]}} Block the controls of one device,
 *   for what it offers
 */
/** @typedef {{name: string, of: number, timer: number}} Asked `of` is whose sheet it was pressed on */

/** A program of a device may open a gate meanwhile; somebody who pressed does not wait longer. */
const DEADLINE_MS = 10_000;
/** The server says at the deadline that it has passed; so much later it can't be reached itself. */
const SPARE_MS = 3_000;
/** Of one device, as many as anybody looks through. */
const MOST_OFFERED = 32;
/** Switches, by what reports their state. */
const SWITCHES = /** @type {const} */ ({ mute: "muted", listen: "listening" });
const SWITCH_WORDS = /** @type {const} */ ({ mute: "deviceMute", listen: "deviceListen" });
const OUTCOMES = /** @type {const} */ ({
  done: "commandDone",
  refused: "commandRefused",
  unknown: "commandUnknown",
  "timed-out": "commandTimedOut",
  gone: "commandGone",
});

export class DeviceCommands {
  #section = element("commands", HTMLElement);
  #place = /** @type {HTMLElement} */ (this.#section.querySelector(".list"));
  #outcome = element("command-outcome", HTMLElement);
  #send;
  #toasts;
  /** Whose blocks are shown; 0 where nobody's are. */
  #talkerId = 0;
  /** By device. @type {Map<string, Block>} */
  #blocks = new Map();
  /** By the id that we gave. @type {Map<number, Asked>} */
  #asked = new Map();
  #lastId = 0;
  /** Whether we may send commands. */
  available = false;

  /**
   * @param {(message: FromClient) => void} send
   * @param {import("../words/toasts.js").Toasts} toasts
   */
  constructor(send, toasts) {
    this.#send = send;
    this.#toasts = toasts;
  }

  /**
   * @param {number} talkerId whose sheet is open; 0 where none is
   * @param {Map<string, Values>} reports by device
   */
  show(talkerId, reports) {
    if (talkerId !== this.#talkerId) this.#begin(talkerId);
    const offering = [...reports].filter(
      ([, values]) => this.available && namesIn(values.commands).length > 0,
    );
    this.#section.hidden = offering.length === 0;
    for (const [device, values] of offering) this.#follow(device, values);
    for (const [device, { node }] of this.#blocks) {
      if (offering.some(([known]) => known === device)) continue;
      node.remove();
      this.#blocks.delete(device);
    }
  }

  /** @param {Extract<FromRelay, {type: "result"}>} result */
  take({ id, outcome, message }) {
    const asked = this.#asked.get(id);
    if (!asked) return;
    this.#asked.delete(id);
    clearTimeout(asked.timer);
    const words = t(Object.hasOwn(OUTCOMES, outcome) ? OUTCOMES[outcome] : "commandUnknown", {
      name: asked.name,
    });
    if (asked.of === this.#talkerId) this.#tell(words);
    if (outcome !== "done" || message)
      this.#toasts.show({ words: message ? `${words} (${message})` : words });
    const answered = outcome === "done" ? "done" : "failed";
    for (const { controls } of this.#blocks.values())
      for (const { node } of controls) node.dispatchEvent(new Event(answered));
  }

  /**
   * @param {Extract<FromRelay, {type: "hint" | "error"}>} remark
   * @returns {boolean} whether it is on a command of ours
   */
  onRemark(remark) {
    if (remark.type !== "error" || remark.of !== "command" || !this.#asked.has(remark.id ?? 0)) return false;
    this.take({
      type: "result",
      id: remark.id ?? 0,
      outcome: "refused",
      message: wordsFor(remark.code, remark.message),
    });
    return true;
  }

  clear() {
    for (const { timer } of this.#asked.values()) clearTimeout(timer);
    this.#asked.clear();
    this.show(0, new Map());
  }

  /** @param {number} talkerId */
  #begin(talkerId) {
    this.#talkerId = talkerId;
    this.#blocks.clear();
    this.#place.replaceChildren();
    this.#tell("");
  }

  /**
   * @param {string} device
   * @param {Values} values
   */
  #follow(device, values) {
    const offers = `${values.commands}\n${values.sounds}`;
    const known = this.#blocks.get(device);
    const block = known?.offers === offers ? known : this.#draw(device, values, offers);
    for (const { follow } of block.controls) follow(values);
  }

  /**
   * @param {string} device
   * @param {Values} values
   * @param {string} offers
   */
  #draw(device, values, offers) {
    /** @type {(name: string, given?: Arguments) => void} */
    const ask = (name, given = {}) => this.#ask(device, name, given);
    const controls = namesIn(values.commands).flatMap((name) => controlsOf(name, values, ask));
    const rowsFirst = controls
      .map((each) => each.node)
      .sort((a, b) => Number(isButton(a)) - Number(isButton(b)));
    const node = create("div", "device", ...(device ? [create("b", "", device)] : []), ...rowsFirst);
    const block = { offers, node, controls };
    const before = this.#blocks.get(device)?.node;
    if (before) before.replaceWith(node);
    else this.#place.append(node);
    this.#blocks.set(device, block);
    return block;
  }

  /**
   * @param {string} device
   * @param {string} name
   * @param {Arguments} given
   */
  #ask(device, name, given) {
    this.#lastId += 1;
    const id = this.#lastId;
    const late = () => this.take({ type: "result", id, outcome: "timed-out", message: "" });
    this.#asked.set(id, {
      name,
      of: this.#talkerId,
      timer: Number(setTimeout(late, DEADLINE_MS + SPARE_MS)),
    });
    this.#tell(t("commandSent", { name }));
    this.#send({
      type: "command",
      id,
      talker_id: this.#talkerId,
      device,
      name,
      arguments: given,
      deadline_ms: DEADLINE_MS,
    });
  }

  /** @param {string} words */
  #tell(words) {
    setText(this.#outcome, words);
  }
}

/**
 * @param {string} name
 * @param {Values} values
 * @param {(name: string, given?: Arguments) => void} ask
 * @returns {Control[]}
 */
function controlsOf(name, values, ask) {
  if (name === "mute" || name === "listen") return [switchOf(name, ask)];
  if (name === "volume") return [sliderOf(ask)];
  if (name === "play")
    return namesIn(values.sounds).map((sound) =>
      buttonOf(t("devicePlay", { sound }), () => ask("play", { sound })),
    );
  return [buttonOf(name, () => ask(name))];
}

/**
 * Shows what was chosen until there is an answer, and from then on what the device reports.
 * @param {"mute" | "listen"} name
 * @param {(name: string, given: Arguments) => void} ask
 * @returns {Control}
 */
function switchOf(name, ask) {
  const input = create("input");
  input.type = "checkbox";
  input.setAttribute("role", "switch");
  const node = create(
    "label",
    "row switch",
    create("span", "words", create("b", "", t(SWITCH_WORDS[name]))),
    input,
  );
  const waiting = waitingFor(node);
  input.addEventListener("change", () => {
    waiting.begin();
    ask(name, { on: input.checked });
  });
  const follow = (/** @type {Values} */ values) => {
    if (!waiting.stillBefore(values)) input.checked = values[SWITCHES[name]] === true;
  };
  return { node, follow };
}

/**
 * @param {(name: string, given: Arguments) => void} ask
 * @returns {Control}
 */
function sliderOf(ask) {
  const input = create("input");
  Object.assign(input, { type: "range", min: "0", max: "100", step: "5" });
  const node = create("label", "row", create("span", "words", create("b", "", t("deviceVolume"))), input);
  const waiting = waitingFor(node);
  const fill = () => input.style.setProperty("--share", `${input.value}%`);
  input.addEventListener("input", () => {
    waiting.begin();
    fill();
  });
  input.addEventListener("change", () => ask("volume", { percent: Number(input.value) }));
  const follow = (/** @type {Values} */ values) => {
    if (!waiting.stillBefore(values) && typeof values.volume === "number")
      input.value = String(values.volume);
    fill();
  };
  return { node, follow };
}

/**
 * From the press until the first report behind a command that was done: what comes before that is how it was.
 * @param {HTMLElement} node that hears of an answer as an event
 */
function waitingFor(node) {
  let isWaiting = false;
  let isDone = false;
  /** @type {Values | null} */
  let last = null;
  node.addEventListener("failed", () => (isWaiting = false));
  node.addEventListener("done", () => (isDone = true));
  return {
    begin() {
      isWaiting = true;
      isDone = false;
    },
    /** @param {Values} values the newest report */
    stillBefore(values) {
      if (isDone && values !== last) isWaiting = isDone = false;
      last = values;
      return isWaiting;
    },
  };
}

/** @param {HTMLElement} node */
const isButton = (node) => node instanceof HTMLButtonElement;

/**
 * @param {string} words
 * @param {() => void} act
 * @returns {Control}
 */
function buttonOf(words, act) {
  const node = create("button", "button soft short", words);
  node.type = "button";
  node.addEventListener("click", act);
  return { node, follow: () => {} };
}

/** @param {unknown} list names with commas between, as a device reports them */
function namesIn(list) {
  if (typeof list !== "string") return [];
  return list.split(",").map((name) => name.trim()).filter(Boolean).slice(0, MOST_OFFERED);
}
