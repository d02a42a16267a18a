import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { TransmitGate } from "../../web/worker/sending/transmit_gate.js";
import { VoiceActivityDetector } from "../../web/worker/sending/voice_activity.js";

const CASES = JSON.parse(readFileSync(new URL("../vectors/activity.json", import.meta.url), "utf-8"));

const SECOND = 100;
const SILENCE = 127;

/** What `activity` says of each level, in −dBov. */
const hear = (activity, levels) => levels.map((level) => activity.process(level));

/** Seconds of noise about a level, by a fixed row of chances. */
function noise(level, seconds) {
  let chance = 1;
  return Array.from({ length: seconds * SECOND }, () => {
    chance = (chance * 16_807) % 2_147_483_647;
    return level + Math.round((chance / 2_147_483_647 - 0.5) * 4);
  });
}

/** Speech: syllables of 150 ms with gaps of 100 ms between them, in which the noise is heard. */
function speech(level, noiseLevel, seconds) {
  return Array.from({ length: seconds * SECOND }, (_, i) => (i % 25 < 15 ? level : noiseLevel));
}

test("silence holds no voice, and a syllable does from its first frame", () => {
  assert.deepEqual(hear(new VoiceActivityDetector(), [SILENCE, SILENCE, 40]), [false, false, true]);
});

for (const level of [75, 55, 45]) {
  test(`noise at −${level} dBov is found to be none within 6 s, and speech 15 dB above it is heard at once`, () => {
    const activity = new VoiceActivityDetector();
    assert.ok(!hear(activity, noise(level, 8)).slice(6.5 * SECOND).includes(true));
    assert.equal(activity.process(Math.min(level - 15, 59)), true);
  });
}

test("somebody who talks for a minute is not taken for noise", () => {
  const heard = hear(new VoiceActivityDetector(), speech(35, 55, 60));
  assert.ok(heard.slice(10 * SECOND).every(Boolean));
});

test("a loud sound without any gap, as of music, is never taken for noise", () => {
  assert.ok(hear(new VoiceActivityDetector(), Array(30 * SECOND).fill(25)).every(Boolean));
});

test("where a fan goes on it is heard for some seconds, then it is noise; where it stops, soft speech is heard again", () => {
  const activity = new VoiceActivityDetector();
  hear(activity, noise(70, 8));
  const fan = hear(activity, noise(45, 10));
  assert.equal(fan[SECOND], true);
  assert.equal(fan.at(-1), false);
  hear(activity, noise(70, 1));
  assert.equal(activity.process(55), true);
});

test("who has just stopped is taken to talk for 200 ms", () => {
  const heard = hear(new VoiceActivityDetector(), [30, ...Array(30).fill(SILENCE)]);
  assert.equal(heard.indexOf(false), 20);
});

/** How many answers in turn are no, and are yes. */
function inTurn(answers) {
  const lengths = [0];
  for (const yes of answers) {
    if (yes !== (lengths.length % 2 === 0)) lengths.push(0);
    lengths[lengths.length - 1] += 1;
  }
  return lengths;
}

for (const { name, levels: parts, heard, passed } of CASES) {
  test(`voices are told from noise, and pass with a tail: ${name}`, () => {
    const levels = parts.flatMap(([pattern, times]) => Array(times).fill(pattern).flat());
    const gate = new TransmitGate();
    assert.deepEqual(inTurn(hear(new VoiceActivityDetector(), levels)), heard);
    assert.deepEqual(inTurn(levels.map((level) => gate.passes(level))), passed);
  });
}
