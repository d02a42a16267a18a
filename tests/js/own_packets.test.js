import assert from "node:assert/strict";
import { test } from "node:test";

import { OwnPackets } from "../../web/worker/sending/packet_length.js";

function ours() {
  const now = { members: 2, pieceUnits: 1, needsFrames: false };
  const [samples, told] = [[], []];
  const packets = new OwnPackets({
    setSamples: (each) => samples.push(each),
    situation: () => now,
    onChange: ({ units, why }) => told.push(`${units} ${why}`),
  });
  return { packets, now, samples, told };
}

test("what is chosen is sent and told, and told once", () => {
  const { packets, samples, told } = ours();
  packets.choose(2, 0);
  packets.look(100);
  packets.look(200);
  packets.choose(1, 300);
  assert.deepEqual(samples, [240, 120]);
  assert.deepEqual(told, ["2 ", "1 "]);
});

test("over HTTP packets last 10 ms, and are as they were when that is over", () => {
  const { packets, samples, told } = ours();
  packets.choose(1, 0);
  packets.overHttp = true;
  packets.look(100);
  packets.overHttp = false;
  packets.look(200);
  assert.deepEqual(samples, [120, 480, 120]);
  assert.deepEqual(told, ["1 ", "4 http", "1 "]);
});

test("where the relay asks for it, or pings come back late, they are longer for a while", () => {
  const { packets, told } = ours();
  packets.choose(2, 0);
  packets.onCrowded(100);
  packets.look(100);
  packets.look(30_099);
  packets.look(30_100);
  for (const [nowMs, roundTripUs] of [
    [30_200, 3_000],
    [31_000, 90_000],
    [33_000, 90_000],
  ])
    packets.onPong(roundTripUs, nowMs);
  packets.look(33_000);
  assert.deepEqual(told, ["2 ", "4 network", "2 ", "4 network"]);
});

test("where the microphone comes in pieces, or whole frames are needed, packets are no shorter", () => {
  const { packets, now, told } = ours();
  packets.choose(1, 0);
  now.pieceUnits = 2;
  packets.look(100);
  now.needsFrames = true;
  packets.look(200);
  packets.choose(4, 300);
  assert.deepEqual(told, ["1 ", "2 source", "4 source", "4 "]);
});
