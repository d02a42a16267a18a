// A leg over HTTP requests, in a world made by the test: answers that it gives, and a clock that is wound by
// hand.

import assert from "node:assert/strict";
import { test } from "node:test";

import { readFileSync } from "node:fs";

import { EventLines } from "../../web/worker/connection/event_lines.js";
import { HttpSocket } from "../../web/worker/connection/http_socket.js";
import { StreamLimits } from "../../web/worker/connection/stream_limits.js";

const RETRY_MS = 8_000;
const PONG = new Uint8Array([0x8a, 0]);

/** A response with a pong every second, until it is ended or, where there is a proxy that cuts, cut. */
class FakeStream {
  status = 200;
  ok = true;
  body = { getReader: () => ({ read: () => this.#read() }) };
  #pieces = [PONG];
  #isEnded = false;
  #wake = () => {};

  async #read() {
    while (!this.#pieces.length && !this.#isEnded) await new Promise((resolve) => (this.#wake = resolve));
    return { value: this.#pieces.shift() };
  }

  give() {
    if (!this.#isEnded) this.#pieces.push(PONG);
    this.#wake();
  }

  /** Returns whether it went on until now. */
  end() {
    const wentOn = !this.#isEnded;
    this.#isEnded = true;
    this.#wake();
    return wentOn;
  }
}

class World {
  nowMs = 0;
  /** When each stream was asked for, and from which position. */
  askedMs = [];
  positions = [];
  /** After so long a proxy cuts a stream. */
  cutAfterMs = Infinity;
  cuts = 0;
  #stream = new FakeStream();
  /** When each WebSocket was asked for. */
  triedMs = [];
  #timers = new Map();
  #lastTimer = 0;

  /** @param {(socket: {close(): void, onclose?: (event: object) => void}) => void} onTry */
  constructor(onTry = () => {}) {
    const surroundings = {
      open: () => {
        this.triedMs.push(this.nowMs);
        const socket = { close: () => socket.onclose?.({ code: 1006, reason: "" }) };
        onTry(socket);
        return socket;
      },
      request: async (url, { method }) =>
        method === "POST" ? { ok: true, status: 201, json: async () => ({ leg: "l" }) } : this.#answer(url),
      later: (call, ms) => this.#later(call, ms),
      cancel: (timer) => this.#timers.delete(timer),
      nowMs: () => this.nowMs,
    };
    this.socket = new HttpSocket(surroundings, "wss://relay.home.arpa/ws?room=a", "streamer.v1", RETRY_MS);
  }

  /** As the relay does: a newer stream ends the one before. */
  #answer(url) {
    this.askedMs.push(this.nowMs);
    this.positions.push(Number(new URL(url).searchParams.get("from")));
    this.#stream.end();
    const stream = (this.#stream = new FakeStream());
    const beat = (age) => {
      if (age >= this.cutAfterMs) this.cuts += stream.end() ? 1 : 0;
      else stream.give();
      if (stream === this.#stream) this.#later(() => beat(age + 1_000), 1_000);
    };
    this.#later(() => beat(1_000), 1_000);
    return stream;
  }

  #later(call, ms) {
    this.#timers.set((this.#lastTimer += 1), { call, at: this.nowMs + ms });
    return this.#lastTimer;
  }

  async pass(ms) {
    const until = this.nowMs + ms;
    for (;;) {
      await settled();
      const [number, timer] = [...this.#timers].sort(([, one], [, other]) => one.at - other.at)[0] ?? [];
      if (!timer || timer.at > until) break;
      this.#timers.delete(number);
      this.nowMs = timer.at;
      timer.call();
    }
    this.nowMs = until;
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("a WebSocket is tried every 8 s, also where something swallows its request and never answers", async () => {
  const world = new World();
  await world.pass(33_000);
  assert.deepEqual(world.triedMs, [8_000, 16_000, 24_000, 32_000]);
});

test("a WebSocket is tried every 8 s where it is refused at once", async () => {
  const world = new World((socket) => queueMicrotask(() => socket.close()));
  await world.pass(33_000);
  assert.deepEqual(world.triedMs, [8_000, 16_000, 24_000, 32_000]);
});

test("a stream that was cut has a successor at 0.7 of its time or bytes from then on", async () => {
  const world = new World();
  world.cutAfterMs = 10_000;
  await world.pass(40_500);
  // 7 pongs of 10 are there after 6 s
  assert.deepEqual(world.askedMs, [0, 10_000, 16_000, 22_000, 28_000, 34_000, 40_000]);
  assert.equal(world.cuts, 1);
  assert.deepEqual(world.positions.slice(0, 4), [0, 20, 34, 48]);
});

test("a stream that nothing cuts goes on", async () => {
  const world = new World();
  await world.pass(120_000);
  assert.deepEqual(world.askedMs, [0]);
});

const vectors = (name) =>
  JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), "utf8"));

for (const { name, cuts, near } of vectors("stream_limits").cases) {
  test(`the limits of streams: ${name}`, () => {
    const limits = new StreamLimits();
    for (const [ms, bytes] of cuts) limits.cut(ms, bytes);
    for (const [ms, bytes, isNear] of near)
      assert.equal(limits.isNear(ms, bytes), isNear, `${ms} ms, ${bytes} bytes`);
  });
}

const LINES = vectors("event_lines");
const bytesOf = (pieces) => {
  const lines = new EventLines();
  return Buffer.concat(pieces.map((piece) => lines.push(new TextEncoder().encode(piece)))).toString("hex");
};

for (const { name, pieces, bytes } of LINES.good)
  test(`server-sent events: ${name}`, () => assert.equal(bytesOf(pieces), bytes));
for (const { name, pieces } of LINES.bad)
  test(`no server-sent events: ${name}`, () => assert.throws(() => bytesOf(pieces)));
