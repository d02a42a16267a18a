// What was said, decoded and mixed as it is needed: one talker's packets after the other at their places,
// long pauses left out. The twin of streamer/client/replay/mix.py.

const SAMPLES_PER_MS = 48;
const LONGEST_PACKET_SAMPLES = 5_760;
/** A pause that is longer ends a passage: nobody wants to hear half a minute of silence again. */
const LONGEST_PAUSE_MS = 700;
/** What is left of it: passages are told apart, and a word dies away. */
const PAUSE_MS = 300;
/** Who paused for less still talks, as it is shown. */
const TALKS_MS = 200;

/** @typedef {import("./store.js").Said} Said */
/** @typedef {{decode(payload: Uint8Array): Float32Array, side: Float32Array | null, free(): void}} Decoder */
/** @typedef {{said: Said, decoder: Decoder, next: number}} Voice */
/** From one time to another. @typedef {{fromMs: number, toMs: number}} Passage */

/**
 * @param {Said[]} said
 * @returns {Passage[]} when anybody spoke, in order
 */
export function passagesOf(said) {
  const packets = said.flatMap((each) => each.packets).sort((a, b) => a.startMs - b.startMs);
  /** @type {Passage[]} */
  const passages = [];
  for (const { startMs, lastsMs } of packets) {
    const last = passages.at(-1);
    const toMs = startMs + lastsMs + PAUSE_MS;
    if (last && startMs <= last.toMs - PAUSE_MS + LONGEST_PAUSE_MS) last.toMs = Math.max(last.toMs, toMs);
    else passages.push({ fromMs: startMs, toMs });
  }
  return passages;
}

/** How long somebody spoke. @param {Said} said */
export const spokenMs = ({ packets }) => packets.reduce((sum, { lastsMs }) => sum + lastsMs, 0);

export class ReplayMix {
  #voices;
  #passages;
  #gainOf;
  #planes = [new Float32Array(LONGEST_PACKET_SAMPLES), new Float32Array(LONGEST_PACKET_SAMPLES)];
  #atMs;

  /**
   * @param {Said[]} said
   * @param {Decoder[]} decoders one for each
   * @param {(name: string) => number} gainOf
   */
  constructor(said, decoders, gainOf) {
    /** @type {Voice[]} */
    this.#voices = said.map((each, index) => ({ said: each, decoder: decoders[index], next: 0 }));
    this.#passages = passagesOf(said);
    this.#gainOf = gainOf;
    this.#atMs = this.#passages[0]?.fromMs ?? 0;
  }

  /** How much there is still to read. */
  get leftMs() {
    return this.#passages.reduce((sum, { fromMs, toMs }) => sum + toMs - Math.max(fromMs, this.#atMs), 0);
  }

  /** @returns {string[]} names of who is about to be read */
  get talking() {
    const isNow = (/** @type {Voice} */ { said, next }) =>
      next > 0 && endOf(said.packets[next - 1]) + TALKS_MS > this.#atMs;
    return this.#voices.filter(isNow).map(({ said }) => said.name);
  }

  /**
   * The next samples, silence behind the end.
   * @param {number} count
   * @returns {import("./time_stretch.js").Planes}
   */
  read(count) {
    const made = [new Float32Array(count), new Float32Array(count)];
    let done = 0;
    while (done < count && this.#passages.length > 0) {
      const left = Math.round((this.#passages[0].toMs - this.#atMs) * SAMPLES_PER_MS);
      const run = Math.min(count - done, left);
      this.#mix(run);
      this.#planes.forEach((plane, index) => made[index].set(plane.subarray(0, run), done));
      this.#advance(run, run === left);
      done += run;
    }
    return [made[0], made[1]];
  }

  free() {
    for (const { decoder } of this.#voices) decoder.free();
    this.#voices = [];
    this.#passages = [];
  }

  /** @param {number} run samples from now on */
  #mix(run) {
    const needed = run + LONGEST_PACKET_SAMPLES;
    if (this.#planes[0].length < needed) {
      this.#planes = this.#planes.map((plane) => {
        const longer = new Float32Array(needed);
        longer.set(plane);
        return longer;
      });
    }
    const untilMs = this.#atMs + run / SAMPLES_PER_MS;
    for (const voice of this.#voices) {
      const { packets } = voice.said;
      for (; voice.next < packets.length && packets[voice.next].startMs < untilMs; voice.next += 1)
        this.#add(voice);
    }
  }

  /** @param {Voice} voice whose next packet begins here */
  #add({ said, decoder, next }) {
    const { startMs, payload } = said.packets[next];
    const at = Math.max(0, Math.round((startMs - this.#atMs) * SAMPLES_PER_MS));
    const gain = this.#gainOf(said.name);
    try {
      const mid = decoder.decode(payload);
      for (let i = 0; i < mid.length; i += 1) this.#planes[0][at + i] += gain * mid[i];
      const { side } = decoder;
      if (side) for (let i = 0; i < mid.length; i += 1) this.#planes[1][at + i] += gain * side[i];
    } catch {
      // not Opus: nobody heard it the first time, either
    }
  }

  /**
   * @param {number} run
   * @param {boolean} ends the passage
   */
  #advance(run, ends) {
    for (const plane of this.#planes) {
      plane.copyWithin(0, run);
      plane.fill(0, plane.length - run);
    }
    this.#atMs += run / SAMPLES_PER_MS;
    if (!ends) return;
    this.#passages.shift();
    if (this.#passages.length > 0) this.#atMs = this.#passages[0].fromMs;
  }
}

/** @param {import("./store.js").KeptPacket} packet */
const endOf = ({ startMs, lastsMs }) => startMs + lastsMs;
