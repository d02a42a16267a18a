import assert from "node:assert/strict";
import { test } from "node:test";

import { SAMPLES_PER_FRAME } from "../../web/shared/audio_format.js";
import { levelOf } from "../../web/shared/audio_level.js";
import { FeedbackGuard } from "../../web/worker/feedback/feedback_guard.js";
import { Sender } from "../../web/worker/sending/sender.js";
import { StrongSuppression } from "../../web/worker/sending/strong_suppression.js";
import { framesOf, sound } from "./voices.js";

const VOICE = new Float32Array(480).fill(0.1);
const SILENCE = new Float32Array(480);
const SOFT = Float32Array.from({ length: 960 }, (_, i) => (i % 2 ? -1e-4 : 1e-4));
const HELD_NOTE = Float32Array.from(
  { length: 960 },
  (_, i) => 0.5 * Math.sin((2 * Math.PI * 1_000 * Math.floor(i / 2)) / 48_000),
);

/** What is sent of the frames that `hear` is given. */
function aTalker({
  suppression = new StrongSuppression(
    async () => null,
    () => 0,
  ),
  clockMessage = () => null,
} = {}) {
  const sent = [];
  const guard = new FeedbackGuard();
  const talking = new Sender({
    guard,
    link: { sendPacket: (packet) => sent.push(packet), send: () => {} },
    levels: { update: () => {} },
    timing: { captured: () => {}, clockMessage },
    suppression,
    nowUs: () => 0,
  });
  talking.begin({ encode: () => Uint8Array.of(1) });
  talking.talkerId = 7;
  const hear = (frame, count) =>
    Array.from({ length: count }, () => talking.hear(frame, 0, frame.length > SAMPLES_PER_FRAME ? 2 : 1));
  return { talking, guard, sent, hear };
}

test("a voice is sent while somebody talks; music always, soft as it may be", () => {
  const { sent, hear } = aTalker();
  hear(SILENCE, 200);
  assert.equal(sent.length, 0);
  hear(SOFT, 300);
  assert.equal(sent.length, 300 + 4);
  hear(SILENCE, 500);
  const before = sent.length;
  hear(SILENCE, 100);
  assert.equal(sent.length, before);
});

test("with push to talk, music is sent while the button is pressed", () => {
  const { talking, sent, hear } = aTalker();
  talking.gate("button", false);
  hear(SOFT, 50);
  assert.equal(sent.length, 0);
  talking.gate("button", true);
  hear(SOFT, 50);
  assert.equal(sent.length, 50 + 4);
});

test("a note that is held in music is no howl; in a voice it is", () => {
  const { guard, hear } = aTalker();
  hear(HELD_NOTE, 200);
  assert.equal(guard.cuts, false);
  hear(HELD_NOTE.filter((_, i) => i % 2 === 0), 100);
  assert.equal(guard.cuts, true);
  hear(VOICE, 1);
  assert.equal(guard.cuts, true);
});

const LOUD_NOTE = HELD_NOTE.filter((_, i) => i % 2 === 0);

/** A voice of three seconds, and its packets as they come from another talker at the same time. */
function hearInTheAir({ guard, hear }) {
  const spoken = (time) =>
    0.1 * Math.abs(Math.sin(11 * time) * Math.sin(7.3 * time)) * Math.sin(900 * time * time);
  framesOf(sound(3, spoken)).forEach((frame, i) => {
    hear(frame, 1);
    guard.onPacket({ talkerId: 8, timestamp: i * SAMPLES_PER_FRAME, level: levelOf(frame), duration: 4 });
  });
}

test("muted, a microphone that hears the others in the air is no danger; as soon as it is heard again, it is", () => {
  const talker = aTalker();
  const dangers = [];
  talker.guard.onDanger = (danger) => dangers.push(danger);
  talker.talking.muted = true;
  hearInTheAir(talker);
  assert.deepEqual(dangers, []);
  talker.talking.muted = false;
  hearInTheAir(talker);
  assert.deepEqual(dangers, [8]);
  talker.talking.muted = true;
  hearInTheAir(talker);
  assert.deepEqual(dangers, [8, null]);
});

test("muted, a loud note that the microphone hears does not cut what is played", () => {
  const { talking, guard, hear } = aTalker();
  talking.muted = true;
  hear(LOUD_NOTE, 200);
  assert.equal(guard.cuts, false);
});

test("a cut goes on where something else than the muting changes", () => {
  const { talking, guard, hear } = aTalker();
  hear(LOUD_NOTE, 100);
  talking.muted = false;
  assert.equal(guard.cuts, true);
});

test("a listener is told at which time a voice without its noise entered the microphone", () => {
  const late = [];
  const suppression = { process: (frame) => frame, pass: (frame) => frame, lateSamples: 960 };
  const { hear } = aTalker({
    suppression,
    clockMessage: (_position, _nowUs, lateSamples) => late.push(lateSamples) && null,
  });
  hear(VOICE, 20);
  assert.ok(late.length > 0 && late.every((samples) => samples === 960));
});

test("while mouth to ear is measured in the air, nothing is taken out of what the microphone hears", () => {
  const suppressed = [];
  const suppression = {
    process: (frame) => suppressed.push(frame) && frame,
    pass: (frame) => frame,
    lateSamples: 0,
  };
  const { talking, hear } = aTalker({ suppression });
  talking.onAir("begin");
  hear(VOICE, 10);
  assert.equal(suppressed.length, 0);
  talking.onAir("end");
  hear(VOICE, 10);
  assert.equal(suppressed.length, 10);
});

test("who talks while muted is heard by the page alone", () => {
  const { talking, sent, hear } = aTalker();
  let told = 0;
  talking.onMutedVoice = () => (told += 1);
  talking.muted = true;
  hear(VOICE, 20);
  assert.deepEqual([sent.length, told], [0, 20]);
  hear(SILENCE, 100);
  assert.equal(told, 39);
});
