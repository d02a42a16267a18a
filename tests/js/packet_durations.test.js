// Every length of packets that Opus has, and changes in the middle of a word: sent, and played without a gap.
// As tests/unit/audio/test_packet_durations.py.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { bitrateFor } from "../../web/shared/audio_format.js";
import { Decoder, Encoder } from "../../web/shared/codec.js";
import { Framer } from "../../web/shared/framer.js";
import { parsePacket } from "../../web/shared/packet.js";
import { Packetizer } from "../../web/worker/sending/packetizer.js";
import { Sender } from "../../web/worker/sending/sender.js";
import { TransmitGate } from "../../web/worker/sending/transmit_gate.js";
import { JitterBuffer } from "../../web/worklets/jitter_buffer.js";

const CASES = JSON.parse(readFileSync(new URL("../vectors/packets.json", import.meta.url), "utf-8"));
const RATE = 48_000;
const BLOCK = 128;
const CHANGING = [4, 4, 1, 1, 1, 2, 8, 1, 4, 2, 2, 8, 8, 1, 24, 1, 16, 2];

const tone = (start, length, channels = 1) =>
  Float32Array.from(
    { length: length * channels },
    (_, i) => 0.3 * Math.sin((2 * Math.PI * 440 * (start + Math.floor(i / channels))) / RATE),
  );

/** Packets of a tone, of one encoder, in their order. */
async function packetsOf(durations, seconds) {
  const encoder = await Encoder.create();
    const packets = [];
  for (let position = 0; position < seconds * RATE; ) {
    const length = durations[packets.length % durations.length] * 120;
    packets.push({
      timestamp: position,
      payload: encoder.encode(tone(position, length)).slice(),
      endMs: (position + length) / 48,
    });
    position += length;
  }
  return packets;
}

for (const durations of [[1], [2], [4], [8], [16], [24], CHANGING]) {
  test(`a listener plays packets of ${durations} × 2.5 ms without a gap`, async () => {
    const packets = await packetsOf(durations, 3);
    const buffer = new JitterBuffer(await Decoder.create());
    const [block, heard] = [new Float32Array(BLOCK), []];
    let next = 0;
    for (let at = 0; at < 2.9 * RATE; at += BLOCK) {
      for (; next < packets.length && packets[next].endMs + ((next * 7) % 5) * 0.8 <= at / 48; next += 1) {
        const { timestamp, payload } = packets[next];
        buffer.push(next, timestamp, payload, at / 48, next === 0);
      }
      buffer.pop(block, at / 48);
      heard.push(...block);
    }
    const { lost, discarded, undecodable, skippedMs, concealedMs } = buffer.statistics;
    assert.deepEqual([lost, discarded, undecodable, skippedMs], [0, 0, 0, 0]);
    assert.ok(concealedMs <= 60, `${concealedMs}`);
    for (let at = RATE; at + 480 <= heard.length; at += 480) {
      const power = heard.slice(at, at + 480).reduce((sum, sample) => sum + sample * sample, 0) / 480;
      assert.ok(Math.sqrt(power) > 0.15, `a gap at ${at / 48} ms`);
    }
  });
}

for (const [before, after] of [[4, 2], [4, 1], [2, 1], [1, 2], [1, 4], [2, 4]]) {
  test(`packets change from ${before} to ${after} × 2.5 ms without a click`, async () => {
    const [encoder, decoder] = await Promise.all([Encoder.create(), Decoder.create()]);
    const [heard, lengths] = [[], []];
    let units = before;
    let asked = false;
    for (let position = 0; position < RATE; ) {
      if (position >= RATE / 2 && !asked) {
        asked = true;
        encoder.prepare(after * 120, () => (units = after));
      }
      lengths.push(units);
      const length = units * 120;
      heard.push(...decoder.decode(encoder.encode(tone(position, length))));
      position += length;
    }
    assert.equal(lengths.at(-1), after);
    const worst = heard
      .slice(4_800)
      .reduce(
        (most, sample, i) =>
          Math.max(most, Math.abs(sample - 0.3 * Math.sin((2 * Math.PI * 440 * (i + 4_680)) / RATE))),
        0,
      );
    assert.ok(worst < 0.15, `${worst}: as codec noise may be in 2.5 ms; a click would be 0.3 and more`);
  });
}

for (const samples of [480, 240, 120]) {
  test(`the first syllable after a silence is as loud as it was said, in packets of ${samples / 48} ms`, async () => {
    const gate = new TransmitGate();
    gate.mode = "button";
    const [encoder, decoder] = await Promise.all([Encoder.create(), Decoder.create()]);
    const voice = new Packetizer(encoder, gate);
    const heard = [];
    for (let position = 0; position < RATE; position += samples) {
      gate.pressed = position < RATE / 4 || position >= RATE / 2;
      const said = tone(position, samples).map((sample) => (position < RATE / 4 ? sample / 100 : sample));
      for (const packet of voice.packets(said, position).map(parsePacket)) {
        const sound = decoder.decode(packet.payload);
        if (packet.timestamp >= RATE / 2 - 1_920) heard.push(...sound);
      }
      await Promise.resolve();
    }
    const differences = heard
      .slice(240, 4_800)
      .map((sample, i) => sample - 0.3 * Math.sin((2 * Math.PI * 440 * (RATE / 2 - 1_920 + i + 120)) / RATE));
    const error = Math.sqrt(differences.reduce((sum, each) => sum + each * each, 0) / differences.length);
    assert.ok(error < 0.02, `${error} of ${0.3 / Math.sqrt(2)}`);
  });
}

test("a pre-roll of several lengths does not click", async () => {
  const gate = new TransmitGate();
  gate.mode = "button";
  const [encoder, decoder] = await Promise.all([Encoder.create(), Decoder.create()]);
  const voice = new Packetizer(encoder, gate);
  const heard = [];
  let [samples, position, first] = [480, 0, Infinity];
  for (const wanted of [480, 480, 480, 240, 240, 120, 120]) {
    encoder.prepare(wanted, () => (samples = wanted), !voice.isPassing);
    voice.packets(tone(position, samples), position);
    position += samples;
  }
  gate.pressed = true;
  for (let i = 0; i < 200; i += 1, position += samples) {
    for (const { payload, timestamp } of voice.packets(tone(position, samples), position).map(parsePacket)) {
      first = Math.min(first, timestamp);
      heard.push(...decoder.decode(payload));
    }
  }
  const worst = heard
    .slice(240)
    .reduce(
      (most, sample, i) =>
        Math.max(most, Math.abs(sample - 0.3 * Math.sin((2 * Math.PI * 440 * (first + i + 120)) / RATE))),
      0,
    );
  assert.equal(samples, 120);
  assert.ok(worst < 0.15, `${worst}: as codec noise may be in 2.5 ms; a click would be 0.3 and more`);
});

for (const channels of [1, 2]) {
  test(`one encoder of ${channels} goes on from one length to another`, async () => {
    const [encoder, decoder] = await Promise.all([Encoder.create(), Decoder.create()]);
    while (encoder.encode(tone(0, 480, channels), channels).length === 0) await new Promise(setImmediate);
    for (let position = 480, i = 0; i < 60; i += 1) {
      const length = CHANGING[i % CHANGING.length] * 120;
      const decoded = decoder.decode(encoder.encode(tone(position, length, channels), channels));
      assert.equal(decoded.length, length);
      position += length;
    }
  });
}

test("short packets get more bits as libopus reckons, and long ones no fewer", () => {
  const rates = (bitrate, channels) =>
    [120, 240, 480, 960].map((samples) => bitrateFor(bitrate, samples, channels));
  assert.deepEqual(rates(64_000, 1), [82_000, 70_000, 64_000, 64_000]);
  assert.deepEqual(rates(128_000, 2), [158_000, 138_000, 128_000, 128_000]);
});

/**
 * `[how many, the first timestamp, duration, level, voice, flags]` of packets that are alike and without a
 * gap.
 */
function runsOf(packets) {
  const runs = [];
  for (const { timestamp, duration, level, voice, flags } of packets) {
    const rest = [duration, level, Number(voice), flags];
    const last = runs.at(-1);
    if (last && last.slice(2).join() === rest.join() && timestamp === last[1] + last[0] * 120 * duration)
      last[0] += 1;
    else runs.push([1, timestamp, ...rest]);
  }
  return runs;
}

for (const { name, mode, steps, sent } of CASES) {
  test(name, () => {
    const gate = new TransmitGate();
    gate.mode = mode;
    const voice = new Packetizer({ encode: () => Uint8Array.of(1) }, gate);
    const packets = [];
    let position = 0;
    for (const { samples, amplitude, times, muted = false } of steps) {
      gate.muted = muted;
      for (let i = 0; i < times; i += 1, position += samples) {
        packets.push(...voice.packets(new Float32Array(samples).fill(amplitude), position));
      }
    }
    assert.deepEqual(runsOf(packets.map(parsePacket)), sent);
  });
}

test("a framer changes the length of its frames where one ends, and loses nothing", () => {
  const framer = new Framer(RATE, BLOCK, 2);
  const [frames, whole] = [[], tone(0, RATE)];
  framer.onFrame = (frame) => frames.push(frame.slice());
  for (let at = 0; at < RATE; at += BLOCK) {
    framer.frameSamples = [480, 120, 240][Math.floor(at / BLOCK / 50) % 3];
    framer.push([whole.subarray(at, at + BLOCK), whole.subarray(at, at + BLOCK)], BLOCK);
  }
  assert.deepEqual(new Set(frames.map(({ length }) => length)), new Set([960, 240, 480]));
  const left = frames.flatMap((frame) => [...frame.filter((_, i) => i % 2 === 0)]);
  assert.deepEqual(left, [...whole.subarray(0, left.length)]);
  assert.ok(left.length > RATE - 480);
});

test("a howl and devices in one room are looked for in whole frames, whatever is sent", () => {
  const heard = [];
  const talking = new Sender({
    guard: { process: (frame) => heard.push(frame.slice()), cuts: false, reset: () => {} },
    link: { sendPacket: () => {}, send: () => {} },
    levels: { update: () => {} },
    timing: { captured: () => {}, clockMessage: () => null },
    suppression: { process: (frame) => frame, pass: (frame) => frame, lateSamples: 0 },
    nowUs: () => 0,
  });
  talking.begin({ encode: () => Uint8Array.of(1) });
  let position = 0;
  for (const length of [480, 120, 240, 120, 480, 120, 120, 240]) {
    talking.hear(tone(position, length), 0);
    position += length;
  }
  assert.deepEqual(heard.map(({ length }) => length), [480, 480, 480, 480]);
  assert.deepEqual(heard.flatMap((frame) => [...frame]), [...tone(0, 1_920)]);
});
