// The screen of the pre-flight page: a row a check. It knows nothing of sound or sockets.

import { element, sayFixedWords } from "../ui/dom.js";
import { fillIn } from "../ui/fill_in.js";
import { showMeter } from "../ui/meter.js";
import { t } from "../ui/text.js";

/** @typedef {"secure" | "microphone" | "loudspeaker" | "echo" | "codec" | "socket" | "network"} CheckName */
/** @typedef {import("./verdict.js").VerdictState | "waiting" | "running"} RowState */

const NAMES = /** @type {const} */ ({
  secure: "checkSecure",
  microphone: "checkMicrophone",
  loudspeaker: "checkLoudspeaker",
  echo: "checkEchoName",
  codec: "checkCodecName",
  socket: "checkSocket",
  network: "checkNetwork",
});
const STATES = /** @type {const} */ ({
  waiting: "checkWaiting",
  running: "checkRunning",
  passes: "checkPasses",
  fails: "checkFails",
  unknown: "checkUnknown",
});

export class CheckView {
  #status = element("status", HTMLElement);
  #rows = element("checks", HTMLOListElement);
  #start = element("start-check", HTMLButtonElement);
  #back = element("back", HTMLAnchorElement);
  #template = element("check", HTMLTemplateElement);
  onStart = () => {};

  /** @param {string} fragment that leads back to the room */
  constructor(fragment) {
    sayFixedWords();
    this.#back.hash = fragment;
    this.#start.addEventListener("click", () => this.onStart());
  }

  /** @param {CheckName[]} names every check, in order; none has run */
  showWaiting(names) {
    this.#rows.replaceChildren(...names.map((name) => this.#newRow(name)));
    for (const name of names) this.showRow(name, "waiting", "");
  }

  /**
   * @param {CheckName} name
   * @param {RowState} state
   * @param {string} words
   */
  showRow(name, state, words) {
    const row = this.#row(name);
    if (!row) return;
    row.dataset.state = state;
    fillIn(row, ".verdict", t(STATES[state]));
    fillIn(row, ".note", words);
  }

  /** @param {number} level of the microphone, in −dBov */
  showLevel(level) {
    showMeter(this.#row("microphone"), level);
  }

  /** @param {boolean} running */
  showRunning(running) {
    document.body.dataset.state = running ? "checking" : "checked";
    this.#start.disabled = running;
    if (!running) this.#start.textContent = t("checkAgain");
  }

  /** @param {string} words */
  showStatus(words) {
    this.#status.textContent = words;
  }

  /** @param {CheckName} name */
  #row(name) {
    return /** @type {HTMLElement | null} */ (this.#rows.querySelector(`[data-check="${name}"]`));
  }

  /** @param {CheckName} name */
  #newRow(name) {
    const copy = /** @type {DocumentFragment} */ (this.#template.content.cloneNode(true));
    const row = /** @type {HTMLElement} */ (copy.firstElementChild);
    row.dataset.check = name;
    fillIn(row, ".name", t(NAMES[name]));
    return row;
  }
}
