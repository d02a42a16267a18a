// The screen of the pre-flight page: a row a check. It knows nothing of sound or sockets.

import { element, fillFixedWords, fillIn, setText, showMeter } from "../ui/dom.js";
import "../ui/setup_text.js";
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

const VERDICTS = /** @type {const} */ ({
  ready: "checkReady",
  "ready-but": "checkReadyBut",
  "not-yet": "checkNotYet",
});

export class CheckView {
  #status = element("status", HTMLElement);
  #rows = element("checks", HTMLUListElement);
  #start = element("start-check", HTMLButtonElement);
  #template = element("check", HTMLTemplateElement);
  onStart = () => {};

  /** @param {string} fragment that leads back to the room */
  constructor(fragment) {
    fillFixedWords();
    for (const back of document.querySelectorAll("a.back"))
      /** @type {HTMLAnchorElement} */ (back).hash = fragment;
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
    fillIn(row, ".state", t(STATES[state]));
    fillIn(row, ".note-words", words);
    const details = row.querySelector("details");
    if (details) details.open = state === "fails" || (state === "running" && words !== "");
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

  /**
   * @param {"ready" | "ready-but" | "not-yet" | null} verdict null while nothing is known
   * @param {string} words below it
   * @param {string} cure the one thing to do, or to know; empty if there is nothing
   */
  showVerdict(verdict, words, cure) {
    document.body.dataset.verdict = verdict ?? "";
    element("verdict-title", HTMLElement).hidden = verdict === null;
    setText(element("verdict-title", HTMLElement), verdict ? t(VERDICTS[verdict]) : "");
    setText(element("verdict-words", HTMLElement), words);
    element("cure", HTMLElement).hidden = cure === "";
    fillIn(element("cure", HTMLElement), "span", cure);
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
