import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { gainOf } from "../../web/page/sound/volumes.js";
import { Limiter } from "../../web/worklets/limiter.js";

const RATE = 48_000;
const BLOCK = 128;

const loudest = (samples) => samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);

function limited(samples) {
  const limiter = new Limiter(RATE);
  const whole = samples.slice();
  for (let at = 0; at < whole.length; at += BLOCK) {
    const block = whole.subarray(at, at + BLOCK);
    limiter.process(block, new Float32Array(BLOCK), block.length);
  }
  return whole;
}

/** Voices at full scale: each a few harmonics, on and off in its own rhythm. */
function voices(count, seconds = 2) {
  const mix = new Float32Array(seconds * RATE);
  for (let voice = 0; voice < count; voice += 1) {
    const pitch = 90 + 37 * voice;
    for (let i = 0; i < mix.length; i += 1) {
      const t = i / RATE;
      const wave = Math.sin(2 * Math.PI * pitch * t) + 0.5 * Math.sin(4 * Math.PI * pitch * t + voice);
      mix[i] += (wave / 1.5) * (Math.sin(2 * Math.PI * (2 + voice / 7) * t) > 0 ? 1 : 0);
    }
  }
  return mix;
}

test("below −3 dBFS everything comes out as it went in, to the bit", () => {
  const quiet = voices(1).map((sample) => sample * 0.7);
  assert.ok(loudest(quiet) > 0.5);
  assert.deepEqual(limited(quiet), quiet);
});

test("six voices at full scale do not clip", () => {
  const mix = voices(6);
  assert.ok(loudest(mix) > 3);
  assert.ok(loudest(limited(mix)) < 1);
});

test("two voices keep their waves: what changes is how loud they are", () => {
  const mix = Float32Array.from({ length: RATE }, (_, i) => 1.5 * Math.sin((2 * Math.PI * 200 * i) / RATE));
  const out = limited(mix).subarray(RATE / 2);
  const before = mix.subarray(RATE / 2);
  const gain = loudest(out) / loudest(before);
  const error = out.reduce((sum, sample, i) => sum + (sample - gain * before[i]) ** 2, 0);
  const power = out.reduce((sum, sample) => sum + sample ** 2, 0);
  assert.ok(10 * Math.log10(error / power) < -40);
});

test("after a shout, a voice is as loud as before within a second", () => {
  const sound = new Float32Array(2 * RATE).fill(0.5);
  sound.fill(4, 0, RATE / 10);
  const out = limited(sound);
  assert.ok(out[RATE / 10 + 1] < 0.2);
  assert.equal(out[Math.round(1.1 * RATE)], 0.5);
});

test("left and right have one gain, and neither clips", () => {
  const [mid, side] = [voices(6), voices(3).map((sample) => 0.5 * sample)];
  const before = [mid.slice(), side.slice()];
  new Limiter(RATE).process(mid, side, mid.length);
  assert.ok(loudest(mid.map((sample, i) => Math.abs(sample) + Math.abs(side[i]))) < 1);
  const apart = mid.map((sample, i) => sample * before[1][i] - side[i] * before[0][i]);
  assert.ok(loudest(apart) < 1e-5);
});

test("a sample that is not finite is silence, and what comes after it is limited as ever", () => {
  for (const wrong of [NaN, Infinity, -Infinity]) {
    const limiter = new Limiter(RATE);
    const [mid, side] = [new Float32Array(BLOCK).fill(2), new Float32Array(BLOCK)];
    mid[3] = wrong;
    side[9] = wrong;
    limiter.process(mid, side, BLOCK);
    assert.ok(mid.every(Number.isFinite) && side.every(Number.isFinite));
    assert.equal(mid[3], 0);
    assert.ok(loudest(mid) < 1);
    limiter.process(mid.fill(2), side.fill(0), BLOCK);
    assert.ok(loudest(mid) < 1);
  }
});

// The cases, and what they mean, are tests/support/limiter_cases.py's.
const VECTORS = JSON.parse(readFileSync(new URL("../vectors/limiter.json", import.meta.url), "utf-8"));
const STEP = 4_800;
const LOOK_EVERY = 331;

for (const { name, block, loudness, share, mid, side } of VECTORS.limiter) {
  test(`the page limits as the shared case says: ${name}`, () => {
    const planes = [new Float32Array(STEP * loudness.length), new Float32Array(STEP * loudness.length)];
    planes[0].forEach((_, i) => {
      planes[0][i] = loudness[Math.trunc(i / STEP)] * ((i % 400) / 200 - 1);
      planes[1][i] = planes[0][i] * share;
    });
    const limiter = new Limiter(RATE);
    for (let at = 0; at < planes[0].length; at += block) {
      const [left, right] = planes.map((plane) => plane.subarray(at, at + block));
      limiter.process(left, right, left.length);
    }
    [mid, side].forEach((expected, plane) => {
      expected.forEach((sample, i) => assert.ok(Math.abs(planes[plane][i * LOOK_EVERY] - sample) < 1e-6));
    });
  });
}

test("a volume is as loud in the page as the shared case says", () => {
  for (const [volume, gain] of VECTORS.volume) {
    assert.equal(gainOf(volume), gain);
  }
});
