// One response that goes on, while it is read: how much of it came, and whether it has stalled.

import { EventLines } from "./event_lines.js";

/** A stream begins at once, unless something keeps it back. */
export const FIRST_BYTE_MS = 1_000;
/** In a stream something comes every second. */
const QUIET_MS = 2_000;

export class StreamReading {
  #surroundings;
  #abort = new AbortController();
  #start;
  #begunMs;
  #timer = 0;
  #lines;
  #hasBegun = false;
  /** Nothing came for too long. */
  isStalled = false;

  /**
   * @param {import("./surroundings.js").Surroundings} surroundings
   * @param {number} at the position of its first byte
   * @param {boolean} asEvents
   */
  constructor(surroundings, at, asEvents) {
    this.#surroundings = surroundings;
    this.#lines = asEvents ? new EventLines() : null;
    this.#start = this.at = at;
    this.#begunMs = surroundings.nowMs();
    this.#expect(FIRST_BYTE_MS);
  }

  get signal() {
    return this.#abort.signal;
  }

  get lastedMs() {
    return this.#surroundings.nowMs() - this.#begunMs;
  }

  /**
   * While it is asked for: what comes from there on is not to be acknowledged, or the relay might have
   * forgotten it.
   */
  get askedFrom() {
    return this.#hasBegun ? Infinity : this.at;
  }

  get size() {
    return this.at - this.#start;
  }

  /** @param {number} ms within which something has to come */
  #expect(ms) {
    this.#surroundings.cancel(this.#timer);
    this.#timer = this.#surroundings.later(() => {
      this.isStalled = true;
      this.#abort.abort();
    }, ms);
  }

  /** @param {Response} answer */
  async *pieces(answer) {
    const reader = answer.body?.getReader();
    for (let piece = await reader?.read(); piece?.value; piece = await reader?.read()) {
      const bytes = this.#lines ? this.#lines.push(piece.value) : piece.value;
      if (!bytes.length) continue;
      this.#expect(QUIET_MS);
      this.at += bytes.length;
      this.#hasBegun = true;
      yield bytes;
    }
  }

  end() {
    this.#hasBegun = true;
    this.#surroundings.cancel(this.#timer);
    this.#abort.abort();
  }
}
