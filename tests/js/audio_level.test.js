import assert from "node:assert/strict";
import { test } from "node:test";

import { levelOf, meterOf } from "../../web/shared/audio_level.js";

const square = (amplitude) => Float32Array.from({ length: 480 }, (_, i) => (i % 2 ? amplitude : -amplitude));

test("full scale is 0 and a tenth of it −20 dBov", () => {
  assert.equal(levelOf(square(1)), 0);
  assert.equal(levelOf(square(0.1)), 20);
});

test("a sine of full scale is 3 dB below the square", () => {
  assert.equal(levelOf(Float32Array.from({ length: 480 }, (_, i) => Math.sin((2 * Math.PI * i) / 48))), 3);
});

test("silence is 127, and so is nothing", () => {
  assert.equal(levelOf(square(0)), 127);
  assert.equal(levelOf(square(1e-8)), 127);
  assert.equal(levelOf(new Float32Array(0)), 127);
});

test("what is beyond full scale stays a level", () => {
  assert.equal(levelOf(square(2)), 0);
});

test("a meter is empty in silence, full in a shout, and grows in between", () => {
  assert.equal(meterOf(127), 0);
  assert.equal(meterOf(0), 1);
  assert.ok(meterOf(50) < meterOf(30));
});
