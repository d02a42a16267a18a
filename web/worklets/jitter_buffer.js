// The jitter buffer: packets in as the network brings them, samples out as the sound card takes them. The
// twin of streamer/jitter/jitter_buffer.pyx, which has the plan and the reasons; tests/vectors/jitter.json
// keeps both equal.

import { DecodedLine } from "./concealment.js";
import { DelayEstimator, isTime } from "./delay_estimator.js";
import { OVERLAP_SAMPLES } from "./overlap_add.js";
import { Arrival } from "./packet_buffer.js";
import { PlayoutClock } from "./playout_clock.js";
import {
  Decision,
  Operation,
  RESERVE_MS,
  STEP_SAMPLES,
  Situation,
  decide,
  dependsOnQuiet,
} from "./playout_policy.js";

const SAMPLES_PER_MS = 48;
const REST_PER_CUT = 4;
const REST_PER_REPEAT = 5;

/** One talker's jitter buffer, 48 kHz. `pop` allocates nothing of its own. */
export class JitterBuffer {
  #line;
  #packets;
  #sync;
  #clock = new PlayoutClock();
  #estimator;
  #floorMs;
  #ceilingMs;
  #playing = false;
  #isPopping = false;
  #rest = 0;
  #now = new Situation();
  #decision = new Decision();
  #counts = { received: 0, late: 0, duplicate: 0, discarded: 0, restarts: 0, underruns: 0 };
  #samples = { silent: 0, accelerated: 0, expanded: 0, skipped: 0 };

  /**
   * @param {import("./concealment.js").Decoder} decoder
   * @param {{ floorMs?: number, ceilingMs?: number }} options
   * @throws {RangeError} if the floor or the ceiling is out of range
   */
  constructor(decoder, { floorMs = 8, ceilingMs = 320 } = {}) {
    if (!(floorMs >= 0 && floorMs <= ceilingMs))
      throw new RangeError(`a target between ${floorMs} and ${ceilingMs} ms`);
    this.#line = new DecodedLine(decoder);
    this.#packets = this.#line.packets;
    this.#sync = this.#line.sync;
    this.#estimator = new DelayEstimator(ceilingMs);
    this.#floorMs = floorMs;
    this.#ceilingMs = ceilingMs;
    /** @type {number} */
    this.operation = Operation.SILENCE;
  }

  /**
   * Take in a packet.
   * @param {number} seq 16 bits
   * @param {number} timestamp 32 bits, in samples
   * @param {Uint8Array} payload kept, not copied
   * @param {number} nowMs the time of its arrival, by the clock that `pop` is given
   * @param {boolean} talkspurt whether one starts with this packet
   * @throws {RangeError} if one of them is invalid
   */
  push(seq, timestamp, payload, nowMs, talkspurt = false) {
    this.#check(nowMs);
    const arrival = this.#packets.insert(seq, timestamp, payload);
    this.#counts.received += 1;
    if (arrival === Arrival.DUPLICATE) this.#counts.duplicate += 1;
    if (arrival === Arrival.STALE || arrival === Arrival.DOUBTFUL) this.#counts.discarded += 1;
    if (arrival !== Arrival.NEW && arrival !== Arrival.RESTART) return;
    if (arrival === Arrival.RESTART) this.#estimator.restart();
    let relativeMs = this.#estimator.update(nowMs, this.#packets.insertedTimestamp, talkspurt);
    const isNewClock = this.#estimator.isNewClock;
    if (isNewClock) {
      this.#packets.beginAt(seq, timestamp);
      this.#packets.insert(seq, timestamp, payload);
      this.#estimator.restart();
      relativeMs = this.#estimator.update(nowMs, this.#packets.insertedTimestamp, talkspurt);
    }
    if (isNewClock || arrival === Arrival.RESTART) {
      this.#counts.restarts += 1;
      this.#beginAnew();
    }
    if (relativeMs > this.targetMs) this.#counts.late += 1;
  }

  /** @param {number} nowMs */
  #check(nowMs) {
    if (this.#isPopping) throw new Error("the decoder of a jitter buffer can't use that buffer");
    if (!isTime(nowMs)) throw new RangeError(`${nowMs} ms is no time`);
  }

  /**
   * Fill the block, of any length, and `side`, as long, with what plays from `nowMs` on; silence where there
   * is nothing.
   * @param {Float32Array} block
   * @param {number} nowMs
   * @param {Float32Array | null} side
   * @returns whether there can be anything but silence in the side
   * @throws {RangeError} if their lengths differ, or `nowMs` is not a time
   */
  pop(block, nowMs, side = null) {
    this.#check(nowMs);
    if (side && side.length !== block.length)
      throw new RangeError(`a side of ${side.length}, a block of ${block.length}`);
    this.#clock.beginBlock(nowMs, block.length);
    this.#isPopping = true;
    try {
      this.#fill(block, side);
    } finally {
      this.#isPopping = false;
    }
    return this.#sync.stereo;
  }

  /** @type {(block: Float32Array, side: Float32Array | null) => void} */
  #fill(block, side) {
    let filled = 0;
    while (filled < block.length) {
      const run = this.#sync.take(block, side, filled, this.#nextRun(block.length - filled));
      filled += run;
      this.#clock.advance(run);
      this.#rest = Math.max(this.#rest - run, 0);
    }
  }

  get targetMs() {
    const neededMs = this.#estimator.waitMs + this.#clock.leadMs + RESERVE_MS;
    return Math.min(Math.max(neededMs, this.#floorMs), this.#ceilingMs);
  }

  /**
   * @param {number} timestamp what that sample, played next, would have waited more than the fastest packet
   */
  #lateBy(timestamp) {
    return this.#clock.nowMs - timestamp / SAMPLES_PER_MS - this.#estimator.baseMs;
  }

  /**
   * Carry out decisions until there is sound ahead; return how much of it to play then.
   * @type {(wanted: number) => number}
   */
  #nextRun(wanted) {
    let maySplice = this.#playing && this.#rest === 0;
    if (this.#playing) this.operation = Operation.NORMAL;
    while (maySplice || this.#sync.ahead === 0) {
      this.#look(maySplice);
      maySplice = false;
      const operation = decide(this.#now, this.#decision);
      if (operation === Operation.SILENCE) return this.#beSilent(Math.min(this.#decision.samples, wanted));
      this.#carryOut(operation, this.#decision.samples);
      if (operation === Operation.START) {
        this.operation = Operation.NORMAL;
        maySplice = this.#rest === 0;
      }
    }
    return Math.min(this.#sync.ahead, STEP_SAMPLES, wanted);
  }

  /**
   * Note all that the decision depends on; of the packets, only if nothing is ahead.
   * @type {(maySplice: boolean) => void}
   */
  #look(maySplice) {
    const now = this.#now;
    now.isPlaying = this.#playing;
    now.maySplice = maySplice;
    now.ahead = this.#sync.ahead;
    now.waiting = this.#packets.count;
    let timestamp = this.#line.mediaEnd - now.ahead;
    if (!maySplice) {
      const seq = this.#packets.firstSeq;
      if (this.#playing) {
        this.#lookForSound(now, seq);
      } else if (seq >= 0) {
        timestamp = this.#packets.timestampOf(seq);
      }
    }
    now.delayMs = this.#lateBy(timestamp);
    now.networkMs = this.#estimator.waitMs + this.#clock.leadMs;
    now.usualMs = this.#estimator.usualMs + this.#clock.leadMs;
    now.targetMs = this.targetMs;
    now.isQuiet = dependsOnQuiet(now) && this.#sync.quietBehind;
  }

  /** @type {(now: Situation, seq: number) => void} */
  #lookForSound(now, seq) {
    if (seq >= 0) {
      now.gap = this.#packets.timestampOf(seq) - this.#line.mediaEnd;
      now.follows = seq === this.#packets.nextSeq;
      return;
    }
    now.isConcealing = this.#line.isConcealing;
    now.hasFaded = this.#line.faded;
  }

  /** @type {(operation: number, samples: number) => void} */
  #carryOut(operation, samples) {
    switch (operation) {
      case Operation.ACCELERATE:
      case Operation.EXPAND:
        return this.#splice(this.#decision);
      case Operation.START:
        this.#playing = true;
        return this.#line.decode(this.#packets.firstSeq);
      case Operation.DECODE:
        return this.#line.decode(this.#packets.firstSeq);
      case Operation.CONCEAL:
        return this.#conceal(samples);
      case Operation.SKIP:
        return this.#skip(samples);
      case Operation.STOP:
        return this.#stop();
      case Operation.RESTART:
        return this.#beginAnew();
    }
  }

  /** @param {number} count */
  #beSilent(count) {
    this.operation = Operation.SILENCE;
    this.#samples.silent += count;
    this.#sync.appendSilence(count);
    return count;
  }

  #stop() {
    this.#playing = false;
    this.#line.cutOff();
  }

  /** The talker has another clock: what is ahead fades away, and what comes next starts on target. */
  #beginAnew() {
    this.#stop();
    this.#sync.forgetAhead();
    this.#rest = 0;
  }

  /** @param {number} samples */
  #skip(samples) {
    this.#samples.skipped += this.#line.skipTo(this.#line.mediaEnd + samples);
    this.#rest = this.#sync.ahead;
  }

  /** @type {(decision: Decision) => void} Change the length by what the sound allows, if it does. */
  #splice({ operation, samples, longest, similarity }) {
    const shorter = operation === Operation.ACCELERATE;
    this.#line.decodeAhead(shorter ? Math.max(samples, longest) + OVERLAP_SAMPLES : OVERLAP_SAMPLES);
    const lag = shorter
      ? this.#sync.accelerate(samples, longest, similarity)
      : this.#sync.expand(samples, longest, similarity);
    this.#rest =
      lag === 0 || this.#sync.free ? OVERLAP_SAMPLES : (shorter ? REST_PER_CUT : REST_PER_REPEAT) * lag;
    if (lag === 0) return;
    this.operation = operation;
    if (shorter) this.#samples.accelerated += lag;
    else this.#samples.expanded += lag;
  }

  /**
   * @param {number} samples of lost packets that is the talker's time; if nothing came,
   *   his time waits for what is late
   */
  #conceal(samples) {
    if (this.#packets.count > 0) this.#line.passOver(samples);
    else if (!this.#line.isConcealing) this.#counts.underruns += 1;
    this.operation = Operation.CONCEAL;
    this.#line.conceal(samples);
  }

  /** The timestamp of the next sample to be popped, or null while none is playing. */
  get playoutTimestamp() {
    return this.#playing ? (this.#line.mediaEnd - this.#sync.ahead) >>> 0 : null;
  }

  /** How much longer the next sample has waited than the fastest packet; 0 while nothing plays. */
  get delayMs() {
    return this.#playing ? this.#lateBy(this.#line.mediaEnd - this.#sync.ahead) : 0;
  }

  /** How much of the talker's sound is here and has not been popped. */
  get levelMs() {
    return this.#line.held / SAMPLES_PER_MS;
  }

  /** Everything counted since the start, by its public name; levels are of now. */
  get statistics() {
    const { silent, accelerated, expanded, skipped } = this.#samples;
    return {
      targetMs: this.targetMs,
      delayMs: this.delayMs,
      levelMs: this.levelMs,
      ...this.#counts,
      lost: this.#line.lost,
      undecodable: this.#line.undecodable,
      overruns: this.#packets.overruns,
      concealedMs: this.#line.concealed / SAMPLES_PER_MS,
      silentMs: silent / SAMPLES_PER_MS,
      acceleratedMs: accelerated / SAMPLES_PER_MS,
      expandedMs: expanded / SAMPLES_PER_MS,
      skippedMs: skipped / SAMPLES_PER_MS,
    };
  }
}
