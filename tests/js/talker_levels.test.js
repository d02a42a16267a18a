import assert from "node:assert/strict";
import { test } from "node:test";

import { TalkerLevels } from "../../web/worker/sending/talker_levels.js";

const ADA = 1;
const BEN = 2;

/** What each look tells, while `heard` comes before each. */
const looks = (levels, times, heard) =>
  Array.from({ length: times }, (_, i) => {
    for (const [talkerId, level, voice] of heard(i)) levels.update(talkerId, { level, voice });
    return levels.look();
  });

test("who begins or ends to talk is told at the next look", () => {
  const levels = new TalkerLevels();
  looks(levels, 3, () => [[ADA, 90, false]]);
  levels.update(ADA, { level: 30, voice: true });
  assert.deepEqual(levels.look(), { [ADA]: { level: 30, voice: true } });
  levels.update(ADA, { level: 80, voice: false });
  assert.deepEqual(levels.look(), { [ADA]: { level: 80, voice: false } });
  levels.update(BEN, { level: 20, voice: true });
  assert.deepEqual(levels.look(), { [BEN]: { level: 20, voice: true } });
  assert.deepEqual(levels.look() ?? levels.look(), {});
});

test("how loud somebody talks is told at every second look, and the loudest moment counts", () => {
  const told = looks(new TalkerLevels(), 7, (i) => [[ADA, 40 - i, true]]);
  assert.deepEqual(told.map((each) => each && each[ADA].level), [40, null, 38, null, 36, null, 34]);
  const levels = new TalkerLevels();
  looks(levels, 1, () => [[ADA, 40, true]]);
  assert.deepEqual(
    looks(levels, 2, (i) => [[ADA, [20, 35][i], true]]),
    [null, { [ADA]: { level: 20, voice: true } }],
  );
});

test("what is as it was is not told again", () => {
  const told = looks(new TalkerLevels(), 9, () => [[ADA, 40, true]]);
  assert.equal(told.filter(Boolean).length, 1);
  assert.deepEqual(
    looks(new TalkerLevels(), 4, () => []).filter((each) => each && Object.keys(each).length),
    [],
  );
});

test("of each talker the loudest packet since the last look is shown, and whether there was a voice", () => {
  const levels = new TalkerLevels();
  levels.update(3, { level: 40, voice: false });
  levels.update(3, { level: 25, voice: true });
  levels.update(3, { level: 60, voice: false });
  levels.update(4, { level: 127, voice: false });
  assert.deepEqual(levels.look(), { 3: { level: 25, voice: true }, 4: { level: 127, voice: false } });
});

test("who stops is silent at the next look, and then nothing is to be shown again", () => {
  const levels = new TalkerLevels();
  levels.update(3, { level: 40, voice: true });
  levels.look();
  assert.deepEqual(levels.look(), {});
  assert.equal(levels.look(), null);
});
