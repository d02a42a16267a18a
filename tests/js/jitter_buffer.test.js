import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import "./checked_arrays.js"; // before what it checks
import { JitterBuffer } from "../../web/worklets/jitter_buffer.js";
import { PacketBuffer } from "../../web/worklets/packet_buffer.js";
import { stretch } from "../../web/worklets/sync_buffer.js";

// The cases, and what they mean, are tests/support/jitter_cases.py's.
const VECTORS = JSON.parse(readFileSync(new URL("../vectors/jitter.json", import.meta.url), "utf-8"));
const PACKET = 480;
const LOOK_EVERY = 40;

function voice(start, count, loudness = 1) {
  return Float32Array.from({ length: count }, (_, i) => {
    const t = start + i;
    const period = 360 + ((t >> 14) & 7) * 40;
    return (((t % period) / period - 0.5) * ((t >> 13) % 5 === 4 ? 0 : 0.5)) * loudness;
  });
}

class SawtoothDecoder {
  position = 0;
  side = null;
  #stereo;

  constructor(stereo) {
    this.#stereo = stereo;
  }

  decode(payload) {
    if (payload.length !== 4) throw new Error("not a payload");
    this.position = new DataView(payload.buffer).getUint32(0);
    return this.#next(PACKET, 1);
  }

  conceal(count) {
    return this.#next(count, 0.5);
  }

  #next(count, loudness) {
    const start = this.position;
    const [first, end] = this.#stereo;
    this.position += count;
    this.side = start >= first && start < end ? voice(2 * start, count, loudness) : null;
    return voice(start, count, loudness);
  }
}

function payloadOf(start) {
  const payload = new Uint8Array(4);
  new DataView(payload.buffer).setUint32(0, start);
  return payload;
}

function run({ block, packets, stereo }) {
  const buffer = new JitterBuffer(new SawtoothDecoder(stereo));
  const [mid, side] = [new Float32Array(block), new Float32Array(block)];
  const isShown = (_, i) => i % Math.trunc(block / 4) === 0;
  const result = { operations: "", timestamps: [], samples: [] };
  const endMs = packets.at(-1)[3] + 300;
  let nextPacket = 0;
  for (let at = 0; at / 48 < endMs; at += block) {
    for (; nextPacket < packets.length && packets[nextPacket][3] <= at / 48; nextPacket++) {
      const [seq, timestamp, start, ms, talkspurt] = packets[nextPacket];
      buffer.push(seq, timestamp, payloadOf(start), ms, talkspurt);
    }
    buffer.pop(mid, at / 48, side);
    result.operations += buffer.operation;
    if (result.operations.length % LOOK_EVERY === 0) {
      result.timestamps.push(buffer.playoutTimestamp);
      result.samples.push([...mid.filter(isShown), ...side.filter(isShown)]);
    }
  }
  return { ...result, statistics: buffer.statistics };
}

const publicName = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const byPublicName = (statistics) =>
  Object.fromEntries(Object.entries(statistics).map(([name, value]) => [publicName(name), value]));

function assertClose(samples, expected) {
  assert.equal(samples.length, expected.length);
  samples.forEach((sample, i) =>
    assert.ok(Math.abs(sample - expected[i]) < 1e-6, `sample ${i}: ${sample}, not ${expected[i]}`),
  );
}

for (const vector of VECTORS.jitter) {
  test(`the page decides as the desktop does: ${vector.name}`, () => {
    const { operations, timestamps, samples, statistics } = run(vector);
    assert.equal(operations, vector.operations);
    assert.deepEqual(timestamps, vector.timestamps);
    samples.forEach((some, i) => assertClose(some, vector.samples[i]));
    const counted = byPublicName(statistics);
    assert.deepEqual(Object.keys(counted).sort(), Object.keys(vector.statistics).sort());
    for (const name in counted) assert.ok(Math.abs(counted[name] - vector.statistics[name]) < 1e-6, name);
  });
}

for (const { share, length, samples } of VECTORS.stretch) {
  test(`a sound made longer by ${share} is the same on page and desktop`, () => {
    const played = stretch(voice(0, 48_000), share);
    assert.equal(played.length, length);
    assertClose([...played].filter((_, i) => i % 997 === 0), samples);
  });
}

const DURATIONS = [120, 240, 480, 960, 1920, 2880, 5760];
const JUMPS = [1, -1, 479, -480, 24_000, -24_000, 96_500, -96_500, 2 ** 31, 2 ** 32 - 1];

/** A repeatable source of chance (mulberry32). */
function chanceOf(seed) {
  const random = () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    random,
    below: (end) => Math.floor(random() * end),
    of: (choices) => choices[Math.floor(random() * choices.length)],
  };
}

/** Gives what a decoder may, and what none should. */
class RandomDecoder {
  side = null;

  constructor(chance, oddness) {
    this.chance = chance;
    this.oddness = oddness;
  }

  decode(payload) {
    return this.#sound(DURATIONS[payload[0]]);
  }

  conceal(count) {
    return this.#sound(count);
  }

  #sound(count) {
    const loudness = this.chance.of([0, 1e-5, 0.5]);
    const sound = Float32Array.from({ length: count }, (_, i) => loudness * Math.sin(i / 50));
    this.side = this.chance.random() < 0.3 ? sound.slice() : null;
    if (this.chance.random() >= this.oddness) return sound;
    const odd = this.chance.below(6);
    if (odd === 0) throw new Error("a decoder that fails");
    if (odd === 1) sound[this.chance.below(count)] = this.chance.of([NaN, Infinity, -Infinity, 1e38]);
    if (odd === 2) this.side = new Float32Array(count >> 1);
    if (odd === 3) this.side = new Float32Array(count).fill(NaN);
    if (odd === 4) return new Float32Array(this.chance.of([0, 1, 239, 5761, 40_000]));
    return odd === 5 ? null : sound;
  }
}

function misuse(seed) {
  const chance = chanceOf(seed);
  const buffer = new JitterBuffer(new RandomDecoder(chance, chance.of([0, 0.1])));
  const wildness = chance.of([0, 0.02, 0.3]);
  let [seq, timestamp, nowMs, duration] = [
    chance.below(2 ** 16),
    chance.below(2 ** 32),
    1000,
    chance.below(7),
  ];
  for (let i = 0; i < 150; i += 1) {
    for (let count = chance.random() < 0.97 ? 1 : chance.below(300); count > 0; count -= 1) {
      buffer.push(seq & 0xffff, timestamp, Uint8Array.of(duration), nowMs);
      seq += 1;
      timestamp = (timestamp + DURATIONS[duration]) >>> 0;
      if (chance.random() < wildness) {
        timestamp = (timestamp + chance.of([...JUMPS, -DURATIONS[duration]])) >>> 0;
        seq += chance.of([0, 0, 1, -1, 600]);
        duration = chance.below(7);
      }
    }
    const length = chance.random() < wildness ? chance.of([0, 1, 7, 441, 5760]) : 480;
    const [mid, side] = [new Float32Array(length).fill(NaN), new Float32Array(length).fill(NaN)];
    buffer.pop(mid, nowMs, side);
    assert.ok(
      mid.every(Number.isFinite) && side.every(Number.isFinite),
      `a sample is not finite, with seed ${seed}`,
    );
    nowMs += length / 48;
    if (chance.random() < wildness) nowMs += chance.of([0, 50, -50, 2500, -2500]);
  }
}

test("no packet, time or decoder leads beyond an array of the page's jitter buffer, or to what is not finite", () => {
  for (let seed = 1; seed <= 60; seed += 1) misuse(seed);
});

test("what can't be used is refused before anything is written", () => {
  const buffer = new JitterBuffer(new RandomDecoder(chanceOf(1), 0));
  const block = new Float32Array(480);
  const payload = Uint8Array.of(2);
  for (const wrong of [
    () => buffer.pop(block, NaN),
    () => buffer.pop(block, Infinity),
    () => buffer.pop(block, 0, new Float32Array(479)),
    () => buffer.push(0, 0, payload, NaN),
    () => buffer.push(-1, 0, payload, 0),
    () => buffer.push(0, 2 ** 32, payload, 0),
    () => buffer.push(0, 0, null, 0),
    () => new PacketBuffer().insert(65_536, 0, payload),
    () => stretch(block, 0),
    () => stretch(block, NaN),
  ]) {
    assert.throws(wrong, RangeError);
  }
});
