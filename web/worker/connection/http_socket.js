// A socket that runs over HTTP requests, where no WebSocket gets through (PROTOCOL.md, Over plain HTTP). Twin
// of client/http_transport.py. To the link it is a WebSocket like any other: `send`, `close`, `onmessage`,
// `onclose`.
//
// What comes, comes in one response that goes on; where something between us and the relay keeps that back,
// it comes in answers to questions. What goes, goes in one request at a time; voice that waits for its turn
// longer than DEADLINE_MS is dropped. Every `retryMs` a WebSocket is tried, and takes over without a gap.

import { BINARY, CLOSE, PING, PONG, TEXT } from "./frames.js";
import { FrameError, FrameReader, joined, serializeFrame } from "./frames.js";
import { StreamLimits } from "./stream_limits.js";
import { FIRST_BYTE_MS, StreamReading } from "./stream_reading.js";

/** With the time that a try takes, a WebSocket is back within 10 s. */
export const RETRY_MS = 8_000;
/** The most that a relay takes at a time. */
const BATCH_BYTES = 65_536;
/** From one request to the next: two packets, and 50 requests a second. */
const GATHER_MS = 20;
/** As the relay's `--deadline-ms`. */
const DEADLINE_MS = 120;
/** From a request to its answer; in a stream, two of the signs of life that come every second. */
const QUIET_MS = 2_000;
/** How long the relay may keep a question: shorter than QUIET_MS, so that an answer comes. */
const WAIT_MS = 1_500;
/** After a request that failed: no burden for a relay. */
const AGAIN_MS = 100;
/** What lets a WebSocket open and then closes it, does so at once. */
const PROVE_MS = 1_000;
/** From a try's beginning to its end: what swallows a WebSocket's request never answers it. */
const TRY_MS = 4_000;
/** For the close frame, which may still be on its way where a relay no longer knows the leg. */
const LAST_WORD_MS = 500;
/** A position is a u64 (PROTOCOL.md). */
const GO_BYTES = 8;
/** What browsers report of a socket that broke (RFC 6455, 7.1.5). */
const LOST = 1006;
/** After these, no repetition helps. */
const ENDED = [404, 409];

/** @typedef {{data: string | Uint8Array<ArrayBuffer>, opcode: number, sinceMs: number}} Waiting */

export class HttpSocket {
  #surroundings;
  #retryMs;
  #protocol;
  /** Of the requests, up to their queries. */
  #base = "";
  /** Behind the leg in each query, so that a load balancer knows where it belongs. */
  #ofRoom = "";
  #leg = "";
  #received = 0;
  #sent = 0;
  /** @type {Waiting[]} */
  #waiting = [];
  #isSending = false;
  #streams = true;
  #hasStreamed = false;
  #asksForEvents = false;
  #limits = new StreamLimits();
  /** @type {StreamReading | null} */
  #newest = null;
  #isOver = false;
  #isMoving = false;
  #reader = new FrameReader();
  #abort = new AbortController();
  /** Once it has taken over. @type {WebSocket | null} */
  #socket = null;
  #timer = 0;
  /** Part of what a WebSocket has; all that is binary comes so. */
  binaryType = "arraybuffer";
  /** @type {((event: {data: any}) => void) | null} */
  onmessage = null;
  /** @type {((event: {code: number, reason: string}) => void) | null} */
  onclose = null;
  /** A WebSocket has taken over. @type {() => void} */
  onTakenOver = () => {};

  /**
   * @param {import("./surroundings.js").Surroundings} surroundings
   * @param {string} url of the WebSocket in whose place it is
   * @param {string} protocol
   * @param {number} retryMs
   */
  constructor(surroundings, url, protocol, retryMs) {
    this.#surroundings = surroundings;
    this.#protocol = protocol;
    this.#retryMs = retryMs;
    const there = new URL(url.replace(/^ws/, "http"));
    const query = there.search;
    this.#ofRoom = `&${new URLSearchParams({ room: there.searchParams.get("room") ?? "" })}`;
    there.search = "";
    there.pathname = there.pathname.replace(/[^/]*$/, "leg");
    this.#base = there.href;
    this.#begin(query);
  }

  /** @param {string | Uint8Array<ArrayBuffer>} data */
  send(data) {
    if (this.#socket) this.#socket.send(data);
    else this.#sendFrame(typeof data === "string" ? TEXT : BINARY, data);
  }

  /** @param {number} [code] */
  close(code) {
    this.onmessage = this.onclose = null;
    if (this.#socket) this.#socket.close(code);
    else if (this.#leg) this.#sendFrame(CLOSE, closePayload(code ?? 1000));
    this.#end();
  }

  /** @param {string} query */
  async #begin(query) {
    try {
      const answer = await this.#ask(query, { method: "POST" }, QUIET_MS);
      if (!answer.ok) throw new TypeError(`the relay opens no session (HTTP status ${answer.status})`);
      this.#leg = String((await answer.json()).leg);
    } catch {
      this.#lose();
      return;
    }
    if (this.#isOver) {
      this.#sendFrame(CLOSE, closePayload(1000)); // left before it was open
      return;
    }
    this.#upload();
    this.#download();
    this.#tryLater();
  }

  /**
   * @param {string} query
   * @param {RequestInit} options
   * @param {number} patienceMs until the answer begins
   */
  async #ask(query, options, patienceMs) {
    const patience = new AbortController();
    const giveUp = () => patience.abort();
    const timer = this.#surroundings.later(giveUp, patienceMs);
    try {
      const signal = options.signal ?? patience.signal;
      return await this.#surroundings.request(this.#base + query, { ...options, signal });
    } finally {
      this.#surroundings.cancel(timer);
    }
  }

  // up

  /**
   * @param {number} opcode
   * @param {string | Uint8Array<ArrayBuffer>} data
   */
  #sendFrame(opcode, data) {
    this.#waiting.push({ data, opcode, sinceMs: this.#surroundings.nowMs() });
    if (this.#leg) this.#upload();
  }

  async #upload() {
    if (this.#isSending) return;
    this.#isSending = true;
    while (this.#waiting.length && !this.#socket && !this.#isMoving) {
      const begunMs = this.#surroundings.nowMs();
      const batch = this.#nextBatch();
      if (batch.length && !(await this.#post(batch))) break;
      this.#sent += batch.length;
      await this.#pause(GATHER_MS - (this.#surroundings.nowMs() - begunMs));
    }
    this.#isSending = false;
  }

  /** What waits, whole frames; voice that is too old is left out. */
  #nextBatch() {
    const oldestMs = this.#surroundings.nowMs() - DEADLINE_MS;
    const frames = [];
    let size = 0;
    while (this.#waiting.length) {
      const { data, opcode, sinceMs } = this.#waiting[0];
      const frame = serializeFrame(opcode, typeof data === "string" ? new TextEncoder().encode(data) : data);
      const isStale = opcode === BINARY && sinceMs < oldestMs;
      if (!isStale && size + frame.length > BATCH_BYTES) break;
      this.#waiting.shift();
      if (isStale) continue;
      frames.push(frame);
      size += frame.length;
    }
    return joined(frames);
  }

  /**
   * Until the relay has it; the link itself gives up where nothing comes for too long.
   * @param {Uint8Array<ArrayBuffer>} batch
   */
  async #post(batch) {
    for (;;) {
      try {
        const received = Math.min(this.#received, this.#newest?.askedFrom ?? Infinity);
        const query = `?leg=${this.#leg}&at=${this.#sent}&from=${received}${this.#ofRoom}`;
        const options = { method: "POST", body: batch, keepalive: this.#isOver };
        const answer = await this.#ask(query, options, QUIET_MS);
        if (answer.ok) return true;
        if (ENDED.includes(answer.status)) {
          await this.#pause(LAST_WORD_MS);
          this.#lose();
          return false;
        }
      } catch {
        // repeated: the relay knows what it has
      }
      if (this.#isOver) return false;
      await this.#pause(AGAIN_MS);
    }
  }

  // down

  async #download() {
    while (!this.#isOver && !this.#socket) {
      const before = this.#received;
      try {
        await (this.#streams ? this.#readStreams() : this.#askOnce());
      } catch (error) {
        if (error instanceof FrameError) this.#lose();
      }
      if (!this.#isOver && !this.#socket && this.#received === before) await this.#pause(AGAIN_MS);
    }
  }

  /** One, and its successors while each begins before the one before it ends. */
  async #readStreams() {
    /** @type {Promise<{next: any}> | null} */
    let reading = this.#readStream();
    while (reading) reading = (await reading).next;
  }

  /**
   * Where the stream is about to be cut, its successor is begun; the relay then ends this one.
   * @returns {Promise<{next: Promise<any> | null}>}
   */
  async #readStream() {
    const stream = new StreamReading(this.#surroundings, this.#received, this.#asksForEvents);
    this.#newest = stream;
    /** @type {Promise<{next: any}> | null} */
    let next = null;
    const end = () => stream.end();
    this.#abort.signal.addEventListener("abort", end);
    try {
      const events = this.#asksForEvents ? "&events" : "";
      const query = `?leg=${this.#leg}&from=${stream.at}${this.#ofRoom}${events}`;
      const answer = await this.#ask(query, { signal: stream.signal }, FIRST_BYTE_MS);
      if (this.#isEnd(answer.status) || !answer.ok) return { next };
      for await (const piece of stream.pieces(answer)) {
        this.#hasStreamed = true;
        this.#take(piece, stream.at - piece.length);
        if (!next && this.#limits.isNear(stream.lastedMs, stream.size)) next = this.#readStream();
      }
    } catch (error) {
      if (error instanceof FrameError) this.#lose();
    } finally {
      stream.end();
      this.#abort.signal.removeEventListener("abort", end);
    }
    if (stream.isStalled) this.#streams = this.#hasStreamed; // else something keeps it back
    else if (stream === this.#newest) this.#limits.cut(stream.lastedMs, stream.size);
    return { next };
  }

  async #askOnce() {
    const at = this.#received;
    const query = `?leg=${this.#leg}&from=${at}&wait=${WAIT_MS}${this.#ofRoom}`;
    const answer = await this.#ask(query, {}, WAIT_MS + FIRST_BYTE_MS);
    if (this.#isEnd(answer.status)) return;
    if (!answer.ok) return;
    this.#take(new Uint8Array(await answer.arrayBuffer()), at);
    // Now that we are in, there is time to find out.
    if (!this.#asksForEvents) this.#asksForEvents = this.#streams = true;
  }

  /** @param {number} status */
  #isEnd(status) {
    if (ENDED.includes(status)) this.#lose();
    return ENDED.includes(status);
  }

  /**
   * @param {Uint8Array} piece
   * @param {number} at its position: another response may have brought some of it
   */
  #take(piece, at) {
    if (this.#isOver || this.#socket) return;
    const fresh = piece.subarray(this.#received - at);
    this.#received += fresh.length;
    for (const { opcode, payload } of this.#reader.push(fresh)) {
      if (opcode === TEXT) this.onmessage?.({ data: new TextDecoder().decode(payload) });
      else if (opcode === BINARY) this.onmessage?.({ data: payload.buffer });
      else if (opcode === PING) this.#sendFrame(PONG, payload);
      else if (opcode === CLOSE) this.#onCloseFrame(payload);
    }
  }

  /** @param {Uint8Array<ArrayBuffer>} payload */
  #onCloseFrame(payload) {
    this.#sendFrame(CLOSE, payload.slice(0, 2));
    const code = payload.length < 2 ? 1005 : (payload[0] << 8) | payload[1];
    this.#lose(code, new TextDecoder().decode(payload.subarray(2)));
  }

  // over to a WebSocket

  /** @param {number} sinceMs when the last try began */
  #tryLater(sinceMs = this.#surroundings.nowMs()) {
    if (this.#isOver) return;
    const wait = Math.max(0, sinceMs + this.#retryMs - this.#surroundings.nowMs());
    this.#timer = this.#surroundings.later(() => this.#tryNow(), wait);
  }

  #tryNow() {
    const begunMs = this.#surroundings.nowMs();
    const url = `${this.#base.replace(/^http/, "ws").replace(/leg$/, "ws")}?leg=${this.#leg}${this.#ofRoom}`;
    const socket = this.#surroundings.open(url, this.#protocol);
    const { later, cancel } = this.#surroundings;
    /** @type {any[]} */
    const held = [];
    let position = -1;
    socket.binaryType = "arraybuffer";
    const timeout = later(() => socket.close(), TRY_MS);
    const go = () => socket.readyState === socket.OPEN && socket.send(new Uint8Array(GO_BYTES));
    socket.onopen = () => later(go, PROVE_MS);
    socket.onclose = () => {
      cancel(timeout);
      if (position < 0) this.#tryLater(begunMs);
      else this.#lose();
    };
    socket.onmessage = ({ data }) => {
      if (position >= 0) {
        held.push(data);
        return;
      }
      cancel(timeout);
      position = Number(new DataView(data).getBigUint64(0));
      this.#move(socket, position, held);
    };
  }

  /**
   * All that comes before `position` comes here, and all that was sent arrives; then the rest.
   * @param {WebSocket} socket
   * @param {number} position
   * @param {any[]} held what came behind it already
   */
  async #move(socket, position, held) {
    this.#isMoving = true;
    while (!this.#isOver && (this.#isSending || this.#received < position)) await this.#pause(1);
    if (this.#isOver) {
      socket.close();
      return;
    }
    this.#socket = socket;
    socket.onclose = ({ code, reason }) => this.#lose(code, reason);
    socket.onmessage = ({ data }) => this.onmessage?.({ data });
    for (const { data, opcode } of this.#waiting.splice(0)) if (opcode !== PONG) socket.send(data);
    this.#stop();
    this.onTakenOver();
    for (const data of held) this.onmessage?.({ data });
  }

  // the end

  /**
   * @param {number} code
   * @param {string} reason
   */
  #lose(code = LOST, reason = "") {
    if (this.#isOver) return;
    this.#end();
    this.onclose?.({ code, reason });
  }

  #end() {
    this.#isOver = true;
    this.#stop();
  }

  #stop() {
    this.#surroundings.cancel(this.#timer);
    this.#abort.abort();
  }

  /** @param {number} ms */
  #pause(ms) {
    if (ms <= 0) return undefined;
    return new Promise((resolve) => this.#surroundings.later(() => resolve(undefined), ms));
  }
}

/** @param {number} code */
function closePayload(code) {
  return new Uint8Array([code >> 8, code & 0xff]);
}
