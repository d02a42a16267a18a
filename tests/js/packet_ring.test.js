import assert from "node:assert/strict";
import { test } from "node:test";

import { MAX_PACKET_BYTES } from "../../web/shared/packet.js";
import { PacketRing } from "../../web/shared/packet_ring.js";

const SLOTS = 1_024;

/** Both ends of a ring, as two threads have them. */
function ends() {
  globalThis.crossOriginIsolated = true;
  const memory = PacketRing.memory();
  return [new PacketRing(memory), new PacketRing(memory)];
}

const packetOf = (number) => Uint8Array.of(number >> 8, number & 255);

test("packets come out as they went in, of any length, in their order", () => {
  const [worker, audio] = ends();
  const packets = [1, 12, MAX_PACKET_BYTES].map((length) => new Uint8Array(length).fill(length));
  packets.forEach((packet) => worker.push(packet));
  assert.deepEqual([audio.pop(), audio.pop(), audio.pop(), audio.pop()], [...packets, null]);
});

test("a packet that was taken stays as it is when its place is used again", () => {
  const [worker, audio] = ends();
  worker.push(packetOf(0));
  const first = audio.pop();
  for (let number = 1; number <= SLOTS; number += 1) {
    worker.push(packetOf(number));
    assert.deepEqual(audio.pop(), packetOf(number));
  }
  assert.deepEqual(first, packetOf(0));
  assert.ok(!(first.buffer instanceof SharedArrayBuffer));
});

test("the last packet before the ring is full comes out", () => {
  const [worker, audio] = ends();
  for (let number = 0; number < SLOTS - 1; number += 1) worker.push(packetOf(number));
  for (let number = 0; number < SLOTS - 1; number += 1) assert.deepEqual(audio.pop(), packetOf(number));
  assert.equal(audio.pop(), null);
});

test("what waited while nobody read is forgotten, and what comes next is not", () => {
  const [worker, audio] = ends();
  for (let number = 0; number < 2 * SLOTS; number += 1) worker.push(packetOf(number));
  assert.equal(audio.pop(), null);
  worker.push(packetOf(7));
  assert.deepEqual(audio.pop(), packetOf(7));
});

test("where nothing may be shared there is no ring", () => {
  globalThis.crossOriginIsolated = false;
  assert.equal(PacketRing.memory(), null);
});

test("a packet that is longer than its place is left out, and its neighbours stay whole", () => {
  const [worker, audio] = ends();
  worker.push(packetOf(1));
  worker.push(new Uint8Array(MAX_PACKET_BYTES + 1).fill(255));
  worker.push(packetOf(2));
  assert.deepEqual([audio.pop(), audio.pop(), audio.pop()], [packetOf(1), packetOf(2), null]);
});
