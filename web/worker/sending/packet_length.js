// How long our packets last: what was chosen, or longer where that is not carried or saves nothing. Twin of
// streamer/client/packet_length.py, which has the reasons; tests/vectors/packet_length.json keeps both equal.
// Lengths are in 2.5 ms, as in a packet's header; times in ms of any clock that does not go back.

import { DURATION_UNIT_SAMPLES } from "../../shared/audio_format.js";

/** 10 ms. */
const STANDARD = 4;
/** Of a room, with us, by the length: 2.5 ms and 5 ms. @type {Record<number, number>} */
const MOST_MEMBERS = { 1: 20, 2: 40 };
const HOLD_MS = 30_000;
const LONGEST_HOLD_MS = 240_000;
const CALM_MS = 300_000;
/** Of a round trip, beyond the fastest. */
const LATE_US = 20_000;
const STALL_MS = 1_000;
const LOOK_BACK_MS = 8_000;
const LOOKED_AT = 16;

/** @typedef {import("../../shared/messages.js").PacketsWhy} Why */

export class PacketLength {
  wanted = STANDARD;
  units = STANDARD;
  /** @type {Why} */
  why = "";
  /** @type {number[]} */
  #roundTrips = [];
  #lateMs = -Infinity;
  #holdMs = HOLD_MS;
  #heldUntilMs = -Infinity;

  /**
   * Somebody has chosen: that is tried at once, whatever was before.
   * @param {number} units
   */
  want(units) {
    this.wanted = units;
    this.#heldUntilMs = -Infinity;
  }

  /**
   * A packet did not reach the relay in time, or the relay asked for longer ones.
   * @param {number} nowMs
   */
  noteTrouble(nowMs) {
    if (this.wanted >= STANDARD || nowMs < this.#heldUntilMs) return;
    if (nowMs > this.#heldUntilMs + CALM_MS) this.#holdMs = HOLD_MS;
    this.#heldUntilMs = nowMs + this.#holdMs;
    this.#holdMs = Math.min(2 * this.#holdMs, LONGEST_HOLD_MS);
  }

  /**
   * A ping came back.
   * @param {number} nowMs
   * @param {number} roundTripUs
   */
  noteRoundTrip(nowMs, roundTripUs) {
    this.#roundTrips = [...this.#roundTrips, roundTripUs].slice(-LOOKED_AT);
    const sinceMs = nowMs - this.#lateMs;
    if (roundTripUs - Math.min(...this.#roundTrips) <= LATE_US || sinceMs <= STALL_MS) return;
    this.#lateMs = nowMs;
    if (sinceMs <= LOOK_BACK_MS) this.noteTrouble(nowMs);
  }

  /**
   * Sets `units` and `why`.
   * @param {number} nowMs
   * @param {{members: number, least: number, overHttp: boolean}} now `members` with us; `least`: the pieces
   *   that the sound comes in
   */
  look(nowMs, { members, least, overHttp }) {
    [this.units, this.why] = [this.wanted, ""];
    if (this.wanted >= STANDARD) return;
    if (overHttp) [this.units, this.why] = [STANDARD, "http"];
    else if (nowMs < this.#heldUntilMs) [this.units, this.why] = [STANDARD, "network"];
    else {
      while (members > (MOST_MEMBERS[this.units] ?? members))
        [this.units, this.why] = [2 * this.units, "room"];
      if (this.units < least) [this.units, this.why] = [least, "source"];
    }
  }
}

/**
 * What it needs of the worker.
 * @typedef {object} Parts
 * @property {(samples: number) => void} setSamples of a packet, from the next one on
 * @property {() => {members: number, pieceUnits: number, needsFrames: boolean}} situation
 * @property {(packets: import("../../shared/messages.js").OwnPackets) => void} onChange
 */

/** Asks the rules above ten times a second, and tells what they change. */
export class OwnPackets {
  #parts;
  #length = new PacketLength();
  #told = "";
  overHttp = false;

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  /**
   * Tells in any case what it comes to.
   * @param {number} units chosen, in 2.5 ms
   * @param {number} nowMs
   */
  choose(units, nowMs) {
    this.#length.want(units);
    this.#told = "";
    this.look(nowMs);
  }

  /**
   * @param {number | null} roundTripUs
   * @param {number} nowMs
   */
  onPong(roundTripUs, nowMs) {
    if (roundTripUs !== null) this.#length.noteRoundTrip(nowMs, roundTripUs);
  }

  /**
   * The relay asks for longer ones.
   * @param {number} nowMs
   */
  onCrowded(nowMs) {
    this.#length.noteTrouble(nowMs);
  }

  /** @param {number} nowMs */
  look(nowMs) {
    const { members, pieceUnits, needsFrames } = this.#parts.situation();
    this.#length.look(nowMs, {
      members,
      least: needsFrames ? STANDARD : pieceUnits,
      overHttp: this.overHttp,
    });
    const { units, why } = this.#length;
    const told = `${units} ${why}`;
    if (told === this.#told) return;
    this.#told = told;
    this.#parts.setSamples(units * DURATION_UNIT_SAMPLES);
    this.#parts.onChange({ units, why });
  }
}
