// What was heard lately, as it came: Opus packets of each talker, in the worker's memory alone. Bounded by
// time, by bytes of all and by bytes of each, so that nobody can make it grow, or push out the others. The
// twin of streamer/client/replay/store.py, which has the reasons; tests/vectors/replay.json keeps both equal.
//
// A packet is kept with the time at which it belongs on the listener's clock: within a talkspurt by its
// timestamp, so that what arrived in a burst plays evenly; a talkspurt begins when it arrived.

/**
 * The reasons of these are in the twin; MISSED_MS is for who left the phone aside: five minutes of push to
 * talk.
 */
export const LAST_MS = 30_000;
export const MISSED_MS = 300_000;
export const MOST_BYTES = 2 * 1024 * 1024;
export const MOST_BYTES_OF_TALKER = 1024 * 1024;
export const PACKET_OVERHEAD_BYTES = 150;
export const MOST_TRACKS = 64;
const LARGEST_DRIFT_MS = 500;
const SAMPLES_PER_MS = 48;
const DURATION_UNIT_MS = 2.5;

/** @typedef {{startMs: number, lastsMs: number, payload: Uint8Array}} KeptPacket */
/**
 * What one talker said; packets in order, none overlaps another.
 * @typedef {{name: string, packets: KeptPacket[]}} Said
 */

class Track {
  /** @type {KeptPacket[]} */
  packets = [];
  bytes = 0;
  endMs = -Infinity;
  #endTimestamp = 0;

  /**
   * @param {number} talkerId
   * @param {string} name
   */
  constructor(talkerId, name) {
    this.talkerId = talkerId;
    this.name = name;
  }

  /**
   * @param {import("../../shared/packet.js").Packet} packet
   * @param {number} atMs of its arrival
   * @param {boolean} starts a talkspurt
   */
  add({ timestamp, duration, payload }, atMs, starts) {
    const lastsMs = duration * DURATION_UNIT_MS;
    const expectedMs = this.endMs + ((timestamp - this.#endTimestamp) | 0) / SAMPLES_PER_MS;
    const follows = !starts && Math.abs(expectedMs - atMs) <= LARGEST_DRIFT_MS;
    if (follows && expectedMs < this.endMs) return; // a second copy, or too late for its place
    const startMs = follows ? expectedMs : Math.max(atMs, this.endMs);
    this.packets.push({ startMs, lastsMs, payload: payload.slice() });
    this.bytes += costOf(payload);
    this.endMs = startMs + lastsMs;
    this.#endTimestamp = (timestamp + lastsMs * SAMPLES_PER_MS) >>> 0;
  }

  dropOldest() {
    const packet = this.packets.shift();
    if (packet) this.bytes -= costOf(packet.payload);
  }

  get oldestMs() {
    return this.packets.length > 0 ? this.packets[0].startMs : Infinity;
  }
}

export class ReplayStore {
  /** Of who is there now, by talker. @type {Map<number, Track>} */
  #current = new Map();
  /** @type {Track[]} */
  #tracks = [];
  #leftOut = new Set();
  /** How long a packet stays. */
  keepMs = LAST_MS;

  /**
   * @param {string} name of who said it
   * @param {import("../../shared/packet.js").Packet} packet copied
   * @param {number} atMs
   * @param {boolean} starts a talkspurt
   */
  keep(name, packet, atMs, starts) {
    this.expire(atMs);
    if (this.#leftOut.has(packet.talkerId)) return;
    const track = this.#current.get(packet.talkerId) ?? this.#begin(packet.talkerId, name);
    track.add(packet, atMs, starts);
    while (track.bytes > MOST_BYTES_OF_TALKER) track.dropOldest();
    while (this.bytes > MOST_BYTES) this.#largest.dropOldest();
  }

  /** What is kept, with what it takes to keep it. */
  get bytes() {
    return this.#tracks.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** @param {number} nowMs */
  expire(nowMs) {
    const oldestMs = nowMs - this.keepMs;
    for (const track of this.#tracks) while (track.oldestMs < oldestMs) track.dropOldest();
    if (this.#tracks.some(({ packets }) => packets.length === 0))
      this.#removeTracks(({ packets }) => packets.length === 0);
  }

  /** From here on this id is another's. @param {number} talkerId */
  renew(talkerId) {
    this.#current.delete(talkerId);
  }

  /** From here on all ids are others'. */
  renewAll() {
    this.#current.clear();
    this.#leftOut.clear();
  }

  /**
   * Who wants to be in no recording: nothing is kept of them, and what was kept is gone, of an earlier stay
   * too.
   * @param {number[]} talkerIds
   * @param {string[]} names of them
   */
  leaveOut(talkerIds, names) {
    this.#leftOut = new Set(talkerIds);
    this.#removeTracks(({ talkerId, name }) => this.#leftOut.has(talkerId) || names.includes(name));
  }

  clear() {
    this.renewAll();
    this.#tracks = [];
  }

  /**
   * @param {number} fromMs
   * @param {number} toMs
   * @returns {Said[]} of who said something in between
   */
  said(fromMs, toMs) {
    const isInside = (/** @type {KeptPacket} */ { startMs }) => fromMs <= startMs && startMs < toMs;
    return this.#tracks
      .map(({ name, packets }) => ({ name, packets: packets.filter(isInside) }))
      .filter(({ packets }) => packets.length > 0);
  }

  /**
   * @param {number} talkerId
   * @param {string} name
   */
  #begin(talkerId, name) {
    const track = new Track(talkerId, name);
    this.#current.set(talkerId, track);
    this.#tracks.push(track);
    if (this.#tracks.length > MOST_TRACKS) {
      const [oldest] = this.#tracks;
      this.#removeTracks((each) => each === oldest);
    }
    return track;
  }

  /** @param {(track: Track) => boolean} isGone */
  #removeTracks(isGone) {
    this.#tracks = this.#tracks.filter((track) => !isGone(track));
    for (const [talkerId, track] of this.#current) if (isGone(track)) this.#current.delete(talkerId);
  }

  get #largest() {
    return this.#tracks.reduce((largest, track) => (track.bytes > largest.bytes ? track : largest));
  }
}

/** @param {Uint8Array} payload */
const costOf = (payload) => payload.length + PACKET_OVERHEAD_BYTES;
