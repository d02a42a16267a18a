import assert from "node:assert/strict";
import { test } from "node:test";

import { TALKSPURT_START, parsePacket } from "../../web/shared/packet.js";
import { PREROLL_FRAMES, Packetizer } from "../../web/worker/sending/packetizer.js";
import { TAIL_FRAMES, TransmitGate } from "../../web/worker/sending/transmit_gate.js";

const SPEECH = new Float32Array(480).fill(0.1);
const SILENCE = new Float32Array(480);
const HANGOVER_FRAMES = TAIL_FRAMES.free + 19;

/** A voice with a codec that counts, and what it sends for each block as parsed packets. */
function talk(voice, blocks, start = 0) {
  return blocks.map((block, i) => voice.packets(block, start + i * 480).map(parsePacket));
}

function aVoice() {
  const encoder = { encoded: 0, encode: () => Uint8Array.of((encoder.encoded += 1)) };
  const gate = new TransmitGate();
  return { voice: new Packetizer(encoder, gate), gate, encoder };
}

/** A voice that speaks only while a button is pressed. */
function withButton() {
  const made = aVoice();
  made.gate.mode = "button";
  return made;
}

test("a packet carries the level, the position and the length of its block", () => {
  const [[packet]] = talk(aVoice().voice, [SPEECH], 960);
  assert.equal(packet.timestamp, 960);
  assert.equal(packet.level, 20);
  assert.equal(packet.voice, true);
  assert.equal(packet.duration, 4);
  assert.equal(packet.talkerId, 0);
});

test("a talkspurt starts with what was heard right before it, at the time it was heard", () => {
  const sent = talk(aVoice().voice, [...Array(20).fill(SILENCE), SPEECH, SPEECH]);
  assert.deepEqual(sent.map((packets) => packets.length), [...Array(20).fill(0), PREROLL_FRAMES + 1, 1]);
  assert.deepEqual(sent[20].map(({ timestamp }) => timestamp / 480), [16, 17, 18, 19, 20]);
  assert.deepEqual(sent[20].map(({ flags }) => flags), [TALKSPURT_START, 0, 0, 0, 0]);
  assert.deepEqual(sent[20].map(({ voice }) => voice), [false, false, false, false, true]);
});

test("a pause shorter than the hangover is sent as it is; a longer one not, and then a talkspurt starts", () => {
  const pauses = [HANGOVER_FRAMES - 1, HANGOVER_FRAMES + 50];
  const blocks = [SPEECH, ...pauses.flatMap((length) => [...Array(length).fill(SILENCE), SPEECH])];
  const sent = talk(aVoice().voice, blocks).flat();
  const starts = sent.flatMap(({ flags, timestamp }) => (flags & TALKSPURT_START ? [timestamp / 480] : []));
  assert.deepEqual(starts, [0, 2 * HANGOVER_FRAMES + 51 - PREROLL_FRAMES]);
});

test("the seq has no hole where the timestamp has one, and nothing is sent twice", () => {
  const sent = talk(aVoice().voice, [
    SPEECH,
    ...Array(HANGOVER_FRAMES + 2).fill(SILENCE),
    SPEECH,
    SPEECH,
  ]).flat();
  assert.deepEqual(
    sent.map(({ seq }) => seq),
    sent.map((_, i) => i),
  );
  assert.equal(new Set(sent.map(({ timestamp }) => timestamp)).size, sent.length);
});

test("what has no payload is left out, and what comes then starts the talkspurt", () => {
  const { voice, encoder } = aVoice();
  const { encode } = encoder;
  encoder.encode = () => new Uint8Array(0);
  assert.deepEqual(talk(voice, [SPEECH, SPEECH]).flat(), []);
  encoder.encode = encode;
  const [packet] = talk(voice, [SPEECH], 960).flat();
  assert.deepEqual([packet.seq, packet.flags, packet.timestamp], [0, TALKSPURT_START, 960]);
});

test("from the start, silence is not sent", () => {
  assert.deepEqual(talk(aVoice().voice, [SILENCE, SILENCE]).flat(), []);
});

test("with a button, what was said long before it went down is never sent", () => {
  const { voice, gate } = withButton();
  assert.deepEqual(talk(voice, Array(50).fill(SPEECH)).flat(), []);
  gate.pressed = true;
  const sent = talk(voice, [SPEECH], 50 * 480).flat();
  assert.deepEqual(sent.map(({ timestamp }) => timestamp / 480), [46, 47, 48, 49, 50]);
});

test("with a button, a tail follows it, and nothing else", () => {
  const { voice, gate } = withButton();
  gate.pressed = true;
  talk(voice, [SPEECH]);
  gate.pressed = false;
  const sent = talk(voice, Array(50).fill(SPEECH)).flat();
  assert.equal(sent.length, TAIL_FRAMES.button - 1);
});

test("while the button is down silence is sent too, and says that it is no voice", () => {
  const { voice, gate } = withButton();
  gate.pressed = true;
  assert.deepEqual(talk(voice, [SILENCE]).flat().map((packet) => packet.voice), [false]);
});

test("who turns to the button sends no tail of what was free before", () => {
  const { voice, gate } = aVoice();
  talk(voice, [SPEECH]);
  gate.mode = "button";
  assert.deepEqual(talk(voice, [SPEECH]).flat(), []);
});

test("who is muted sends nothing, and shows nothing on the meter", () => {
  const { voice, gate } = aVoice();
  talk(voice, [SPEECH]);
  gate.muted = true;
  assert.deepEqual(talk(voice, [SPEECH]).flat(), []);
  assert.equal(voice.level, 127);
});

test("after unmuting, a talkspurt starts without anything from before", () => {
  const { voice, gate } = aVoice();
  talk(voice, [SPEECH]);
  gate.muted = true;
  talk(voice, Array(9).fill(SPEECH));
  gate.muted = false;
  assert.deepEqual(talk(voice, [SPEECH]).flat().map(({ flags }) => flags), [TALKSPURT_START]);
});

test("what is not sent is not encoded; what led up to a talkspurt is, once and in its order, when that starts", () => {
  const { voice, encoder } = aVoice();
  const encoded = [];
  encoder.encode = (samples, _channels, starts) => encoded.push([samples[0], starts]) && Uint8Array.of(1);
  const frame = (sample) => new Float32Array(480).fill(sample);
  talk(voice, Array.from({ length: 50 }, (_, i) => frame(i / 2 ** 20)));
  assert.deepEqual(encoded, []);
  talk(voice, [frame(0.25), frame(0.5)]);
  const expected = [
    [46 / 2 ** 20, true],
    ...[47, 48, 49].map((i) => [i / 2 ** 20, false]),
    [0.25, false],
    [0.5, false],
  ];
  assert.deepEqual(encoded.splice(0), expected);
  talk(voice, Array(HANGOVER_FRAMES).fill(SILENCE));
  encoded.length = 0;
  talk(voice, [...Array(50).fill(SILENCE), SPEECH]);
  assert.deepEqual(encoded.map(([, starts]) => starts), [true, ...Array(PREROLL_FRAMES).fill(false)]);
});

test("what is kept of a block stays as it was, whatever the microphone writes there next", () => {
  const { voice, encoder } = aVoice();
  const encoded = [];
  encoder.encode = (samples) => encoded.push(samples[0]) && Uint8Array.of(1);
  const block = new Float32Array(480);
  for (const sample of [1e-4, 2e-4, 3e-4, 4e-4, 0.5]) voice.packets(block.fill(sample), 0);
  assert.deepEqual(encoded, [...Float32Array.of(1e-4, 2e-4, 3e-4, 4e-4, 0.5)]);
});

test("while nobody talks, an encoder that has to change over for music does so, and is not asked again", () => {
  const { voice, gate, encoder } = withButton();
  const asked = [];
  encoder.encode = (_samples, channels) =>
    asked.push(channels) && (asked.length < 3 ? new Uint8Array(0) : Uint8Array.of(1));
  const music = new Float32Array(960).fill(0.1);
  for (let i = 0; i < 9; i += 1) voice.packets(music, i * 480, 2);
  assert.deepEqual(asked, [2, 2, 2]);
  gate.pressed = true;
  assert.equal(voice.packets(music, 9 * 480, 2).length, PREROLL_FRAMES + 1);
});

test("what was heard in mono goes before music, unless the encoder has changed over already", () => {
  for (const heard of [0, 2]) {
    const { voice, gate, encoder } = withButton();
    const asked = [];
    encoder.encode = (_samples, channels) => asked.push(channels) && Uint8Array.of(1);
    talk(voice, Array(9).fill(SPEECH));
    const music = (position) => voice.packets(new Float32Array(960).fill(0.1), position, 2);
    for (let i = 0; i < heard; i += 1) music((9 + i) * 480);
    asked.length = 0;
    gate.pressed = true;
    music((9 + heard) * 480);
    assert.deepEqual(asked, heard ? [2, 2, 2] : [1, 1, 1, 1, 2]);
  }
});

test("an encoder that changes over in the middle of a talkspurt leaves a hole, and starts no other one", () => {
  const { voice, encoder } = aVoice();
  talk(voice, [SPEECH]);
  const { encode } = encoder;
  encoder.encode = () => new Uint8Array(0);
  talk(voice, [SPEECH], 480);
  encoder.encode = encode;
  assert.deepEqual(
    talk(voice, [SPEECH], 960)
      .flat()
      .map(({ seq, flags, timestamp }) => [seq, flags, timestamp]),
    [[1, 0, 960]],
  );
});

test("seq and timestamp go round", () => {
  const { voice } = aVoice();
  const [[packet]] = talk(voice, [SPEECH], 2 ** 32 + 480);
  assert.equal(packet.timestamp, 480);
  const last = talk(voice, Array(2 ** 16).fill(SPEECH)).flat().at(-1);
  assert.equal(last.seq, 0);
});
