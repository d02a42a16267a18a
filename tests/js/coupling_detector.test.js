import assert from "node:assert/strict";
import { test } from "node:test";

import { CouplingDetector } from "../../web/worker/feedback/coupling_detector.js";
import { chance, syllables } from "./voices.js";

const EVERY_FRAMES = 25;
const LOOKS_MS = 3_000;
const TALKER = 7;
const SILENCE = 127;

/**
 * After how many ms the two are found in one room; null where they aren't. `arrival` of the packet of each
 * frame.
 */
function found(heard, said, arrival = (frame) => frame) {
  const room = new CouplingDetector();
  const frames = said.map((level, frame) => ({ level, timestamp: frame * 480, now: arrival(frame) }));
  for (let now = 0; now < heard.length; now += 1) {
    room.process(heard[now]);
    for (const { level, timestamp } of frames.filter((frame) => frame.now === now && frame.level < 60)) {
      room.onPacket({ talkerId: TALKER, timestamp, level, duration: 4 });
    }
    if (now % EVERY_FRAMES === 0 && room.look().includes(TALKER)) return now * 10;
  }
  return null;
}

/** The same later, softer, in a noisy room. */
function inTheAir(levels, frames, softer) {
  const random = chance(frames + 100);
  return levels.map((_, i) => Math.min(50, (levels[i - frames] ?? SILENCE) + softer + 4 * random()));
}

test("a loudspeaker that the microphone hears is found within 3 s, whatever the delay", () => {
  const said = syllables(1, 300);
  for (const frames of [0, 6, 15, 38]) {
    const ms = found(inTheAir(said, frames, 10), said);
    assert.ok(ms !== null && ms <= LOOKS_MS, `${frames} frames later: ${ms}`);
  }
});

test("so is a talker that the microphone hears before the packets come", () => {
  const said = syllables(2, 300);
  for (const frames of [3, 9, 20]) {
    const ms = found(inTheAir(said, 0, 15), said, (frame) => frame + frames);
    assert.ok(ms !== null && ms <= LOOKS_MS, `${frames} frames earlier: ${ms}`);
  }
});

test("a network that delivers in bursts changes nothing", () => {
  const said = syllables(3, 300);
  const ms = found(inTheAir(said, 12, 10), said, (frame) => Math.ceil(frame / 12) * 12);
  assert.ok(ms !== null && ms <= LOOKS_MS, `${ms}`);
});

test("two people who talk in turns are not in one room", () => {
  const one = syllables(4, 1_200).map((level, i) => (Math.floor(i / 150) % 2 ? SILENCE : level));
  const other = syllables(5, 1_200).map((level, i) => (Math.floor(i / 150) % 2 ? level : SILENCE));
  assert.equal(found(one, other), null);
});

test("nor are two who talk at once, though they begin and end together", () => {
  for (let seed = 10; seed < 30; seed += 1) {
    const together = (levels) => levels.map((level, i) => (i % 200 < 40 ? SILENCE : level));
    assert.equal(
      found(together(syllables(seed, 1_500)), together(syllables(seed + 50, 1_500))),
      null,
      `seed ${seed}`,
    );
  }
});

test("in silence, and under noise alone, nobody is found", () => {
  const random = chance(8);
  const said = syllables(6, 600);
  assert.equal(found(said.map(() => SILENCE), said), null);
  assert.equal(found(said.map(() => 30 + 6 * random()), said), null);
});

test("who is gone is in no room", () => {
  const room = new CouplingDetector();
  const said = syllables(1, 300);
  said.forEach((level, frame) => {
    room.process(level);
    room.onPacket({ talkerId: TALKER, timestamp: frame * 480, level, duration: 4 });
    if (frame % EVERY_FRAMES === 0) room.look();
  });
  assert.deepEqual(room.look(), [TALKER]);
  room.remove(TALKER);
  assert.deepEqual(room.look(), []);
});
