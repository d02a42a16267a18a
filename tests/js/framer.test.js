import assert from "node:assert/strict";
import { test } from "node:test";

import { Framer } from "../../web/shared/framer.js";

const QUANTUM = 128;

/** All frames of `planes`, pushed in blocks of 128. */
function framesOf(planes, rate) {
  const framer = new Framer(rate, QUANTUM, planes.length);
  const frames = [];
  framer.onFrame = (frame) => frames.push(frame.slice());
  for (let at = 0; at < planes[0].length; at += QUANTUM) {
    const block = planes.map((plane) => plane.subarray(at, at + QUANTUM));
    framer.push(block, block[0].length);
  }
  return frames;
}

const tone = (hertz, rate) =>
  Float32Array.from({ length: rate }, (_, i) => Math.sin((2 * Math.PI * hertz * i) / rate));

test("blocks of a mono sound become frames of 10 ms, with nothing between them", () => {
  const sound = tone(440, 48_000);
  const frames = framesOf([sound], 48_000);
  assert.ok(frames.every(({ length }) => length === 480));
  assert.deepEqual(frames.flatMap((frame) => [...frame]), [...sound]);
});

for (const rate of [44_100, 48_000]) {
  test(`left and right stand side by side in a frame, in time with each other, from ${rate} Hz`, () => {
    const left = tone(440, rate);
    const frames = framesOf([left, left.map((sample) => -0.5 * sample)], rate);
    assert.ok(frames.length > 95 && frames.every(({ length }) => length === 960));
    const whole = frames.flatMap((frame) => [...frame]);
    assert.ok(whole.every((sample, i) => i % 2 === 0 || Math.abs(sample + 0.5 * whole[i - 1]) < 1e-6));
    assert.ok(Math.max(...whole) > 0.99);
  });
}
