// What the jitter buffer does next: one pure function of what it knows, `decide`. It keeps no state and
// changes only the decision it is given to fill in, since the audio thread makes no objects. The twin of
// streamer/jitter/policy.pyx, which has the table of all thresholds, and the reason of each.

import { LONGEST_LAG } from "./sync_buffer.js";

const SAMPLES_PER_MS = 48;
export const STEP_SAMPLES = 240;
const LATE_BAND_MS = 5;
export const RESERVE_MS = 3;
const SPARE_MS = 1;
const OVERSHOOT_MS = 2;
const SKIP_MS = 260;
const KEEP_MS = 230;
const OVERDUE_SHARE = 0.4;
const LONGEST_MS = LONGEST_LAG / SAMPLES_PER_MS;
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
  usualMs = 0;
  ahead = 0;
  waiting = 0;
  gap = 0;
  follows = false;
  isConcealing = false;
  hasFaded = false;
  isQuiet = false;
}

/**
 * The operation, its length in samples; of a splice, that where it is quiet, the longest elsewhere, and how
 * alike its ends must be.
 */
export class Decision {
  /** @type {number} */
  operation = Operation.NORMAL;
  samples = 0;
  longest = 0;
  similarity = 0;

  /** @type {(operation: number, samples: number, longest?: number, similarity?: number) => void} */
  set(operation, samples, longest = 0, similarity = 0) {
    this.operation = operation;
    this.samples = samples;
    this.longest = longest;
    this.similarity = similarity;
  }
}

/**
 * While a splice is possible (`maySplice`), the only question is whether to change the length; NORMAL is not
 * to. Otherwise nothing is ahead, and the question is where sound comes from.
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
export const dependsOnQuiet = (now) => now.isPlaying && !now.maySplice && now.waiting === 0;

/** @type {(now: Situation) => number} */
const lowMsOf = (now) => Math.min(now.networkMs, now.targetMs - RESERVE_MS) + SPARE_MS;

/** @type {(now: Situation) => boolean} */
function isOverdue(now) {
  const aheadMs = now.ahead / SAMPLES_PER_MS;
  return now.waiting === 0 && aheadMs < OVERDUE_SHARE * now.delayMs && now.delayMs - aheadMs > now.usualMs;
}

/**
 * Be silent until the first packet here is due: so it starts on target.
 * @type {(now: Situation, decision: Decision) => void}
 */
function start(now, decision) {
  if (now.waiting === 0) return decision.set(Operation.SILENCE, STEP_SAMPLES);
  const early = (now.targetMs - now.delayMs) * SAMPLES_PER_MS;
  if (early <= 0) return decision.set(Operation.START, 0);
  return decision.set(Operation.SILENCE, early < STEP_SAMPLES - 1 ? Math.trunc(early) + 1 : STEP_SAMPLES);
}

/** @type {(now: Situation, decision: Decision) => void} Between `lowMs` and `highMs` nothing is changed. */
function changeLength(now, decision) {
  const excessMs = now.delayMs - now.targetMs;
  const lowMs = lowMsOf(now);
  const highMs = now.targetMs + LATE_BAND_MS;
  if (excessMs > SKIP_MS)
    return decision.set(Operation.SKIP, Math.trunc((excessMs - KEEP_MS) * SAMPLES_PER_MS));
  if (excessMs < -SKIP_MS) return decision.set(Operation.RESTART, 0);
  if (now.delayMs > highMs) {
    const mostMs = Math.min(excessMs + OVERSHOOT_MS, now.delayMs - lowMs);
    return splice(
      decision,
      Operation.ACCELERATE,
      excessMs,
      mostMs,
      excessMs < HURRY_MS ? ALIKE : ALIKE_ENOUGH,
    );
  }
  if (now.delayMs < lowMs) {
    const mostMs = now.delayMs < lowMs - SPARE_MS ? LONGEST_MS : highMs - now.delayMs;
    return splice(decision, Operation.EXPAND, -excessMs, mostMs, ALIKE);
  }
  if (isOverdue(now))
    return splice(decision, Operation.EXPAND, highMs - now.delayMs, LONGEST_MS, ALIKE_ENOUGH);
  // in a pause, and only there, the delay changes for nothing
  if (excessMs > SPARE_MS) return splice(decision, Operation.ACCELERATE, excessMs, 0, ALIKE);
  if (excessMs < -SPARE_MS) return splice(decision, Operation.EXPAND, -excessMs, 0, ALIKE);
  return decision.set(Operation.NORMAL, 0);
}

/** @type {(now: Situation, decision: Decision) => void} */
function findSound(now, decision) {
  if (now.waiting === 0) runDry(now, decision);
  else if (now.gap <= 0) decision.set(Operation.DECODE, 0);
  else if (now.follows) decision.set(Operation.STOP, 0);
  else fillGap(now, decision);
}

/**
 * Conceal until it has faded away; if it is quiet already, stop at once.
 * @type {(now: Situation, decision: Decision) => void}
 */
function runDry(now, decision) {
  if (now.hasFaded || (!now.isConcealing && now.isQuiet)) decision.set(Operation.STOP, 0);
  else decision.set(Operation.CONCEAL, CONCEAL_SAMPLES);
}

/**
 * Conceal as long as what is lost was, but give back what we are late.
 * @type {(now: Situation, decision: Decision) => void}
 */
function fillGap(now, decision) {
  const excess = (now.delayMs - now.targetMs) * SAMPLES_PER_MS;
  const needed = now.gap - Math.trunc(Math.max(excess, 0));
  if (needed > LONGEST_GAP_SAMPLES) decision.set(Operation.STOP, 0);
  else if (needed < CONCEAL_UNIT) decision.set(Operation.DECODE, 0);
  else decision.set(Operation.CONCEAL, Math.min(needed - (needed % CONCEAL_UNIT), CONCEAL_SAMPLES));
}

/**
 * @type {(decision: Decision, operation: number, wantedMs: number, mostMs: number,
 *   similarity: number) => void}
 */
function splice(decision, operation, wantedMs, mostMs, similarity) {
  const wanted = Math.trunc(wantedMs * SAMPLES_PER_MS);
  const longest = Math.trunc(mostMs * SAMPLES_PER_MS);
  decision.set(operation, Math.min(wanted, LONGEST_LAG), Math.min(longest, LONGEST_LAG), similarity);
}
