import assert from "node:assert/strict";
import { test } from "node:test";

import { AcousticTest, wordsFor } from "../../web/page/settings/acoustic_test.js";
import { SAMPLES_PER_FRAME } from "../../web/shared/audio_format.js";
import { chirp } from "../../web/shared/chirps.js";
import { ChirpListener } from "../../web/worker/feedback/chirp_listener.js";

const ADA = { talkerId: 1, name: "Ada" };
const JOAN = { talkerId: 2, name: "Joan" };
const ON = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
const ECHO = { delayMs: 80, heard: true, noiseDbfs: -60, peakDbfs: -10 };

/** A test in the air whose page is made up; time passes when `t.mock.timers` ticks. */
function begun(t) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const seen = { words: [], orders: [], processing: [], chirps: 0, othersMuted: false };
  const air = new AcousticTest({
    show: (words, running) => seen.words.push([words, running]),
    sound: {
      chirp: () => (seen.chirps += 1),
      set othersMuted(muted) {
        seen.othersMuted = muted;
      },
    },
    order: (order) => seen.orders.push(order),
    openMicrophone: async (processing) => seen.processing.push(processing.echoCancellation),
  });
  return { air, seen };
}

const last = (list) => list[list.length - 1];
const settled = () => new Promise((resolve) => setImmediate(resolve));

async function run(t, { air, seen }, echoes) {
  await settled();
  t.mock.timers.tick(1_500);
  for (const echo of echoes) {
    t.mock.timers.tick(1_500);
    assert.deepEqual(last(seen.orders), { type: "acousticTest", step: "echo" });
    air.onEcho(echo);
  }
}

test("eight chirps without echo cancelling give a number, and then all is as before", async (t) => {
  const page = begun(t);
  page.air.press([ADA], false, ON);
  assert.deepEqual([page.seen.othersMuted, page.seen.processing], [true, [false]]);
  await run(t, page, [79, 82, 80, 81, null, 95, 78, 80].map((delayMs) => ({ ...ECHO, delayMs })));
  const [words, running] = last(page.seen.words);
  assert.match(words, /to Ada’s ear: 80 ms \(78 to 95 ms; 7 of 8 chirps\)/);
  assert.deepEqual(
    [running, page.seen.chirps, page.seen.othersMuted, page.seen.processing],
    [false, 8, false, [false, true]],
  );
});

test("who leaves, comes in or falls silent in the middle ends it without a number", async (t) => {
  const page = begun(t);
  for (const [others, silent, why] of [
    [[], false, /Ada left/],
    [[JOAN], false, /Ada left/],
    [[ADA, JOAN], false, /Everybody/],
    [[ADA], true, /switch it on/],
  ]) {
    page.air.press([ADA], false, ON);
    await run(t, page, [ECHO, ECHO]);
    page.air.check(others, silent);
    assert.match(last(page.seen.words)[0], why);
    page.air.onEcho(ECHO);
    assert.deepEqual(
      [last(page.seen.words)[1], page.seen.othersMuted, last(page.seen.processing)],
      [false, false, true],
    );
  }
});

test("it does not begin alone, among many, or muted", (t) => {
  const { air, seen } = begun(t);
  for (const [others, silent] of [
    [[], false],
    [[ADA, JOAN], false],
    [[ADA], true],
  ])
    air.press(others, silent, ON);
  assert.deepEqual([seen.words.map(([, running]) => running), seen.orders], [[false, false, false], []]);
});

test("pressed again, it stops", async (t) => {
  const page = begun(t);
  page.air.press([ADA], false, ON);
  await run(t, page, [ECHO]);
  page.air.press([ADA], false, ON);
  assert.match(last(page.seen.words)[0], /Stopped/);
});

test("why there is no number is said in words, and so is a loud room", () => {
  const nothing = { delayMs: null, heard: false, noiseDbfs: -60, peakDbfs: -20 };
  assert.match(wordsFor([{ ...nothing, heard: true }], "Ada"), /none came back/);
  assert.match(wordsFor([{ ...nothing, peakDbfs: -90 }], "Ada"), /nothing at all/);
  assert.match(wordsFor([{ ...nothing, noiseDbfs: -20 }], "Ada"), /too loud/);
  assert.match(wordsFor([nothing], "Ada"), /but no chirp/);
  assert.match(wordsFor([{ ...ECHO, noiseDbfs: -35 }], "Ada"), /80 ms.*It is loud here/);
});

test("what the microphone hears is sent until it has heard the chirp, so that nothing goes round twice", () => {
  const listener = new ChirpListener();
  const heard = new Float32Array(150 * SAMPLES_PER_FRAME);
  for (const [place, gain] of [
    [9_600, 1],
    [9_600 + 3_840, 0.5],
  ])
    chirp().forEach((sample, i) => (heard[place + i] += gain * sample));
  listener.open();
  const energies = [];
  for (let at = 0; at < heard.length; at += SAMPLES_PER_FRAME) {
    energies.push(Math.max(...listener.push(heard.subarray(at, at + SAMPLES_PER_FRAME)).map(Math.abs)));
  }
  const sent = energies.flatMap((energy, i) => (energy > 0.01 ? [i] : []));
  assert.ok(sent[0] >= 20 && last(sent) <= 24, `frames ${sent} were sent`);
  assert.ok(Math.abs(listener.pop().delayMs - 80) < 0.1);
});
