import assert from "node:assert/strict";
import { test } from "node:test";

import { Decoder, Encoder, loadCodec } from "../../web/shared/codec.js";

const FRAME = 480;
const SECOND = 100;

await loadCodec();

/** A second of 440 Hz, or of 440 Hz on the left and 660 Hz on the right, in frames. */
function said(channels, from = 0) {
  const sample = (time, channel) => 0.3 * Math.sin(2 * Math.PI * (channel ? 660 : 440) * time);
  return Array.from({ length: SECOND }, (_, number) =>
    Float32Array.from({ length: channels * FRAME }, (_, i) =>
      sample((from + number * FRAME + Math.floor(i / channels)) / 48_000, i % channels),
    ),
  );
}

/** What comes of the frames, as left and right; and how many of them had no payload. */
async function through(frames) {
  const [encoder, decoder] = await Promise.all([Encoder.create(), Decoder.create()]);
  const heard = { left: [], right: [], missing: 0, bytes: 0 };
  for (const frame of frames) {
    const payload = encoder.encode(frame, frame.length / FRAME).slice();
    await Promise.resolve();
    heard.missing += payload.length === 0;
    heard.bytes += payload.length;
    if (payload.length === 0) await new Promise(setImmediate);
    else addTo(heard, decoder, payload);
  }
  return heard;
}

function addTo(heard, decoder, payload) {
  const mid = decoder.decode(payload);
  heard.left.push(...mid.map((sample, i) => sample + (decoder.side?.[i] ?? 0)));
  heard.right.push(...mid.map((sample, i) => sample - (decoder.side?.[i] ?? 0)));
}

/** The amplitude of a pitch in the last half second. */
function amplitude(sound, hertz) {
  const end = sound.slice(-24_000);
  const parts = [Math.sin, Math.cos].map((wave) =>
    end.reduce((sum, sample, i) => sum + sample * wave((2 * Math.PI * hertz * i) / 48_000), 0),
  );
  return (2 * Math.hypot(...parts)) / end.length;
}

test("a voice is mono, and has no side", async () => {
  const { left, right, missing, bytes } = await through(said(1));
  assert.equal(missing, 0);
  assert.deepEqual(left, right);
  assert.ok(Math.abs(amplitude(left, 440) - 0.3) < 0.03);
  assert.ok((bytes * 8) / 1_000 < 80);
});

test("music is in stereo from a frame or two after it began, and left and right are apart", async () => {
  const { left, right, missing } = await through([...said(1), ...said(2)]);
  assert.ok(missing > 0 && missing < 5, `${missing}`);
  assert.ok(amplitude(left, 660) < 0.01 * amplitude(left, 440));
  assert.ok(amplitude(right, 440) < 0.01 * amplitude(right, 660));
});

test("after music a voice is in the middle again, and nothing bangs in between", async () => {
  const { left, right } = await through([...said(1), ...said(2), ...said(1)]);
  assert.ok(Math.abs(amplitude(left, 440) - 0.3) < 0.03);
  assert.ok(Math.abs(amplitude(left, 440) - amplitude(right, 440)) < 1e-3);
  assert.ok(left.concat(right).every((sample) => Math.abs(sample) < 0.5));
});

test("a gap is concealed in as many channels as went before", async () => {
  const [encoder, decoder] = await Promise.all([Encoder.create(), Decoder.create()]);
  decoder.decode(encoder.encode(said(1)[0]));
  assert.deepEqual([decoder.conceal(240).length, decoder.side], [240, null]);
  encoder.encode(said(2)[0], 2);
  await new Promise(setImmediate);
  for (const frame of said(2)) decoder.decode(encoder.encode(frame, 2));
  const mid = decoder.conceal(240);
  assert.equal(mid.length, 240);
  assert.ok(decoder.side.subarray(0, 240).some((sample) => Math.abs(sample) > 0.01));
});

test("what is decoded to no sound is thrown, and a new decoder takes the place of the one that gave it", async () => {
  let freed = 0;
  const wrong = () => {
    const nothing = () => new Float32Array(FRAME).fill(NaN);
    return { channels: 1, decodeFloat: nothing, decodePacketLossFloat: nothing, free: () => (freed += 1) };
  };
  const [encoder, decoder] = [await Encoder.create(), new Decoder(wrong(), wrong())];
  const payload = encoder.encode(said(1)[0]);
  assert.throws(() => decoder.decode(payload), RangeError);
  assert.throws(() => decoder.conceal(240), RangeError);
  for (let turns = 0; freed < 2 && turns < 1000; turns += 1) await new Promise(setImmediate);
  assert.equal(freed, 2);
  assert.ok(decoder.decode(payload).every(Number.isFinite));
  decoder.free();
  encoder.free();
});

test("a frame that is not finite leaves nothing behind in the encoder", async () => {
  const [encoder, decoder] = [await Encoder.create(), await Decoder.create()];
  const frames = said(1);
  decoder.decode(encoder.encode(new Float32Array(FRAME).fill(NaN)));
  decoder.decode(encoder.encode(new Float32Array(FRAME).fill(Infinity)));
  let last = new Float32Array(0);
  for (const frame of frames.slice(0, 20)) last = decoder.decode(encoder.encode(frame));
  assert.ok(Math.max(...last) > 0.2 && last.every(Number.isFinite));
  encoder.free();
  decoder.free();
});
