import assert from "node:assert/strict";
import { test } from "node:test";

import { TALKSPURT_START, parsePacket } from "../web/packet.js";
import { HANGOVER_FRAMES, Voice } from "../web/voice.js";

const SPEECH = new Float32Array(480).fill(0.1);
const SILENCE = new Float32Array(480);

/** A voice with a codec that counts, and what it sends as parsed packets. */
function talk(voice, blocks, start = 0) {
  return blocks.map((block, i) => {
    const data = voice.packet(block, start + i * 480);
    return data && parsePacket(data);
  });
}

function aVoice() {
  const encoder = { encoded: 0, encode: () => Uint8Array.of((encoder.encoded += 1)) };
  return { voice: new Voice(encoder), encoder };
}

test("a packet carries the level, the position and the length of its block", () => {
  const [packet] = talk(aVoice().voice, [SPEECH], 960);
  assert.equal(packet.timestamp, 960);
  assert.equal(packet.level, 20);
  assert.equal(packet.voice, true);
  assert.equal(packet.duration, 4);
  assert.equal(packet.talkerId, 0);
});

test("only the first packet after a pause starts a talkspurt", () => {
  const pause = Array(HANGOVER_FRAMES + 5).fill(SILENCE);
  const sent = talk(aVoice().voice, [SPEECH, SPEECH, ...pause, SPEECH, SPEECH]).filter(Boolean);
  const starts = sent.flatMap((packet, i) => (packet.flags & TALKSPURT_START ? [i] : []));
  assert.deepEqual(starts, [0, sent.length - 2]);
});

test("silence is sent for the hangover, then nothing; the seq has no hole, the timestamp has", () => {
  const sent = talk(aVoice().voice, [SPEECH, ...Array(100).fill(SILENCE), SPEECH]);
  const packets = sent.filter(Boolean);
  assert.equal(packets.length, HANGOVER_FRAMES + 1);
  assert.deepEqual(packets.map((packet) => packet.seq), packets.map((_, i) => i));
  assert.equal(packets.at(-1).timestamp - packets.at(-2).timestamp, (101 - (HANGOVER_FRAMES - 1)) * 480);
});

test("from the start, silence is not sent", () => {
  assert.deepEqual(talk(aVoice().voice, [SILENCE, SILENCE]), [null, null]);
});

test("who is muted sends nothing, and shows nothing on the meter", () => {
  const { voice } = aVoice();
  talk(voice, [SPEECH]);
  voice.muted = true;
  assert.deepEqual(talk(voice, [SPEECH]), [null]);
  assert.equal(voice.level, 127);
});

test("after unmuting a talkspurt starts", () => {
  const { voice } = aVoice();
  talk(voice, [SPEECH]);
  voice.muted = true;
  talk(voice, [SPEECH]);
  voice.muted = false;
  assert.equal(talk(voice, [SPEECH])[0].flags, TALKSPURT_START);
});

test("the encoder hears every block, so that its state stays true", () => {
  const { voice, encoder } = aVoice();
  talk(voice, [SILENCE, SPEECH, SILENCE]);
  assert.equal(encoder.encoded, 3);
});

test("seq and timestamp go round", () => {
  const { voice } = aVoice();
  const [packet] = talk(voice, [SPEECH], 2 ** 32 + 480);
  assert.equal(packet.timestamp, 480);
  const last = talk(voice, Array(2 ** 16).fill(SPEECH)).at(-1);
  assert.equal(last.seq, 0);
});
