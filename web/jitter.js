// A jitter buffer of a fixed delay. Twin of client/fixed_jitter.py.
//
// Every sample has its place on one line, the talker's timestamps. `pop` walks along that line:
//   waiting    silence, until the delay's worth of sound is there or the first packet has waited that long;
//   playing    decode what lies at the line; conceal what is missing, so that what comes late is dropped and the delay
//              stays; after MAX_CONCEALED_SAMPLES of that, wait again;
//   excess     more than SLACK_SAMPLES over the delay is dropped at once, oldest first: the delay always comes back.

import { DURATION_UNIT_SAMPLES, SAMPLE_RATE, SAMPLES_PER_FRAME } from "./audio_format.js";

const DELAY_MS = 40;
const SLACK_SAMPLES = (SAMPLE_RATE * 40) / 1000;
const MAX_CONCEALED_SAMPLES = (SAMPLE_RATE * 60) / 1000;
/** A timestamp this far from the line is neither late nor early: a long pause is over, or a clock began anew. */
const RESTART_SAMPLES = SAMPLE_RATE * 2;
const SAMPLES_PER_MS = SAMPLE_RATE / 1000;
const NOTHING = new Float32Array(0);

/** @typedef {{decode(payload: Uint8Array): Float32Array, conceal(nSamples: number): Float32Array}} Decoder */
/** @typedef {{place: number, payload: Uint8Array, nowMs: number}} Held */

export class JitterBuffer {
  #decoder;
  #delayMs;
  /** @type {Held[]} by their places */
  #held = [];
  #line = 0;
  #playing = false;
  /** @type {Float32Array} */
  #decoded = NOTHING;
  #used = 0;
  #concealedInARow = 0;
  #late = 0;
  #duplicate = 0;
  #dropped = 0;
  #undecodable = 0;
  #concealedSamples = 0;

  /**
   * @param {Decoder} decoder
   * @param {{delayMs?: number}} [options]
   */
  constructor(decoder, { delayMs = DELAY_MS } = {}) {
    this.#decoder = decoder;
    this.#delayMs = delayMs;
  }

  /** @returns {import("./stats.js").TalkerStatistics} */
  get statistics() {
    return {
      levelMs: (this.#heldSamples + this.#decoded.length - this.#used) / SAMPLES_PER_MS,
      targetMs: this.#delayMs,
      late: this.#late,
      duplicate: this.#duplicate,
      dropped: this.#dropped,
      undecodable: this.#undecodable,
      concealedMs: this.#concealedSamples / SAMPLES_PER_MS,
    };
  }

  /**
   * @param {number} seq
   * @param {number} timestamp in samples, modulo 2³²
   * @param {Uint8Array} payload kept, not copied
   * @param {number} nowMs of any one clock
   */
  push(seq, timestamp, payload, nowMs) {
    const ahead = (timestamp - this.#line) | 0; // modulo 2³², as signed
    if (Math.abs(ahead) > RESTART_SAMPLES) this.#restart();
    const place = this.#line + ahead;
    if (this.#held.length === 0 && !this.#playing) this.#line = place;
    if (this.#playing && place < this.#line) {
      this.#late += 1;
      return;
    }
    let i = this.#held.length;
    while (i > 0 && this.#held[i - 1].place > place) i -= 1;
    if (i > 0 && this.#held[i - 1].place === place) this.#duplicate += 1;
    else this.#held.splice(i, 0, { place, payload, nowMs });
  }

  /**
   * Fills `block` with what is to be heard next.
   * @param {Float32Array} block
   * @param {number} nowMs
   */
  pop(block, nowMs) {
    let filled = 0;
    while (filled < block.length) {
      if (this.#used === this.#decoded.length && !this.#refill(nowMs)) {
        block.fill(0, filled);
        return;
      }
      const n = Math.min(block.length - filled, this.#decoded.length - this.#used);
      for (let i = 0; i < n; i += 1) block[filled + i] = this.#decoded[this.#used + i];
      filled += n;
      this.#used += n;
    }
  }

  get #heldSamples() {
    return this.#held.length * SAMPLES_PER_FRAME;
  }

  #restart() {
    this.#held.length = 0;
    this.#playing = false;
  }

  /**
   * The next samples; false while there is nothing but silence.
   * @param {number} nowMs
   */
  #refill(nowMs) {
    this.#used = 0;
    this.#decoded = NOTHING;
    if (!this.#playing && !this.#begin(nowMs)) return false;
    this.#dropExcess();
    const first = this.#held[0];
    this.#decoded = first?.place === this.#line ? this.#decode() : this.#conceal();
    this.#line += this.#decoded.length;
    while (this.#held.length > 0 && this.#held[0].place < this.#line) this.#dropFirst();
    return true;
  }

  /** @param {number} nowMs */
  #begin(nowMs) {
    if (this.#held.length === 0) return false;
    const first = this.#held[0];
    this.#playing = this.#heldSamples >= this.#delayMs * SAMPLES_PER_MS || nowMs - first.nowMs >= this.#delayMs;
    this.#line = first.place;
    this.#concealedInARow = 0;
    return this.#playing;
  }

  #dropExcess() {
    const delaySamples = this.#delayMs * SAMPLES_PER_MS;
    if (this.#heldSamples <= delaySamples + SLACK_SAMPLES) return;
    while (this.#heldSamples > delaySamples) this.#dropFirst();
    this.#line = this.#held[0].place;
  }

  #dropFirst() {
    this.#held.shift();
    this.#dropped += 1;
  }

  #decode() {
    const { payload } = /** @type {Held} */ (this.#held.shift());
    try {
      const samples = this.#decoder.decode(payload);
      this.#concealedInARow = 0;
      return samples;
    } catch {
      this.#undecodable += 1; // counted: what a talker sends can't stop the others
      return this.#conceal();
    }
  }

  #conceal() {
    const gap = this.#held.length > 0 ? this.#held[0].place - this.#line : SAMPLES_PER_FRAME;
    const nSamples = Math.min(gap, SAMPLES_PER_FRAME);
    this.#concealedInARow += nSamples;
    this.#concealedSamples += nSamples;
    if (this.#concealedInARow >= MAX_CONCEALED_SAMPLES) this.#playing = false;
    const samples = this.#decoder.conceal(Math.ceil(nSamples / DURATION_UNIT_SAMPLES) * DURATION_UNIT_SAMPLES);
    return samples.subarray(0, nSamples); // Opus conceals in whole units only
  }
}
