// The pre-flight page: checks, one after the other, what a call needs of this browser, this device and this
// network; shows each with its cure, and tells the relay. With `auto` in the fragment it starts by itself,
// where the browser lets it.

import { parseFragment } from "../shared/room_link.js";
import { sleep } from "../shared/sleep.js";
import "../ui/setup_text.js";
import { t } from "../ui/text.js";
import { NetworkCheck } from "./network_check.js";
import { SoundCheck } from "./sound_check.js";
import { fails, passes, unknown } from "./verdict.js";
import { CheckView } from "./view.js";

/** Somebody has to answer the question for the microphone in this time, and to speak. */
const LONGEST_MS = 30_000;

/** What fails here makes a call worse, not impossible. @type {Set<CheckName>} */
const BEARABLE = new Set(["echo", "network", "loudspeaker"]);

/** @typedef {import("./view.js").CheckName} CheckName */
/** @typedef {import("./verdict.js").Verdict} Verdict */
/** @typedef {Verdict & {name: CheckName}} Row */

class Preflight {
  #address = parseFragment(location.hash);
  #sound = new SoundCheck(this.#address.processing);
  #network = new NetworkCheck(location.href);
  /** @type {[CheckName, () => Verdict | Promise<Verdict>, string?][]} each with what to do meanwhile */
  #checks = [
    ["secure", () => (isSecureContext ? passes("") : fails(t("insecure")))],
    ["microphone", () => this.#sound.microphone(), t("checkSpeak")],
    ["loudspeaker", () => this.#sound.loudspeaker(), t("checkChirps")],
    ["echo", () => this.#sound.echo(), t("checkChirps")],
    ["codec", () => this.#sound.codec()],
    ["socket", () => this.#network.socket()],
    ["network", () => this.#network.roundTrip()],
  ];
  #screen = new CheckView(location.hash);

  constructor() {
    this.#screen.onStart = () => this.#run();
    this.#sound.onLevel = (level) => this.#screen.showLevel(level);
    this.#showWaiting();
    if (this.#address.auto) this.#sound.start().then((started) => (started ? this.#run() : undefined));
  }

  async #run() {
    this.#sound.start(); // browsers allow it only while a press is fresh
    this.#screen.showRunning(true);
    this.#screen.showStatus("");
    this.#screen.showVerdict(null, t("checkIntro"), "");
    this.#showWaiting();
    const rows = [];
    for (const [name, check, hint] of this.#checks) {
      this.#screen.showRow(name, "running", hint ?? "");
      const verdict = await verdictOf(check);
      this.#screen.showRow(name, verdict.state, verdict.words);
      rows.push({ name, ...verdict });
    }
    this.#sound.stop();
    this.#network.stop();
    const [verdict, cure] = verdictOn(rows);
    this.#screen.showVerdict(verdict, "", cure);
    this.#screen.showStatus(await tellRelay(rows));
    this.#screen.showRunning(false);
  }

  #showWaiting() {
    this.#screen.showWaiting(this.#checks.map(([name]) => name));
  }
}

/**
 * What is not known in time, or breaks, is unknown.
 * @param {() => Verdict | Promise<Verdict>} check
 * @returns {Promise<Verdict>}
 */
async function verdictOf(check) {
  try {
    return await Promise.race([check(), sleep(LONGEST_MS).then(() => unknown(t("checkTooLong")))]);
  } catch (error) {
    return unknown(t("checkBroke", { message: String(error) }));
  }
}

/**
 * One verdict, and the one thing to do or to know first.
 * @param {Row[]} rows
 * @returns {["ready" | "ready-but" | "not-yet", string]}
 */
function verdictOn(rows) {
  const failed = rows.find(({ name, state }) => state === "fails" && !BEARABLE.has(name));
  if (failed) return ["not-yet", failed.words];
  const doubtful = rows.find(({ state }) => state !== "passes");
  return doubtful ? ["ready-but", doubtful.words] : ["ready", ""];
}

/**
 * Tells the relay what came of it; returns what to say about that.
 * @param {Row[]} rows
 */
async function tellRelay(rows) {
  try {
    const body = JSON.stringify({ browser: navigator.userAgent, rows });
    const { ok } = await fetch("check", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body,
    });
    return t(ok ? "checkTold" : "checkNotTold");
  } catch {
    return t("checkNotTold");
  }
}

new Preflight();
