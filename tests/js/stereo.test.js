import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { JitterBuffer } from "../../web/worklets/jitter_buffer.js";

// The networks are those of the shared cases; a talker on the left is heard through them.
const { jitter } = JSON.parse(readFileSync(new URL("../vectors/jitter.json", import.meta.url), "utf-8"));
const NETWORKS = ["clean", "stalls of 300 ms", "lost, doubled and out of order"];
const [PACKET, BLOCK] = [480, 128];

/** Decodes the next 10 ms of a hum, `right` as loud on the right as on the left; conceals by what follows. */
class Panned {
  side = null;
  #at = 0;
  #right;

  constructor(right) {
    this.#right = right;
  }

  decode() {
    return this.conceal(PACKET);
  }

  conceal(count) {
    const left = Float32Array.from(
      { length: count },
      (_, i) => 0.3 * Math.sin(2 * Math.PI * 130 * ((this.#at + i) / 48_000)),
    );
    this.#at += count;
    this.side = left.map((sample) => (sample - this.#right * sample) / 2);
    return left.map((sample) => (sample + this.#right * sample) / 2);
  }
}

/** The left and right ear's sound, and what the buffer counted. */
function heard(name, right) {
  const { packets } = jitter.find((vector) => vector.name === name);
  const buffer = new JitterBuffer(new Panned(right));
  const [mid, side] = [new Float32Array(BLOCK), new Float32Array(BLOCK)];
  const ears = { left: [], right: [] };
  let number = 0;
  for (let at = 0; at / 48 < packets.at(-1)[3]; at += BLOCK) {
    for (; number < packets.length && packets[number][3] <= at / 48; number += 1) {
      const [seq, timestamp, , ms, talkspurt] = packets[number];
      buffer.push(seq, timestamp, new Uint8Array(1), ms, talkspurt);
    }
    buffer.pop(mid, at / 48, side);
    ears.left.push(...mid.map((sample, i) => sample + side[i]));
    ears.right.push(...mid.map((sample, i) => sample - side[i]));
  }
  return { ...ears, statistics: buffer.statistics };
}

const loudest = (samples) => samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);

for (const name of NETWORKS) {
  test(`left and right stay in time with each other: ${name}`, () => {
    const { left, right, statistics } = heard(name, 0.5);
    assert.ok(loudest(left) > 0.1);
    assert.ok(loudest(right.map((sample, i) => sample - 0.5 * left[i])) < 1e-6);
    const { acceleratedMs, expandedMs, concealedMs } = statistics;
    if (name !== "clean")
      assert.ok(acceleratedMs + expandedMs > 10 && concealedMs > 10, JSON.stringify(statistics));
  });

  test(`what is on the left alone is not heard on the right: ${name}`, () => {
    const { left, right } = heard(name, 0);
    assert.ok(loudest(right) < 1e-3 * loudest(left));
  });
}

test("the delay comes back where one channel is the other's inverse", () => {
  const { left, right, statistics } = heard("stalls of 300 ms", -1);
  assert.ok(loudest(left) > 0.1);
  assert.ok(loudest(right.map((sample, i) => sample + left[i])) < 1e-6);
  assert.ok(statistics.acceleratedMs > 100);
});

test("a talker in mono has nothing on the side", () => {
  const buffer = new JitterBuffer({
    side: null,
    decode: () => new Float32Array(PACKET).fill(0.5),
    conceal: (count) => new Float32Array(count),
  });
  const [mid, side] = [new Float32Array(PACKET), new Float32Array(PACKET).fill(1)];
  for (let number = 0; number < 5; number += 1) {
    buffer.push(number, number * PACKET, new Uint8Array(1), number * 10);
    assert.equal(buffer.pop(mid, number * 10, side), false);
  }
  assert.ok(loudest(mid) > 0.4);
  assert.equal(loudest(side), 0);
});
