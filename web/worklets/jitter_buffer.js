// The jitter buffer: packets in as the network brings them, samples out as the sound card takes them. The twin of
// streamer/jitter/jitter_buffer.pyx, which has the plan and the reasons; tests/vectors/jitter.json keeps both equal.

import { DecodedLine } from "./concealment.js";
import { DelayEstimator, PlayoutClock, isTime } from "./delay_estimator.js";
import { OVERLAP_SAMPLES } from "./overlap_add.js";
import { Arrival } from "./packet_buffer.js";
import { LONGEST_LAG } from "./sync_buffer.js";

const SAMPLES_PER_MS = 48;
const STEP_SAMPLES = 240;
const CONCEAL_SAMPLES = 240;
const CONCEAL_UNIT = 120;
const LONGEST_GAP_SAMPLES = 4800;
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
const REST_PER_CUT = 4;
const REST_PER_REPEAT = 5;

/** What the last decision was. */
export const Operation = Object.freeze({ NORMAL: 0, ACCELERATE: 1, EXPAND: 2, CONCEAL: 3, SILENCE: 4 });

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
  #counts = { received: 0, late: 0, duplicate: 0, discarded: 0, restarts: 0, underruns: 0 };
  #samples = { silent: 0, accelerated: 0, expanded: 0, skipped: 0 };

  /**
   * @param {import("./concealment.js").Decoder} decoder
   * @param {{ floorMs?: number, ceilingMs?: number, lateShare?: number }} options
   * @throws {RangeError} where the floor and the ceiling are none
   */
  constructor(decoder, { floorMs = 10, ceilingMs = 250, lateShare = 0.01 } = {}) {
    if (!(floorMs >= 0 && floorMs <= ceilingMs)) throw new RangeError(`a target between ${floorMs} and ${ceilingMs} ms`);
    this.#line = new DecodedLine(decoder);
    this.#packets = this.#line.packets;
    this.#sync = this.#line.sync;
    this.#estimator = new DelayEstimator(lateShare, ceilingMs);
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
   * @throws {RangeError} where one of them is none
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
   * Fill the block, of any length, and `side`, as long, with what plays from `nowMs` on; silence where there is nothing.
   * @param {Float32Array} block
   * @param {number} nowMs
   * @param {Float32Array | null} side
   * @returns whether there can be anything but silence in the side
   * @throws {RangeError} where they are not as long, or `nowMs` is no time
   */
  pop(block, nowMs, side = null) {
    this.#check(nowMs);
    if (side && side.length !== block.length) throw new RangeError(`a side of ${side.length}, a block of ${block.length}`);
    this.#clock.beginBlock(nowMs);
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
      this.#clock.popped += run;
      this.#rest = Math.max(this.#rest - run, 0);
    }
  }

  get targetMs() {
    return Math.min(Math.max(this.#estimator.quantileMs + this.#clock.leadMs, this.#floorMs), this.#ceilingMs);
  }

  /** @param {number} timestamp what that sample, played next, would have waited more than the fastest packet */
  #lateBy(timestamp) {
    return this.#clock.nowMs - timestamp / SAMPLES_PER_MS - this.#estimator.baseMs;
  }

  /** @type {(wanted: number) => number} Make one decision; return how many samples to play before the next. */
  #nextRun(wanted) {
    if (this.#playing) {
      this.operation = Operation.NORMAL;
      this.#adapt();
    }
    while (this.#playing && this.#sync.ahead === 0) this.#fetch();
    const run = Math.min(this.#sync.ahead, STEP_SAMPLES, wanted);
    return run === 0 ? this.#start(wanted) : run;
  }

  /** @type {(wanted: number) => number} Be silent until the first packet here is due, then play it. */
  #start(wanted) {
    const seq = this.#packets.firstSeq;
    let wait = Math.min(wanted, STEP_SAMPLES);
    if (seq >= 0) {
      const early = (this.targetMs - this.#lateBy(this.#packets.timestampOf(seq))) * SAMPLES_PER_MS;
      if (early <= 0) {
        this.#playing = true;
        this.#line.decode(seq);
        return this.#nextRun(wanted);
      }
      if (early < wait) wait = Math.min(Math.trunc(early) + 1, wait);
    }
    this.operation = Operation.SILENCE;
    this.#samples.silent += wait;
    this.#sync.appendSilence(wait);
    return wait;
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

  #adapt() {
    if (this.#rest > 0) return;
    const delayMs = this.#lateBy(this.#line.mediaEnd - this.#sync.ahead);
    const excessMs = delayMs - this.targetMs;
    const leastMs = Math.min(this.#floorMs, this.#estimator.quantileMs + this.#clock.leadMs + SPARE_MS);
    if (excessMs > SKIP_MS) {
      const landing = this.#line.mediaEnd + Math.trunc((excessMs - KEEP_MS) * SAMPLES_PER_MS);
      this.#samples.skipped += this.#line.skipTo(landing);
      this.#rest = this.#sync.ahead;
    } else if (excessMs < -SKIP_MS) {
      this.#beginAnew();
    } else if (excessMs > LATE_BAND_MS) {
      // not below what asks for a repeat: else each would undo the other for ever
      const byMs = Math.min(excessMs, delayMs - leastMs - OVERSHOOT_MS);
      this.#splice(true, byMs, excessMs < HURRY_MS ? ALIKE : ALIKE_ENOUGH);
    } else if (excessMs < -EARLY_BAND_MS) {
      this.#splice(false, -excessMs, ALIKE);
    } else if (delayMs < leastMs) {
      this.#winTime(this.#floorMs - OVERSHOOT_MS, excessMs, ALIKE); // a long pitch period fits, before it is late
    } else if (this.#packets.count === 0 && this.#sync.ahead < OVERDUE_SHARE * delayMs * SAMPLES_PER_MS) {
      this.#winTime(LONGEST_LAG / SAMPLES_PER_MS, excessMs, ALIKE_ENOUGH);
    }
  }

  /**
   * Expand; where it is quiet, and any length fits, by no more than what would be cut out again.
   * @type {(byMs: number, excessMs: number, alike: number) => void}
   */
  #winTime(byMs, excessMs, alike) {
    const by = this.#sync.quietBehind ? Math.min(byMs, LATE_BAND_MS - OVERSHOOT_MS - excessMs) : byMs;
    if (by > 0) this.#splice(false, by, alike);
  }

  /** @type {(shorter: boolean, byMs: number, alike: number) => void} */
  #splice(shorter, byMs, alike) {
    const longest = Math.min(Math.trunc((byMs + OVERSHOOT_MS) * SAMPLES_PER_MS), LONGEST_LAG);
    this.#line.decodeAhead(shorter ? longest + OVERLAP_SAMPLES : OVERLAP_SAMPLES);
    const lag = shorter ? this.#sync.accelerate(longest, alike) : this.#sync.expand(longest, alike);
    this.#rest = lag === 0 || this.#sync.free ? OVERLAP_SAMPLES : (shorter ? REST_PER_CUT : REST_PER_REPEAT) * lag;
    if (lag === 0) return;
    this.operation = shorter ? Operation.ACCELERATE : Operation.EXPAND;
    if (shorter) this.#samples.accelerated += lag;
    else this.#samples.expanded += lag;
  }

  /** Get something to play, or stop playing. */
  #fetch() {
    const seq = this.#packets.firstSeq;
    this.#clock.ask();
    if (seq < 0) return this.#runDry();
    const gap = this.#packets.timestampOf(seq) - this.#line.mediaEnd;
    if (gap <= 0) this.#line.decode(seq);
    else if (seq === this.#packets.nextSeq) this.#stop();
    else this.#fillGap(seq, gap);
  }

  /** @type {(seq: number, gap: number) => void} Packets are lost: conceal as long as they were, less what we are late. */
  #fillGap(seq, gap) {
    const excess = (this.#lateBy(this.#line.mediaEnd) - this.targetMs) * SAMPLES_PER_MS;
    const needed = gap - Math.trunc(Math.max(excess, 0));
    if (needed > LONGEST_GAP_SAMPLES) {
      this.#stop();
    } else if (needed < CONCEAL_UNIT) {
      this.#line.decode(seq);
    } else {
      const count = Math.min(needed - (needed % CONCEAL_UNIT), CONCEAL_SAMPLES);
      this.operation = Operation.CONCEAL;
      this.#line.mediaEnd += count;
      this.#line.conceal(count);
    }
  }

  /** Nothing came: conceal until it has faded away; where it is quiet already, stop at once. */
  #runDry() {
    const first = this.#line.concealRun === 0;
    if (this.#line.faded || (first && this.#sync.quietBehind)) {
      this.#stop();
      return;
    }
    if (first) this.#counts.underruns += 1;
    this.operation = Operation.CONCEAL;
    this.#line.conceal(CONCEAL_SAMPLES);
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
