// One talker's sound: packets, in order, through the decoder onto the line of samples; what is missing is concealed.
// The twin of streamer/hot/decoded_line.pyx, which has the plan and the reasons.

import { PacketBuffer } from "./packet_buffer.js";
import { OVERLAP_SAMPLES } from "./plane.js";
import { SyncBuffer } from "./stretch.js";

const DEFAULT_PACKET_SAMPLES = 480;
const LONGEST_PACKET_SAMPLES = 5760;
const CONCEAL_SAMPLES = 240;
const FADE_AFTER_SAMPLES = 960;
const FADE_SAMPLES = 4800;
const NO_SIDE = new Float32Array(LONGEST_PACKET_SAMPLES);

/**
 * What turns packets into sound: `conceal` gives so many samples that nobody sent. Of stereo, these are mid, (L + R) / 2, and
 * `side` then is as many of (L - R) / 2; null where it was mono. What it gives is copied at once.
 * @typedef {{ decode(payload: Uint8Array): Float32Array, conceal(count: number): Float32Array, side: Float32Array | null }} Decoder
 */

/** A decoder between `packets` and the line, `sync`. */
export class DecodedLine {
  #decoder;
  #packetSamples = DEFAULT_PACKET_SAMPLES;

  /** @param {Decoder} decoder */
  constructor(decoder) {
    this.#decoder = decoder;
    this.packets = new PacketBuffer();
    this.sync = new SyncBuffer();
    this.mediaEnd = 0;
    this.lost = 0;
    this.concealed = 0;
    this.undecodable = 0;
    this.concealRun = 0;
    this.cutOff();
  }

  /** How many samples are here and have not been taken. */
  get held() {
    const seq = this.packets.firstSeq;
    if (seq < 0) return this.sync.ahead;
    return this.sync.ahead + this.packets.newestTimestamp - this.packets.timestampOf(seq) + this.#packetSamples;
  }

  get #gain() {
    const share = 1 - (this.concealRun - FADE_AFTER_SAMPLES) / FADE_SAMPLES;
    return Math.max(Math.min(share, 1), 0);
  }

  get faded() {
    return this.concealRun >= FADE_AFTER_SAMPLES + FADE_SAMPLES;
  }

  /** From here it is silent: what comes next fades in. */
  cutOff() {
    this.concealRun = FADE_AFTER_SAMPLES + FADE_SAMPLES;
  }

  /**
   * Add `count` samples (a multiple of 2.5 ms) that nobody sent.
   * @param {number} count
   */
  conceal(count) {
    const gainFrom = this.#gain;
    let made = 0;
    this.concealRun += count;
    this.concealed += count;
    try {
      made = this.#append(this.#decoder.conceal(count), gainFrom, this.#gain, false);
    } catch {
      this.undecodable += 1;
    }
    if (made < count) this.sync.appendSilence(count - made);
  }

  /**
   * Add the samples of a packet that is here, crossfaded over the end of the line if `joining`; those before it are lost.
   * @param {number} seq
   * @param {boolean} joining
   */
  decode(seq, joining = false) {
    const gainFrom = this.#gain;
    this.lost += seq - this.packets.nextSeq;
    this.mediaEnd = this.packets.timestampOf(seq);
    const decoded = this.#decoded(this.packets.take(seq));
    if (decoded) {
      this.concealRun = 0;
      this.#packetSamples = this.#append(decoded, gainFrom, 1, joining);
    } else {
      this.conceal(this.#packetSamples);
    }
    this.mediaEnd += this.#packetSamples;
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
   * Go on with the packet of this timestamp, or the newest; return how many samples are left out, 0 where none can be.
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
    this.#decoded(payload); // not heard: the decoder starts the next one from the right state
    this.decode(seq, true);
    return skipped;
  }

  /** @param {Uint8Array | null} payload */
  #decoded(payload) {
    try {
      const samples = payload && this.#decoder.decode(payload);
      if (samples && samples.length) return samples;
    } catch {
      // counted below: the sound card waits for nobody
    }
    this.undecodable += 1;
    return null;
  }

  /**
   * @param {Float32Array} mid
   * @param {number} gainFrom
   * @param {number} gainTo
   * @param {boolean} joining
   */
  #append(mid, gainFrom, gainTo, joining) {
    const side = this.#side;
    const count = Math.min(mid.length, LONGEST_PACKET_SAMPLES);
    if (joining && count > OVERLAP_SAMPLES) this.sync.overlapAppend(mid, side, count);
    else if (count > 0) this.sync.append(mid, side, count, gainFrom, gainTo);
    return count;
  }

  /** The other plane of what the decoder gave last; from the first that has one on, the line is stereo. */
  get #side() {
    const { side } = this.#decoder;
    if (side) this.sync.stereo = true;
    return side ?? NO_SIDE;
  }
}
