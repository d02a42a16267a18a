// Mouth to ear in the air: our loudspeaker chirps, our microphone hears it at once, and again when the one
// other device in the room plays it. The difference is the delay, whatever our own devices take. Twin of
// measure_acoustic in measure/loop.py.
//
// Meanwhile the browser leaves the microphone's sound as it is (echo cancelling would remove just what is
// looked for), and nothing of the others is played: their microphones hear our chirps too.

import { SAMPLE_RATE } from "../../shared/audio_format.js";
import { quantile } from "../../shared/sliding_window.js";
import { t } from "../../ui/text.js";
import { UNPROCESSED } from "../sound/microphone.js";

/** Twelve seconds, which people have patience for; one or two may be lost in a noise. */
const CHIRPS = 8;
/** At least twice as long as an echo may take. */
const EVERY_MS = 1_500;
/** For both devices to switch what they do to a microphone's sound. The levels are those of the twin. */
const SETTLE_MS = 1_500;
const SILENT_DBFS = -70;
const TOO_LOUD_DBFS = -30;
const LOUD_DBFS = -40;

/** @typedef {import("../../shared/messages.js").Echo} Echo */
/** @typedef {import("../people/roster.js").Person} Member */
/** @typedef {import("../../shared/room_link.js").Processing} Processing */

/**
 * What the test needs of the page.
 * @typedef {object} Parts
 * @property {(words: string, running: boolean) => void} show how the test goes, or what came of it
 * @property {Pick<import("../sound/audio_graph.js").AudioGraph, "chirp" | "othersMuted">} sound
 * @property {(order: import("../../shared/messages.js").Order) => void} order
 * @property {(processing: Processing) => Promise<void>} openMicrophone
 */

/**
 * @typedef {{peer: Member, processing: Processing, echoes: Echo[],
 *   timer: number}} Run `processing` is what to come back to
 */

export class AcousticTest {
  #parts;
  /** @type {Run | null} */
  #run = null;

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  /**
   * Starts the test, stops it, or says why it can't be.
   * @param {Member[]} others who is in the room
   * @param {boolean} silent we say nothing
   * @param {Processing} processing of the microphone
   */
  press(others, silent, processing) {
    const words = this.#run ? t("airStopped") : wordsAgainst(others, silent);
    if (this.#run) this.stop(words);
    else if (words) this.#parts.show(words, false);
    else this.#start({ peer: others[0], processing, echoes: [], timer: 0 });
  }

  /**
   * @param {Member[]} others who is in the room now
   * @param {boolean} silent nothing that is said here is sent
   */
  check(others, silent) {
    if (!this.#run) return;
    const { talkerId, name } = this.#run.peer;
    if (!others.some((other) => other.talkerId === talkerId)) this.stop(t("airLeft", { name }));
    else this.stop(wordsAgainst(others, silent));
  }

  /** @param {string | null} words why there is no number; null where all is well, and nothing stops */
  stop(words) {
    if (!this.#run || words === null) return;
    const { timer, processing } = this.#run;
    this.#run = null;
    clearTimeout(timer);
    this.#setChirping(false);
    this.#parts.openMicrophone(processing);
    this.#parts.show(words, false);
  }

  /** @param {Echo} echo */
  onEcho(echo) {
    if (!this.#run) return;
    const { echoes, peer } = this.#run;
    echoes.push(echo);
    if (echoes.length === CHIRPS) this.stop(wordsFor(echoes, peer.name));
    else this.#chirp(this.#run);
  }

  /** @param {Run} run */
  async #start(run) {
    this.#run = run;
    this.#parts.show(t("airBegins", { name: run.peer.name }), true);
    this.#setChirping(true);
    await this.#parts.openMicrophone(UNPROCESSED);
    if (this.#run === run) run.timer = setTimeout(() => this.#chirp(run), SETTLE_MS);
  }

  /** @param {Run} run */
  #chirp(run) {
    this.#parts.order({ type: "acousticTest", step: "chirp" });
    this.#parts.sound.chirp();
    this.#parts.show(t("airRuns", { number: run.echoes.length + 1, count: CHIRPS }), true);
    run.timer = setTimeout(() => this.#parts.order({ type: "acousticTest", step: "echo" }), EVERY_MS);
  }

  /** @param {boolean} on nothing but chirps is played, and sent */
  #setChirping(on) {
    this.#parts.sound.othersMuted = on;
    this.#parts.order({ type: "acousticTest", step: on ? "begin" : "end" });
  }
}

/**
 * Why it can't be measured now; null where it can.
 * @param {Member[]} others
 * @param {boolean} silent
 */
function wordsAgainst(others, silent) {
  if (others.length === 0) return t("airAlone");
  if (others.length > 1) return t("airCrowd");
  return silent ? t("airMuted") : null;
}

/**
 * The delay and how sure it is; or why there is no number.
 * @param {Echo[]} echoes
 * @param {string} name
 */
export function wordsFor(echoes, name) {
  const delays = echoes.flatMap(({ delayMs }) => (delayMs === null ? [] : [delayMs])).sort((a, b) => a - b);
  const noise = medianOf(echoes.map(({ noiseDbfs }) => noiseDbfs));
  if (delays.length === 0) return wordsForNothing(echoes, noise);
  const [least, ms, most] = [delays[0], quantile(delays, 0.5), delays[delays.length - 1]].map(Math.round);
  const found = t("airFound", { name, ms, least, most, found: delays.length, count: echoes.length });
  return noise > LOUD_DBFS ? `${found} ${t("airLoud")}` : found;
}

/**
 * @param {Echo[]} echoes
 * @param {number} noise
 */
function wordsForNothing(echoes, noise) {
  if (echoes.some(({ heard }) => heard)) return t("airNoEcho");
  if (echoes.every(({ peakDbfs }) => peakDbfs < SILENT_DBFS)) return t("airSilent");
  return t(noise > TOO_LOUD_DBFS ? "airTooLoud" : "airNoChirp");
}

/** @param {number[]} values */
const medianOf = (values) => quantile([...values].sort((a, b) => a - b), 0.5);
