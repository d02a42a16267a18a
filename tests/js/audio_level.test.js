import assert from "node:assert/strict";
import { test } from "node:test";

import { levelOf, meterOf } from "../../web/shared/audio_level.js";
import { TalkerLevels } from "../../web/worker/talker_levels.js";

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

test("of each talker the loudest packet since the last look is shown, and whether there was a voice", () => {
  const levels = new TalkerLevels();
  levels.heard(3, { level: 40, voice: false });
  levels.heard(3, { level: 25, voice: true });
  levels.heard(3, { level: 60, voice: false });
  levels.heard(4, { level: 127, voice: false });
  assert.deepEqual(levels.look(), { 3: { level: 25, voice: true }, 4: { level: 127, voice: false } });
});

test("who stops is silent at the next look, and then nothing is to be shown again", () => {
  const levels = new TalkerLevels();
  levels.heard(3, { level: 40, voice: false });
  levels.look();
  assert.deepEqual(levels.look(), {});
  assert.equal(levels.look(), null);
});
