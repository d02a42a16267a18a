import assert from "node:assert/strict";
import { test } from "node:test";

import { OwnPackets } from "../../web/worker/own_packets.js";

function ours() {
  const now = { members: 2, waitingBytes: 0, pieceUnits: 1, needsFrames: false };
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

test("what this device can't get rid of, or the relay asks for, makes them longer for a while", () => {
  const { packets, now, told } = ours();
  packets.choose(2, 0);
  now.waitingBytes = 10_000;
  packets.look(100);
  now.waitingBytes = 0;
  packets.look(30_099);
  packets.look(30_100);
  packets.onCrowded(30_200);
  packets.look(30_300);
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
