// Packets waiting for their turn, in the order of their seq; nothing comes out twice, or before an earlier
// one that came out. The twin of streamer/jitter/packet_buffer.pyx, which has the plan and the reasons.

const CAPACITY = 512;
const MASK = CAPACITY - 1;
const LARGEST_JUMP = CAPACITY;
const NO_SEQ = Number.MIN_SAFE_INTEGER;

/** What an inserted packet was. */
export const Arrival = Object.freeze({ NEW: 0, DUPLICATE: 1, STALE: 2, DOUBTFUL: 3, RESTART: 4 });

/** A ring of packets by seq. `nextSeq` is the first that may still be taken. */
export class PacketBuffer {
  /** @type {(Uint8Array | null)[]} */
  #payloads = new Array(CAPACITY).fill(null);
  #seqs = new Float64Array(CAPACITY);
  #timestamps = new Float64Array(CAPACITY);
  #started = false;
  #doubtfulSeq = -1;

  constructor() {
    this.nextSeq = 0;
    this.newestSeq = 0;
    this.newestTimestamp = 0;
    this.insertedTimestamp = 0;
    this.count = 0;
    this.overruns = 0;
  }

  /**
   * Put in a packet with its 16-bit seq and 32-bit timestamp; say what it was (an `Arrival`).
   * @param {number} seq
   * @param {number} timestamp
   * @param {Uint8Array} payload
   * @throws {RangeError} where they are not
   */
  insert(seq, timestamp, payload) {
    if (!payload || seq !== (seq & 0xffff) || timestamp !== timestamp >>> 0) {
      throw new RangeError("a packet has a payload, a seq of 16 bits and a timestamp of 32");
    }
    /** @type {number} */
    let arrival = Arrival.NEW;
    let unwrapped = this.newestSeq + (((seq - this.newestSeq) << 16) >> 16);
    const jump = unwrapped - this.newestSeq;
    if (!this.#started || jump > LARGEST_JUMP || jump < -LARGEST_JUMP) {
      if (this.#started && seq !== this.#doubtfulSeq) {
        this.#doubtfulSeq = (seq + 1) & 0xffff;
        return Arrival.DOUBTFUL;
      }
      arrival = this.#started ? Arrival.RESTART : Arrival.NEW;
      this.beginAt(seq, timestamp);
      unwrapped = seq;
    }
    this.#doubtfulSeq = -1;
    if (this.#seqs[unwrapped & MASK] === unwrapped) return Arrival.DUPLICATE;
    if (unwrapped < this.nextSeq) return Arrival.STALE;
    if (unwrapped > this.newestSeq && this.#unwrapped(timestamp) < this.newestTimestamp) {
      arrival = Arrival.RESTART;
      this.beginAt(seq, timestamp);
      unwrapped = seq;
    }
    this.#makeRoom(unwrapped);
    this.#put(unwrapped, this.#unwrapped(timestamp), payload);
    return arrival;
  }

  /** @param {number} timestamp */
  #unwrapped(timestamp) {
    return this.newestTimestamp + ((timestamp - this.newestTimestamp) | 0);
  }

  /**
   * @param {number} seq unwrapped
   * @param {number} timestamp unwrapped
   * @param {Uint8Array} payload
   */
  #put(seq, timestamp, payload) {
    const slot = seq & MASK;
    this.#seqs[slot] = seq;
    this.#timestamps[slot] = timestamp;
    this.#payloads[slot] = payload;
    this.insertedTimestamp = timestamp;
    this.count += 1;
    if (seq < this.newestSeq) return;
    this.newestSeq = seq;
    this.newestTimestamp = timestamp;
  }

  /**
   * Let go of all that is here: the talker has another clock, and begins with this seq and timestamp.
   * @param {number} seq
   * @param {number} timestamp
   */
  beginAt(seq, timestamp) {
    this.#started = true;
    this.nextSeq = seq;
    this.newestSeq = seq;
    this.newestTimestamp = timestamp;
    this.insertedTimestamp = timestamp;
    this.count = 0;
    this.#payloads.fill(null);
    this.#seqs.fill(NO_SEQ);
  }

  /** @param {number} seq */
  #makeRoom(seq) {
    while (this.nextSeq <= seq - CAPACITY) {
      if (this.take(this.nextSeq)) this.overruns += 1;
    }
  }

  /** The seq of the first packet here, or -1. */
  get firstSeq() {
    if (this.count === 0) return -1;
    let seq = this.nextSeq;
    while (this.#payloads[seq & MASK] === null && seq < this.newestSeq) seq += 1;
    return seq;
  }

  /**
   * The unwrapped timestamp of a packet that is here.
   * @param {number} seq
   */
  timestampOf(seq) {
    return /** @type {number} */ (this.#timestamps[seq & MASK]);
  }

  /**
   * Take the packet out, or null where it never came; no earlier one can come out afterwards.
   * @param {number} seq
   */
  take(seq) {
    // Else its slot is another one's.
    if (!(this.nextSeq <= seq && seq < this.nextSeq + CAPACITY)) return null;
    const slot = seq & MASK;
    const payload = this.#payloads[slot] ?? null;
    if (payload) {
      this.#payloads[slot] = null;
      this.count -= 1;
    }
    this.nextSeq = seq + 1;
    return payload;
  }
}
