import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { FROM_CLIENT, FROM_RELAY, parseControl } from "../../web/shared/control.js";
import { MAX_PACKET_BYTES, PacketError, parsePacket, serializePacket } from "../../web/shared/packet.js";

const TABLES = { client: FROM_CLIENT, relay: FROM_RELAY };
const vectors = (name) =>
  JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), "utf-8"));
const bytes = (hex) => Uint8Array.from(Buffer.from(hex, "hex"));

function packetOf({ packet: { talker_id: talkerId, payload, ...rest } }) {
  return { talkerId, payload: bytes(payload), ...rest };
}

for (const vector of vectors("packet").good) {
  test(`a packet and its bytes say the same: ${vector.name}`, () => {
    assert.deepEqual(parsePacket(bytes(vector.hex)), packetOf(vector));
    assert.deepEqual(serializePacket(packetOf(vector)), bytes(vector.hex));
  });
}

for (const vector of vectors("packet").bad) {
  test(`something that is not a packet is refused in words: ${vector.name}`, () => {
    assert.throws(
      () => parsePacket(bytes(vector.hex)),
      (error) => error instanceof PacketError && error.message.includes(vector.reason),
    );
  });
}

test("the longest packet passes but not one byte more", () => {
  const longest = serializePacket({
    ...packetOf(vectors("packet").good[0]),
    payload: new Uint8Array(MAX_PACKET_BYTES - 12),
  });
  assert.equal(parsePacket(longest).payload.length, MAX_PACKET_BYTES - 12);
  assert.throws(() => parsePacket(Uint8Array.from([...longest, 0])), /1501 bytes/);
});

for (const vector of vectors("control").good) {
  test(`a message is read with its fields: ${vector.text}`, () => {
    assert.deepEqual(parseControl(vector.text, TABLES[vector.from]), vector.message);
  });
}

for (const vector of vectors("control").bad) {
  test(`something that is not a message is refused by name: ${vector.text || "nothing"}`, () => {
    assert.throws(() => parseControl(vector.text, TABLES[vector.from]), { code: vector.code });
  });
}
