// What was said, as far as captions wrote it down: final lines only, as a text and as WebVTT (W3C, section
// 4).

/**
 * Times are ms of the relay's clock.
 * @typedef {{name: string, text: string, startMs: number, endMs: number}} Line
 */

/** A day of a lively room is about as much; each is half a kilobyte at most. */
const MOST_LINES = 5_000;
/** What a player still shows long enough to be read. */
const SHORTEST_MS = 500;

export class Transcript {
  /** @type {Line[]} */
  #lines = [];

  get isEmpty() {
    return this.#lines.length === 0;
  }

  /** @param {Line} line */
  add(line) {
    const { startMs } = line;
    let at = this.#lines.length;
    while (at > 0 && this.#lines[at - 1].startMs > startMs) at -= 1;
    this.#lines.splice(at, 0, line);
    if (this.#lines.length > MOST_LINES) this.#lines.shift();
  }

  clear() {
    this.#lines = [];
  }

  /** One line for each, with the time since the first. */
  toText() {
    return this.#lines
      .map(({ name, text, startMs }) => `[${clock(this.#since(startMs)).slice(0, 8)}] ${name}: ${text}\n`)
      .join("");
  }

  toVtt() {
    const cues = this.#lines.map(({ name, text, startMs, endMs }) => {
      const [from, to] = [this.#since(startMs), this.#since(Math.max(endMs, startMs + SHORTEST_MS))];
      return `${clock(from)} --> ${clock(to)}\n<v ${escapeVtt(name)}>${escapeVtt(text)}\n`;
    });
    return ["WEBVTT\n", ...cues].join("\n");
  }

  /** @param {number} ms */
  #since(ms) {
    return Math.max(0, ms - this.#lines[0].startMs);
  }
}

/** A line must not end a cue, begin a tag, or be an arrow. @param {string} text */
function escapeVtt(text) {
  return text.replace(/\s+/g, " ").replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

/** @param {number} ms */
function clock(ms) {
  const two = (/** @type {number} */ value) => String(Math.floor(value)).padStart(2, "0");
  const parts = [ms / 3_600_000, (ms / 60_000) % 60, (ms / 1_000) % 60].map(two);
  return `${parts.join(":")}.${String(Math.floor(ms) % 1_000).padStart(3, "0")}`;
}
