import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { MAX_PACKET_BYTES, PacketError } from "../../web/shared/packet.js";
import { packetsOf, parsePacket, serializePacket } from "../../web/shared/packet.js";
import { takingBundles } from "../../web/shared/room_link.js";

const VECTORS = JSON.parse(readFileSync(new URL("../vectors/bundles.json", import.meta.url), "utf-8"));
const BUNDLE = 0x11;
const CASES = 20_000;
const bytes = (hex) => Uint8Array.from(Buffer.from(hex, "hex"));

/** Numbers that are the same in every run (mulberry32), below `limit`. */
function seeded(seed) {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

const withLength = (packet) => [packet.length >> 8, packet.length & 255, ...packet];
const bundleOf = (packets) => Uint8Array.from([BUNDLE, ...packets.flatMap(withLength)]);

function isPacket(data) {
  try {
    return Boolean(parsePacket(data));
  } catch (error) {
    assert.ok(error instanceof PacketError, String(error));
    return false;
  }
}

for (const { name, packets, message } of VECTORS.good) {
  test(`a bundle holds the packets that were put in: ${name}`, () => {
    assert.deepEqual(packetsOf(bytes(message)), packets.map(bytes));
    assert.ok(packetsOf(bytes(message)).every(isPacket));
  });
}

for (const { name, message, reason } of VECTORS.bad) {
  test(`something that is no bundle is refused whole, in words: ${name}`, () => {
    const isReason = (error) => error instanceof PacketError && error.message.includes(reason);
    assert.throws(() => packetsOf(bytes(message)), isReason);
  });
}

for (const { name, message } of VECTORS.odd) {
  test(`something odd in a bundle is passed over, and what is around it is heard: ${name}`, () => {
    assert.deepEqual(packetsOf(bytes(message)).map(isPacket), [true, false, true]);
  });
}

test("a packet that is alone is itself, and so is everything that is no bundle", () => {
  const [rest, payload] = [{ level: 4, voice: true, flags: 0, duration: 4 }, bytes("fcfffe")];
  const packet = serializePacket({ talkerId: 1, seq: 2, timestamp: 3, payload, ...rest });
  assert.deepEqual(packetsOf(packet), [packet]);
  assert.deepEqual(packetsOf(new Uint8Array(0)), [new Uint8Array(0)]);
  assert.deepEqual(packetsOf(bytes("21000000")), [bytes("21000000")]);
});

test("random packets come out of a bundle as they went in", () => {
  const below = seeded(1);
  for (let number = 0; number < CASES / 10; number += 1) {
    const packets = [];
    let next = 13;
    for (let left = MAX_PACKET_BYTES - 1; left >= 2 + next; next = below(4) ? 13 + below(99) : below(1_500)) {
      packets.push(Uint8Array.from({ length: next }, () => below(256)));
      left -= 2 + next;
    }
    if (packets.length > 1) assert.deepEqual(packetsOf(bundleOf(packets)), packets);
  }
});

test("of random and broken bytes come packets that fill the message, or a PacketError", () => {
  const below = seeded(2);
  const good = VECTORS.good.map(({ message }) => bytes(message));
  for (let number = 0; number < CASES; number += 1) {
    const random = Uint8Array.from({ length: below(64) }, () => below(below(2) ? 4 : 256));
    const data = below(2) ? good[below(3)].slice() : random;
    if (data.length) data[0] = BUNDLE;
    for (let turned = below(4); turned > 0 && data.length > 1; turned -= 1) {
      data[1 + below(data.length - 1)] = below(256);
    }
    const message = data.subarray(0, below(4) ? data.length : below(data.length + 1));
    try {
      const packets = packetsOf(message);
      const total = packets.reduce((sum, packet) => sum + packet.length + 2, 1);
      assert.equal(total, message[0] === BUNDLE ? message.length : message.length + 3);
      packets.forEach(isPacket);
    } catch (error) {
      assert.ok(error instanceof PacketError, String(error));
    }
  }
});

test("a WebSocket asks for bundles, and keeps the rest of its address", () => {
  const url = "wss://relay.home.arpa/voice/ws?room=kitchen+1&resume=t0k&attempt=3";
  assert.equal(takingBundles(url), `${url}&bundles=1`);
  assert.equal(takingBundles(takingBundles(url)), `${url}&bundles=1`);
});
