import assert from "node:assert/strict";
import { test } from "node:test";

import { FeedbackGuard, SOMEBODY } from "../../web/worker/feedback/feedback_guard.js";
import { framesOf, sound } from "./voices.js";

const TALKER = 7;
const HOWL = framesOf(sound(1, (time) => 0.5 * Math.sin(2 * Math.PI * 1_000 * time)));
const SILENCE = framesOf(new Float32Array(480 * 100));

function aGuard() {
  const guard = new FeedbackGuard();
  const seen = { dangers: [], cuts: [] };
  let frames = 0;
  guard.onDanger = (danger) => seen.dangers.push(danger);
  guard.onCut = (cuts) => seen.cuts.push({ cuts, ms: frames * 10 });
  const hear = (...sounds) =>
    sounds.flat(2).forEach((frame) => {
      frames += 1;
      guard.process(frame);
    });
  return { guard, seen, hear };
}

const seconds = (count) => Array(count).fill(SILENCE);

test("a howl is cut within half a second, for a second, and shown", () => {
  const { guard, seen, hear } = aGuard();
  hear(HOWL);
  assert.equal(guard.cuts, true);
  assert.ok(seen.cuts[0].ms <= 500, `${seen.cuts[0].ms}`);
  assert.deepEqual(seen.dangers, [SOMEBODY]);
  hear(seconds(1));
  assert.equal(guard.cuts, false);
  assert.ok(seen.cuts[1].ms - seen.cuts[0].ms <= 1_250);
});

test("where it howls again soon, the next cut is twice as long; after a while it is short again", () => {
  const { seen, hear } = aGuard();
  for (const pause of [3, 6, 30, 3]) hear(HOWL, seconds(pause));
  const starts = seen.cuts.filter(({ cuts }) => cuts);
  const lasted = starts.map(({ ms }) => seen.cuts.find((cut) => !cut.cuts && cut.ms > ms).ms - ms);
  assert.deepEqual(lasted.map((ms) => Math.floor(ms / 1_000)), [1, 2, 4, 1]);
});

test("a held note in music is not cut, and as soon as one talks again a howl is", () => {
  const { guard, seen, hear } = aGuard();
  guard.music = true;
  hear(HOWL, HOWL);
  assert.deepEqual(seen, { dangers: [], cuts: [] });
  guard.music = false;
  hear(HOWL);
  assert.equal(guard.cuts, true);
});

test("what is over is not shown for long", () => {
  const { seen, hear } = aGuard();
  hear(HOWL, seconds(12));
  assert.deepEqual(seen.dangers, [SOMEBODY, null]);
});

test("without a microphone nothing is cut, and there is no danger", () => {
  const { guard, seen, hear } = aGuard();
  hear(HOWL);
  guard.reset();
  assert.deepEqual([guard.cuts, seen.dangers], [false, [SOMEBODY, null]]);
});

test("who is heard in the air is named until he goes", () => {
  const { guard, seen, hear } = aGuard();
  const spoken = framesOf(
    sound(
      3,
      (time) => 0.1 * Math.abs(Math.sin(11 * time) * Math.sin(7.3 * time)) * Math.sin(900 * time * time),
    ),
  );
  spoken.forEach((frame, i) => {
    hear(frame);
    const level = -20 * Math.log10(Math.hypot(...frame) / Math.sqrt(480) + 1e-6);
    guard.onPacket({ talkerId: TALKER, timestamp: i * 480, level, duration: 4 });
  });
  assert.deepEqual(seen.dangers, [TALKER]);
  guard.remove(TALKER);
  assert.deepEqual(seen.dangers, [TALKER, null]);
});
