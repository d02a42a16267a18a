// One talker's sound: packets, in order, through the decoder onto the line of samples; what is missing is
// concealed. The twin of streamer/jitter/concealment.pyx, which has the plan and the reasons.

import { isSound } from "../shared/audio_level.js";
import { OVERLAP_SAMPLES } from "./overlap_add.js";
import { PacketBuffer } from "./packet_buffer.js";
import { SyncBuffer } from "./sync_buffer.js";

const DEFAULT_PACKET_SAMPLES = 480;
const LONGEST_PACKET_SAMPLES = 5760;
const CONCEAL_SAMPLES = 240;
const FADE_AFTER_SAMPLES = 960;
const FADE_SAMPLES = 4800;
const NO_SIDE = new Float32Array(LONGEST_PACKET_SAMPLES);

/**
 * What turns packets into sound: `conceal` gives so many samples that nobody sent. Of stereo, these are mid,
 * (L + R) / 2, and `side` then is as many of (L - R) / 2; null where it was mono. What it gives is copied at
 * once.
 * @typedef {{ decode(payload: Uint8Array): Float32Array, conceal(count: number): Float32Array,
 *   side: Float32Array | null }} Decoder
 */

/** A decoder between `packets` and the line, `sync`. */
export class DecodedLine {
  #decoder;
  #packetSamples = DEFAULT_PACKET_SAMPLES;
  #concealRun = 0;

  /** @param {Decoder} decoder */
  constructor(decoder) {
    this.#decoder = decoder;
    this.packets = new PacketBuffer();
    this.sync = new SyncBuffer();
    this.mediaEnd = 0;
    this.lost = 0;
    this.concealed = 0;
    this.undecodable = 0;
    this.cutOff();
  }

  /** How many samples are here and have not been taken. */
  get held() {
    const seq = this.packets.firstSeq;
    if (seq < 0) return this.sync.ahead;
    const waiting = this.packets.newestTimestamp - this.packets.timestampOf(seq) + this.#packetSamples;
    return this.sync.ahead + Math.max(waiting, 0);
  }

  get #gain() {
    const share = 1 - (this.#concealRun - FADE_AFTER_SAMPLES) / FADE_SAMPLES;
    return Math.max(Math.min(share, 1), 0);
  }

  /** Whether what comes before the line's end was made up, or cut off. */
  get isConcealing() {
    return this.#concealRun > 0;
  }

  /** @param {number} samples that were lost: the talker's time goes on without them */
  passOver(samples) {
    this.mediaEnd += samples;
  }

  get faded() {
    return this.#concealRun >= FADE_AFTER_SAMPLES + FADE_SAMPLES;
  }

  /** From here it is silent: what comes next fades in. */
  cutOff() {
    this.#concealRun = FADE_AFTER_SAMPLES + FADE_SAMPLES;
  }

  /**
   * Add `count` samples (a multiple of 2.5 ms) that nobody sent.
   * @param {number} count
   */
  conceal(count) {
    const gainFrom = this.#gain;
    let made = 0;
    this.#concealRun += count;
    this.concealed += count;
    try {
      made = this.#append(this.#decoder.conceal(count), count, gainFrom, this.#gain, false);
    } catch {
      this.undecodable += 1;
    }
    if (made < count) this.sync.appendSilence(count - made);
  }

  /**
   * Add the samples of a packet that is here, crossfaded over the end of the line if `joining`; those before
   * it are lost.
   * @param {number} seq
   * @param {boolean} joining
   */
  decode(seq, joining = false) {
    const gainFrom = this.#gain;
    const { dropped } = this.sync;
    this.lost += seq - this.packets.nextSeq;
    this.mediaEnd = this.packets.timestampOf(seq);
    const made = this.#decode(this.packets.take(seq), gainFrom, joining);
    if (made > 0) {
      this.#concealRun = 0;
      this.#packetSamples = made;
    } else {
      this.conceal(this.#packetSamples);
    }
    this.mediaEnd += this.#packetSamples - (this.sync.dropped - dropped);
  }

  /**
   * Decode until so much is ahead, as long as the packets follow each other.
   * @param {number} samples
   */
  decodeAhead(samples) {
    let seq = this.packets.firstSeq;
    while (this.sync.ahead < samples && seq === this.packets.nextSeq) {
      if (this.packets.timestampOf(seq) !== this.mediaEnd) return;
      this.decode(seq);
      seq = this.packets.firstSeq;
    }
  }

  /**
   * Go on with the packet of this timestamp, or the newest; return how many samples are left out, 0 where
   * none can be.
   * @param {number} timestamp
   */
  skipTo(timestamp) {
    let seq = this.packets.firstSeq;
    let payload = null;
    while (this.packets.count > 1 && this.packets.timestampOf(seq) < timestamp) {
      payload = this.packets.take(seq);
      seq = this.packets.firstSeq;
    }
    if (!payload) return 0;
    const skipped = this.packets.timestampOf(seq) - this.mediaEnd;
    if (this.sync.ahead < OVERLAP_SAMPLES) this.conceal(CONCEAL_SAMPLES);
    try {
      this.#decoder.decode(payload); // not heard: the decoder starts the next one from the right state
    } catch {
      this.undecodable += 1;
    }
    this.decode(seq, true);
    return Math.max(skipped, 0);
  }

  /**
   * Returns how long the payload lasts; 0 where it can't be played, whatever the decoder says of it.
   * @param {Uint8Array | null} payload
   * @param {number} gainFrom
   * @param {boolean} joining
   */
  #decode(payload, gainFrom, joining) {
    try {
      if (payload)
        return this.#append(this.#decoder.decode(payload), LONGEST_PACKET_SAMPLES, gainFrom, 1, joining);
    } catch {
      // counted below: the sound card waits for nobody
    }
    this.undecodable += 1;
    return 0;
  }

  /**
   * Adds at most `longest` of the samples, and of their side; returns how many.
   * @param {Float32Array} mid
   * @param {number} longest
   * @param {number} gainFrom
   * @param {number} gainTo
   * @param {boolean} joining
   * @throws {RangeError} where they can't be played
   */
  #append(mid, longest, gainFrom, gainTo, joining) {
    if (!mid || mid.length === 0) throw new RangeError("the decoder gave nothing");
    const count = Math.min(mid.length, longest);
    const side = this.#side(count);
    if (!isSound(mid, count)) throw new RangeError("the decoder returned something that is not sound");
    if (!joining || count <= OVERLAP_SAMPLES || this.sync.overlapAppend(mid, side, count) === 0) {
      this.sync.append(mid, side, count, gainFrom, gainTo);
    }
    return count;
  }

  /**
   * The other plane of what the decoder gave last; from the first that has one on, the line is stereo.
   * @param {number} count
   */
  #side(count) {
    const { side } = this.#decoder;
    if (!side) return NO_SIDE;
    if (side.length < count || !isSound(side, count))
      throw new RangeError("the decoder gave a side that does not fit");
    this.sync.makeStereo();
    return side;
  }
}
