import assert from "node:assert/strict";
import { test } from "node:test";

import { Resampler } from "../../web/shared/resampler.js";

const SECONDS = 0.5;
const QUANTUM = 128;

const tone = (hertz, rate) =>
  Float32Array.from({ length: SECONDS * rate }, (_, i) => Math.sin((2 * Math.PI * hertz * i) / rate));

/** All of `sound` in blocks of 128, as the capture worklet does it. */
function pushed(sound, from, to) {
  const resampler = new Resampler(from, to);
  const block = new Float32Array(2 * Math.ceil((QUANTUM * to) / from) + 8);
  const result = [];
  for (let i = 0; i < sound.length; i += QUANTUM) {
    const input = sound.subarray(i, i + QUANTUM);
    result.push(...block.subarray(0, resampler.process(input, input.length, block)));
  }
  return result;
}

/** Blocks of 128 out of `sound`, as the playout worklet does it. */
function pulled(sound, from, to) {
  const resampler = new Resampler(from, to);
  const result = [];
  for (let used = 0; ; ) {
    const output = new Float32Array(QUANTUM);
    const needed = resampler.inputNeeded(QUANTUM);
    if (used + needed > sound.length) return result;
    assert.equal(resampler.process(sound.subarray(used, used + needed), needed, output), QUANTUM);
    used += needed;
    result.push(...output);
  }
}

/** The power that is left when the best tone of this pitch is taken away, in dB of the whole. */
function noise(sound, hertz, rate) {
  const [sine, cosine] = [0, 1].map((quarter) =>
    Float64Array.from(sound, (_, i) => Math.sin((2 * Math.PI * hertz * i) / rate + (quarter * Math.PI) / 2)),
  );
  const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);
  const [a, b] = [dot(sine, sound) / dot(sine, sine), dot(cosine, sound) / dot(cosine, cosine)];
  const rest = sound.map((value, i) => value - a * sine[i] - b * cosine[i]);
  return 10 * Math.log10(dot(rest, rest) / dot(sound, sound));
}

for (const [from, to] of [
  [44_100, 48_000],
  [48_000, 44_100],
  [16_000, 48_000],
  [48_000, 16_000],
  [96_000, 48_000],
  [48_000, 96_000],
]) {
  test(`a tone stays that tone from ${from} to ${to} Hz, pushed and pulled`, () => {
    for (const way of [pushed, pulled]) {
      const sound = way(tone(440, from), from, to);
      assert.ok(
        Math.abs(sound.length - SECONDS * to) < 4 * QUANTUM * Math.max(1, to / from),
        `${sound.length} samples`,
      );
      assert.ok(noise(sound.slice(100), 440, to) < -50);
    }
  });
}

test("where the rates are the same, the sound is the same", () => {
  const sound = tone(440, 48_000);
  assert.deepEqual(pushed(sound, 48_000, 48_000), [...sound]);
  assert.equal(new Resampler(48_000, 48_000).inputNeeded(QUANTUM), QUANTUM);
});
