// Packets on their way from the worker to the audio thread, which would spend more time on a message for each
// than on decoding it: a ring in shared memory, with one who writes and one who reads (as ringbuf.js).

import { MAX_PACKET_BYTES } from "./packet.js";

/** Two fifths of a second of the six loudest talkers in the shortest packets. */
const SLOTS = 1_024;
const WRITTEN = 0;
const TAKEN = 1;
const COUNTS_BYTES = 8;
const LENGTHS_BYTES = 2 * SLOTS;

export class PacketRing {
  #counts;
  #lengths;
  #slots;

  /** @param {SharedArrayBuffer} memory of `memory()`, the same for both */
  constructor(memory) {
    this.#counts = new Uint32Array(memory, 0, 2);
    this.#lengths = new Uint16Array(memory, COUNTS_BYTES, SLOTS);
    this.#slots = new Uint8Array(memory, COUNTS_BYTES + LENGTHS_BYTES);
  }

  /**
   * Null where a page may share nothing, as in one of another site; WebKitGTK has nothing to share even where
   * it may.
   */
  static memory() {
    const { crossOriginIsolated, SharedArrayBuffer } = globalThis;
    return crossOriginIsolated && SharedArrayBuffer
      ? new SharedArrayBuffer(COUNTS_BYTES + LENGTHS_BYTES + SLOTS * MAX_PACKET_BYTES)
      : null;
  }

  /**
   * @param {Uint8Array} packet left out where the ring is full,
   *   or where it is longer than a slot: the next one is another's
   */
  push(packet) {
    const written = Atomics.load(this.#counts, WRITTEN);
    if (this.#waiting >= SLOTS || packet.length > MAX_PACKET_BYTES) return;
    const slot = written % SLOTS;
    this.#lengths[slot] = packet.length;
    this.#slots.set(packet, slot * MAX_PACKET_BYTES);
    Atomics.store(this.#counts, WRITTEN, written + 1);
  }

  /**
   * The next packet, or null. A ring that is full has not been read for long: what is in it is stale, and
   * forgotten.
   * @returns {Uint8Array | null}
   */
  pop() {
    const waiting = this.#waiting;
    const taken = Atomics.load(this.#counts, TAKEN);
    const slot = taken % SLOTS;
    const from = slot * MAX_PACKET_BYTES;
    const packet =
      waiting > 0 && waiting < SLOTS ? this.#slots.slice(from, from + this.#lengths[slot]) : null;
    Atomics.store(this.#counts, TAKEN, taken + (packet ? 1 : waiting));
    return packet;
  }

  get #waiting() {
    return (Atomics.load(this.#counts, WRITTEN) - Atomics.load(this.#counts, TAKEN)) >>> 0;
  }
}
