import assert from "node:assert/strict";
import { test } from "node:test";

import { ProcessingDelay } from "../../web/worker/delay/processing_delay.js";
import { chance } from "./voices.js";

const RATE = 48_000;
const FRAME = 480;
const PLAIN_PIECE = 1_024;
const S = 1_000_000;
const PLAIN_LASTS_US = 2 * S;
/** From when the plain microphone was asked for until it is heard. */
const OPENS_US = 0.3 * S;

/** Syllables of which no two are alike. */
function babble(seconds, seed) {
  const next = chance(seed);
  let [low, loudness] = [0, 0];
  return Float32Array.from({ length: seconds * RATE }, (_, i) => {
    if (i % 7_200 === 0) loudness = next() > 0.3 ? 0.5 + 2 * next() : 0.02;
    low += 0.1 * (next() - 0.5 - low);
    return loudness * low;
  });
}

const hum = (i) => 0.1 + 0.2 * Math.sin((2 * Math.PI * 50 * i) / RATE);
const withHum = (sound) => sound.map((sample, i) => sample + hum(i));

/** What a plain microphone hears from sample `place` on, piece by piece as it is told. */
class PlainTrack {
  #waiting = [];
  constructor(sound, place) {
    this.sound = sound;
    this.place = place;
  }

  getReader() {
    return { read: () => new Promise((resolve) => this.#waiting.push(resolve)) };
  }

  async hand() {
    const samples = this.sound.subarray(this.place, this.place + PLAIN_PIECE);
    this.place += PLAIN_PIECE;
    while (this.#waiting.length === 0) await null;
    const copyTo = (plane) => plane.set(samples);
    this.#waiting.shift()({
      done: false,
      value: { numberOfFrames: PLAIN_PIECE, sampleRate: RATE, numberOfChannels: 1, copyTo, close() {} },
    });
    while (this.#waiting.length === 0) await null;
  }
}

/**
 * The delay of a browser's processing, as it is found: it takes `lateUs`, and `besideUs` while a plain
 * microphone is open. All pieces but every third are held up by up to `heldUpUs`, the
 * plain ones of each attempt by `plainHeldUpUs`. Also returns how often the plain one was asked for.
 */
async function found({ lateUs, besideUs = lateUs, processed, plain, heldUpUs = 0, plainHeldUpUs = [] }) {
  const delay = new ProcessingDelay();
  const held = chance(1);
  let [nowUs, asked, track, opensUs] = [0, 0, null, Infinity];
  delay.onWanted = () => {
    asked += 1;
    if (plain) opensUs = nowUs + OPENS_US;
    track = null;
  };
  delay.restart(true);
  const handPlain = async (untilUs) => {
    for (;;) {
      const heldUs = plainHeldUpUs[asked - 1] ?? 0;
      const comesUs = track ? ((track.place + PLAIN_PIECE) / RATE) * S + heldUs : Infinity;
      if (comesUs >= Math.min(untilUs, opensUs + PLAIN_LASTS_US)) return;
      nowUs = comesUs;
      await track.hand();
    }
  };
  for (let i = 0; (i + 1) * FRAME <= processed.length; i += 1) {
    const isBeside = track !== null && nowUs < opensUs + PLAIN_LASTS_US;
    const processingUs = isBeside ? besideUs : lateUs;
    const comesUs = (((i + 1) * FRAME) / RATE) * S + processingUs + (i % 3 ? held() * heldUpUs : 0);
    await handPlain(comesUs);
    nowUs = Math.max(nowUs, comesUs);
    if (!track && nowUs > opensUs) {
      track = new PlainTrack(plain, Math.round((nowUs / S) * RATE));
      delay.read(track, () => nowUs);
    }
    delay.heard(processed.subarray(i * FRAME, (i + 1) * FRAME), nowUs);
  }
  return { us: delay.us, asked };
}

for (const lateUs of [0, 4_000, 15_000, 25_000, 120_000]) {
  test(`processing that takes ${lateUs / 1000} ms is found to take as long`, async () => {
    const said = babble(40, 7);
    const { us, asked } = await found({ lateUs, processed: said, plain: withHum(said) });
    assert.equal(asked, 2, "two attempts agree");
    assert.ok(Math.abs(us - lateUs) < 2_000, `${us} µs`);
  });
}

test("what a second stream changes as long as it is there does not count", async () => {
  const said = babble(12, 8);
  const { us } = await found({ lateUs: 25_000, besideUs: 15_000, processed: said, plain: said });
  assert.ok(Math.abs(us - 25_000) < 2_000, `${us} µs`);
});

test("pieces that are held up on a busy machine do not count", async () => {
  const said = babble(12, 9);
  const { us } = await found({ lateUs: 15_000, processed: said, plain: said, heldUpUs: 40_000 });
  assert.ok(Math.abs(us - 15_000) < 2_000, `${us} µs`);
});

test("what is found while the plain sound comes late is too little, and is found out", async () => {
  const said = babble(60, 13);
  const some = { lateUs: 15_000, processed: said, plain: said };
  const first = await found({ ...some, plainHeldUpUs: [5_000] });
  assert.equal(first.asked, 3);
  assert.ok(Math.abs(first.us - 15_000) < 2_000, `${first.us} µs`);
  const all = await found({ ...some, plainHeldUpUs: [9_000, 6_000, 3_000, 0] });
  assert.equal(all.asked, 4);
  assert.ok(Math.abs(all.us - 15_000) < 2_000, `${all.us} µs`);
});

test("where both hear different things, or one is missing, nothing is made up, and asking ends", async () => {
  const said = babble(60, 10);
  const other = babble(60, 11);
  assert.deepEqual(await found({ lateUs: 15_000, processed: said, plain: other }), { us: null, asked: 4 });
  assert.deepEqual(await found({ lateUs: 15_000, processed: said, plain: null }), { us: null, asked: 4 });
});

test("nobody is asked for a plain microphone while all is quiet, or where nothing is processed", async () => {
  const quiet = babble(12, 12).map((sample) => sample / 1_000);
  assert.deepEqual(await found({ lateUs: 15_000, processed: quiet, plain: quiet }), { us: null, asked: 0 });
  const delay = new ProcessingDelay();
  delay.onWanted = () => assert.fail("asked");
  delay.restart(false);
  for (let i = 0; i < 100; i += 1) delay.heard(babble(0.01, i), i * 10_000);
  assert.equal(delay.us, 0);
});

test("a piece of sound, which the browser counts from its first sample, is not counted twice", () => {
  const delay = new ProcessingDelay();
  assert.equal(delay.captureUs(0, 21_333, 900), null); // nothing came yet
  assert.equal(delay.captureUs(21.4, 21_333, 1_000), 67);
  assert.equal(delay.captureUs(0, 21_333, 1_100), 67);
  assert.equal(delay.captureUs(33.4, 21_333, 1_200), 67); // held up
  assert.equal(delay.captureUs(33.4, 21_333, 4_000), 12_067);
  delay.us = 15_000;
  assert.equal(delay.captureUs(20, 21_333, 7_000), 15_000);
  delay.us = null;
  assert.equal(delay.captureUs(21.4, 21_333, 7_000), null);
});
