import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { SAMPLES_PER_FRAME } from "../../web/shared/audio_format.js";
import { Resampler } from "../../web/shared/resampler.js";
import { DelayMonitor } from "../../web/worker/delay/delay_monitor.js";
import { StrongSuppression } from "../../web/worker/sending/strong_suppression.js";
import { chance, framesOf } from "./voices.js";

// It looks for a worker.
Object.assign(globalThis, { importScripts: () => {}, self: { location: { href: import.meta.url } } });
const { DELAY_SAMPLES, loadNoiseSuppression } = await import("../../web/worker/sending/noise_suppressor.js");
const make = await loadNoiseSuppression();

/**
 * A reader of LibriVox, out of Debian's pocketsphinx-testdata: 16 kHz, 16 bits, behind a head of 44 bytes.
 */
const READING = "/usr/share/pocketsphinx/test/data/librivox/sense_and_sensibility_01_austen_64kb-0870.wav";
const VOICE_RMS = 0.08; // −22 dBFS: in front of a microphone
const NOISE_RMS = 0.008; // 20 dB below: a room with fans
const LEARNS = 100; // frames
const LEAST_DB = 10;
const MOST_VOICE_DB = 3;

const concat = (frames) => Float32Array.from(frames.flatMap((frame) => [...frame]));
const power = (samples) => samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
const dB = (samples) => 10 * Math.log10(power(samples) + 1e-12);

function scaled(samples, rms) {
  const factor = rms / Math.sqrt(power(samples));
  return samples.map((sample) => sample * factor);
}

function reading() {
  const file = readFileSync(READING);
  const spoken = Float32Array.from(
    { length: (file.length - 44) / 2 },
    (_, i) => file.readInt16LE(44 + 2 * i) / 32_768,
  );
  const output = new Float32Array(3 * spoken.length + 4);
  return scaled(
    output.subarray(0, new Resampler(16_000, 48_000).process(spoken, spoken.length, output)),
    VOICE_RMS,
  );
}

function hiss(count) {
  const random = chance(5);
  return scaled(Float32Array.from({ length: count }, () => random() + random() + random() - 1.5), NOISE_RMS);
}

/** Many talkers far off: one reading, from many places in it. */
function murmur(voice) {
  const random = chance(7);
  const starts = Array.from({ length: 12 }, () => Math.floor(random() * voice.length));
  return scaled(
    voice.map((_, i) => starts.reduce((sum, start) => sum + voice[(start + i) % voice.length], 0)),
    NOISE_RMS,
  );
}

const VOICE = reading();

/** What becomes of `samples` with the suppression on, from frame `on` to frame `off`. */
async function through(samples, { on = 0, off = Infinity, load = async () => make } = {}) {
  let nowMs = 0;
  const suppression = new StrongSuppression(load, () => (nowMs += 1));
  suppression.switch(true);
  suppression.process(new Float32Array(SAMPLES_PER_FRAME));
  await new Promise((resolve) => setImmediate(resolve)); // it is loaded
  suppression.switch(false);
  const late = [];
  const frames = framesOf(samples).map((frame, i) => {
    suppression.switch(i >= on && i < off);
    const made = suppression.process(frame);
    late.push(suppression.lateSamples);
    return made;
  });
  return { heard: concat(frames), late, suppression };
}

/** By how many samples one is later than the other, to the next 0.5 ms. */
function lag(said, heard) {
  let [best, most] = [0, -Infinity];
  for (let shift = 0; shift < 1_500; shift += 24) {
    let alike = 0;
    for (let i = 48_000; i < 96_000; i += 1) alike += said[i] * heard[i + shift];
    if (alike > most) [best, most] = [shift, alike];
  }
  return best;
}

test("noise becomes softer by 10 dB and more, and even a murmur of many people by half of that", async () => {
  const noise = hiss(400 * SAMPLES_PER_FRAME);
  const left = (await through(noise)).heard.subarray(LEARNS * SAMPLES_PER_FRAME);
  const people = murmur(VOICE);
  const leftOfPeople = (await through(people)).heard.subarray(LEARNS * SAMPLES_PER_FRAME);
  console.log(
    `hiss ${(dB(left) - dB(noise)).toFixed(1)} dB, a murmur ${(dB(leftOfPeople) - dB(people)).toFixed(1)} dB`,
  );
  assert.ok(dB(left) < dB(noise) - LEAST_DB);
  assert.ok(dB(leftOfPeople) < dB(people) - LEAST_DB / 2);
});

test("a voice stays as loud, alone and beside noise, and is as late as is told", async () => {
  const beside = hiss(VOICE.length).map((sample, i) => sample + VOICE[i]);
  for (const said of [VOICE, beside]) {
    const { heard, late } = await through(said);
    const change = dB(heard) - dB(VOICE);
    console.log(`the voice: ${change.toFixed(2)} dB`);
    assert.ok(Math.abs(change) < MOST_VOICE_DB);
    assert.ok(Math.abs(lag(VOICE, heard) - DELAY_SAMPLES) <= 48); // 1 ms
    assert.equal(late.at(-1), DELAY_SAMPLES);
  }
});

test("in the middle of a word it goes on and off without a step, and says from when on its voice is late", async () => {
  const { heard, late } = await through(VOICE, { on: 150, off: 300 });
  const steps = (samples, from, to) => {
    let most = 0;
    for (let i = from * SAMPLES_PER_FRAME; i < to * SAMPLES_PER_FRAME; i += 1)
      most = Math.max(most, Math.abs(samples[i] - samples[i - 1]));
    return most;
  };
  const usual = steps(VOICE, 140, 320);
  for (let frame = 145; frame < 310; frame += 1) assert.ok(steps(heard, frame, frame + 1) < 1.5 * usual);
  const [begins, ends] = [late.indexOf(DELAY_SAMPLES), late.lastIndexOf(DELAY_SAMPLES)];
  assert.ok(begins > 150 && begins < 160);
  assert.equal(ends, 299);
  assert.deepEqual(heard.subarray(0, 150 * SAMPLES_PER_FRAME), VOICE.subarray(0, 150 * SAMPLES_PER_FRAME));
  assert.deepEqual(
    heard.subarray(301 * SAMPLES_PER_FRAME, 320 * SAMPLES_PER_FRAME),
    VOICE.subarray(301 * SAMPLES_PER_FRAME, 320 * SAMPLES_PER_FRAME),
  );
});

test("its delay is in what listeners are told of the voice, from the next packet on", () => {
  const timing = new DelayMonitor();
  timing.onPong({ type: "pong", t0: 0, t1: 1_000, t2: 1_000 }, 2_000); // the relay's clock is ours
  timing.captured(480, 12_000);
  const plain = timing.clockMessage(0, 12_000, 0);
  assert.equal(plain.server_us, 2_000);
  timing.captured(960, 22_000);
  assert.equal(timing.clockMessage(480, 22_000, 0), null); // it is told twice a second
  timing.captured(1_440, 32_000);
  const late = timing.clockMessage(960, 32_000, DELAY_SAMPLES);
  assert.equal(late.server_us, 22_000 - 20_000);
  assert.equal(late.sent_us - late.server_us, plain.sent_us - plain.server_us + 20_000);
  timing.captured(1_920, 42_000);
  assert.equal(timing.clockMessage(1_440, 42_000, 0).server_us, 32_000);
});

test("music goes through untouched, and what is no sound harms nothing", async () => {
  const { suppression } = await through(VOICE.subarray(0, 50 * SAMPLES_PER_FRAME));
  const stereo = new Float32Array(2 * SAMPLES_PER_FRAME).fill(0.25);
  assert.equal(suppression.process(stereo), stereo);
  assert.equal(suppression.lateSamples, 0);
  for (const nothing of [NaN, Infinity, 1e9])
    suppression.process(new Float32Array(SAMPLES_PER_FRAME).fill(nothing));
  const after = framesOf(VOICE).map((frame) => suppression.process(frame));
  assert.ok(Math.abs(dB(concat(after)) - dB(VOICE)) < MOST_VOICE_DB);
});

test("where it can't be loaded the voice goes on as it is, and one is told, once", async () => {
  const troubles = [];
  const suppression = new StrongSuppression(() => Promise.reject(new Error("gone")), () => 0);
  suppression.onTrouble = (trouble) => troubles.push(trouble);
  suppression.switch(true);
  for (const frame of framesOf(VOICE).slice(0, 20)) {
    assert.equal(suppression.process(frame), frame);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual(troubles, ["missing"]);
});

test("on a device that does not keep up it goes off by itself; one busy moment is none", async () => {
  for (const [slow, expected] of [[0.8, ["slow"]], [0.3, []]]) {
    const random = chance(3);
    const troubles = [];
    let nowMs = 0;
    const copies = () => ({
      delaySamples: DELAY_SAMPLES,
      free: () => {},
      process: (frame) => ((nowMs += random() < slow ? 6 : 1), frame),
    });
    const suppression = new StrongSuppression(
      async () => copies,
      () => nowMs,
    );
    suppression.onTrouble = (trouble) => troubles.push(trouble);
    suppression.switch(true);
    suppression.process(new Float32Array(SAMPLES_PER_FRAME));
    await new Promise((resolve) => setImmediate(resolve));
    for (let i = 0; i < 500; i += 1) suppression.process(new Float32Array(SAMPLES_PER_FRAME));
    assert.deepEqual(troubles, expected);
    assert.equal(suppression.lateSamples, expected.length ? 0 : DELAY_SAMPLES);
  }
});
