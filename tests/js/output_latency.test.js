import assert from "node:assert/strict";
import { test } from "node:test";

import { OutputLatency } from "../../web/page/sound/output_latency.js";

const EVERY_MS = 200;
const SAFE_S = 0.01;

/** A loudspeaker whose browser is asked five times a second. */
class Listener {
  latency = new OutputLatency();
  #at = 0;
  #atMs = 1_000_000;
  /** Each change, in s since the start. */
  changes = [];
  #began = this.#atMs;

  /**
   * @param {number} seconds
   * @param {number} lackMs of each second: silence, as nothing was there to be played
   */
  plays(seconds, lackMs) {
    for (let i = 0; i < (seconds * 1000) / EVERY_MS; i += 1) {
      this.#atMs += EVERY_MS;
      this.#at += (EVERY_MS - (lackMs * EVERY_MS) / 1000) / 1000;
      if (!this.latency.look({ at: this.#at, atMs: this.#atMs })) continue;
      this.changes.push(Math.round((this.#atMs - this.#began) / 1000));
      this.#at = 0; // another context begins
    }
    return this.latency.seconds;
  }

  standsStill(ms) {
    this.#atMs += ms;
  }
}

test("a loudspeaker that never lacks sound is handed the least at a time", () => {
  const listener = new Listener();
  assert.equal(listener.plays(600, 0), 0);
  assert.equal(listener.plays(600, 10), 0, "1 % is below the limit");
});

test("one that lacks a tenth of the sound is handed more within seconds; a page that starts has ten", () => {
  const listener = new Listener();
  assert.equal(listener.plays(3, 140), 0);
  listener.plays(20, 0);
  assert.equal(listener.plays(4, 100), SAFE_S);
  assert.equal(listener.changes.length, 1);
});

test("the least comes back once the device has been calm", () => {
  const listener = new Listener();
  listener.plays(120, 0);
  listener.plays(4, 100);
  assert.equal(listener.plays(120, 15), SAFE_S, "it is busy");
  assert.equal(listener.plays(11, 0), 0);
  listener.plays(120, 0);
  listener.plays(4, 100);
  assert.equal(listener.plays(70, 0), 0, "what was long ago makes nothing longer");
});

test("each return that has to be taken back soon doubles the time until the next", () => {
  const listener = new Listener();
  listener.plays(120, 0);
  for (let i = 0; i < 7; i += 1) {
    listener.plays(12, 100);
    while (listener.latency.seconds === SAFE_S) listener.plays(1, 0);
  }
  const waited = [];
  for (let i = 1; i < listener.changes.length; i += 2) waited.push(listener.changes[i] - listener.changes[i - 1]);
  assert.deepEqual(waited.map((s) => Math.round(s / 60)), [1, 2, 4, 8, 16, 16, 16]);
});

test("a rest, or a move to another loudspeaker, is no lack", () => {
  const listener = new Listener();
  for (let i = 0; i < 20; i += 1) {
    listener.plays(1, 0);
    listener.standsStill(400);
  }
  assert.equal(listener.latency.seconds, 0);
});
