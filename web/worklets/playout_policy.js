// What the jitter buffer does next: one pure function of what it knows, `decide`. It keeps no state and changes only the
// decision it is given to fill in, since the audio thread makes no objects. The twin of streamer/jitter/policy.pyx, which has
// the table of all thresholds, and the reason of each.

import { LONGEST_LAG } from "./sync_buffer.js";

const SAMPLES_PER_MS = 48;
export const STEP_SAMPLES = 240;
const LATE_BAND_MS = 5;
const EARLY_BAND_MS = 3;
const SPARE_MS = 1;
const OVERSHOOT_MS = 2;
const SKIP_MS = 260;
const KEEP_MS = 230;
const OVERDUE_SHARE = 0.4;
const ALIKE = 0.8;
const ALIKE_ENOUGH = 0.5;
const HURRY_MS = 30;
const LONGEST_GAP_SAMPLES = 4800;
const CONCEAL_SAMPLES = 240;
const CONCEAL_UNIT = 120;

/** The first five are heard, and shown as the last decision. */
export const Operation = Object.freeze({
  NORMAL: 0,
  ACCELERATE: 1,
  EXPAND: 2,
  CONCEAL: 3,
  SILENCE: 4,
  START: 5,
  DECODE: 6,
  SKIP: 7,
  STOP: 8,
  RESTART: 9,
});

/** What a decision depends on. Before the first packet plays, `delayMs` is that packet's. */
export class Situation {
  isPlaying = false;
  maySplice = false;
  delayMs = 0;
  targetMs = 0;
  networkMs = 0;
  floorMs = 0;
  ahead = 0;
  waiting = 0;
  gap = 0;
  follows = false;
  isConcealing = false;
  hasFaded = false;
  isQuiet = false;
}

/** The operation, its length in samples, and how alike the ends of a splice must be. */
export class Decision {
  /** @type {number} */
  operation = Operation.NORMAL;
  samples = 0;
  similarity = 0;

  /** @type {(operation: number, samples: number, similarity: number) => void} */
  set(operation, samples, similarity) {
    this.operation = operation;
    this.samples = samples;
    this.similarity = similarity;
  }
}

/**
 * While a splice is possible (`maySplice`), the only question is whether to change the length; NORMAL is not to. Otherwise
 * nothing is ahead, and the question is where sound comes from.
 * @param {Situation} now
 * @param {Decision} decision filled in
 * @returns its operation
 */
export function decide(now, decision) {
  if (!now.isPlaying) start(now, decision);
  else if (now.maySplice) changeLength(now, decision);
  else findSound(now, decision);
  return decision.operation;
}

/** @type {(now: Situation) => boolean} False if `isQuiet` changes nothing in what `decide` returns. */
export function dependsOnQuiet(now) {
  if (!now.isPlaying) return false;
  return now.maySplice ? now.delayMs < leastMsOf(now) || isOverdue(now) : now.waiting === 0;
}

/** @type {(now: Situation) => number} */
const leastMsOf = (now) => Math.min(now.floorMs, now.networkMs + SPARE_MS);

/** @type {(now: Situation) => boolean} */
const isOverdue = (now) => now.waiting === 0 && now.ahead < OVERDUE_SHARE * now.delayMs * SAMPLES_PER_MS;

/** @type {(now: Situation, decision: Decision) => void} Be silent until the first packet here is due: so it starts on target. */
function start(now, decision) {
  if (now.waiting === 0) return decision.set(Operation.SILENCE, STEP_SAMPLES, 0);
  const early = (now.targetMs - now.delayMs) * SAMPLES_PER_MS;
  if (early <= 0) return decision.set(Operation.START, 0, 0);
  return decision.set(Operation.SILENCE, early < STEP_SAMPLES - 1 ? Math.trunc(early) + 1 : STEP_SAMPLES, 0);
}

/** @type {(now: Situation, decision: Decision) => void} */
function changeLength(now, decision) {
  const excessMs = now.delayMs - now.targetMs;
  const leastMs = leastMsOf(now);
  if (excessMs > SKIP_MS) return decision.set(Operation.SKIP, Math.trunc((excessMs - KEEP_MS) * SAMPLES_PER_MS), 0);
  if (excessMs < -SKIP_MS) return decision.set(Operation.RESTART, 0, 0);
  if (excessMs > LATE_BAND_MS) {
    // not below what asks for a repeat: else each would undo the other again and again
    const byMs = Math.min(excessMs, now.delayMs - leastMs - OVERSHOOT_MS);
    return splice(decision, Operation.ACCELERATE, byMs, excessMs < HURRY_MS ? ALIKE : ALIKE_ENOUGH);
  }
  if (excessMs < -EARLY_BAND_MS) return splice(decision, Operation.EXPAND, -excessMs, ALIKE);
  // a long pitch period fits, before it is late
  if (now.delayMs < leastMs) return winTime(now, decision, now.floorMs - OVERSHOOT_MS, ALIKE);
  if (isOverdue(now)) {
    return winTime(now, decision, LONGEST_LAG / SAMPLES_PER_MS, ALIKE_ENOUGH);
  }
  return decision.set(Operation.NORMAL, 0, 0);
}

/**
 * Expand; where it is quiet, and any length fits, by no more than what would be cut out again.
 * @type {(now: Situation, decision: Decision, byMs: number, similarity: number) => void}
 */
function winTime(now, decision, byMs, similarity) {
  const quietMs = LATE_BAND_MS - OVERSHOOT_MS - (now.delayMs - now.targetMs);
  const ms = now.isQuiet ? Math.min(byMs, quietMs) : byMs;
  if (ms > 0) splice(decision, Operation.EXPAND, ms, similarity);
  else decision.set(Operation.NORMAL, 0, 0);
}

/** @type {(now: Situation, decision: Decision) => void} */
function findSound(now, decision) {
  if (now.waiting === 0) runDry(now, decision);
  else if (now.gap <= 0) decision.set(Operation.DECODE, 0, 0);
  else if (now.follows) decision.set(Operation.STOP, 0, 0);
  else fillGap(now, decision);
}

/** @type {(now: Situation, decision: Decision) => void} Conceal until it has faded away; if it is quiet already, stop at once. */
function runDry(now, decision) {
  if (now.hasFaded || (!now.isConcealing && now.isQuiet)) decision.set(Operation.STOP, 0, 0);
  else decision.set(Operation.CONCEAL, CONCEAL_SAMPLES, 0);
}

/** @type {(now: Situation, decision: Decision) => void} Conceal as long as what is lost was, but give back what we are late. */
function fillGap(now, decision) {
  const excess = (now.delayMs - now.targetMs) * SAMPLES_PER_MS;
  const needed = now.gap - Math.trunc(Math.max(excess, 0));
  if (needed > LONGEST_GAP_SAMPLES) decision.set(Operation.STOP, 0, 0);
  else if (needed < CONCEAL_UNIT) decision.set(Operation.DECODE, 0, 0);
  else decision.set(Operation.CONCEAL, Math.min(needed - (needed % CONCEAL_UNIT), CONCEAL_SAMPLES), 0);
}

/** @type {(decision: Decision, operation: number, byMs: number, similarity: number) => void} Change the length by about so much. */
function splice(decision, operation, byMs, similarity) {
  decision.set(operation, Math.min(Math.trunc((byMs + OVERSHOOT_MS) * SAMPLES_PER_MS), LONGEST_LAG), similarity);
}
