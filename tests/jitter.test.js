import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { JitterBuffer } from "../web/jitter.js";
import { stretch } from "../web/stretch.js";

// The cases, and what they mean, are tests/jitter_cases.py's.
const VECTORS = JSON.parse(readFileSync(new URL("vectors/jitter.json", import.meta.url), "utf-8"));
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
const byPublicName = (statistics) => Object.fromEntries(Object.entries(statistics).map(([name, value]) => [publicName(name), value]));

function assertClose(samples, expected) {
  assert.equal(samples.length, expected.length);
  samples.forEach((sample, i) => assert.ok(Math.abs(sample - expected[i]) < 1e-6, `sample ${i}: ${sample}, not ${expected[i]}`));
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
