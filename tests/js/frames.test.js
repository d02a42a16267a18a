import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { FrameError, FrameReader, joined, serializeFrame } from "../../web/worker/connection/frames.js";

const vectors = JSON.parse(readFileSync(new URL("../vectors/frames.json", import.meta.url), "utf-8"));
const bytes = (hex) => Uint8Array.from(Buffer.from(hex, "hex"));

function payloadOf({ payload, times = 1 }) {
  return joined(Array(times).fill(bytes(payload)));
}

for (const vector of vectors.good) {
  test(`a frame and its bytes say the same: ${vector.name}`, () => {
    const payload = payloadOf(vector);
    assert.deepEqual(serializeFrame(vector.opcode, payload), joined([bytes(vector.client), payload]));
    assert.deepEqual(new FrameReader().push(joined([bytes(vector.relay), payload])), [
      { opcode: vector.opcode, payload },
    ]);
  });
}

for (const vector of vectors.bad) {
  test(`what no relay sends is refused: ${vector.name}`, () => {
    assert.throws(() => new FrameReader().push(bytes(vector.relay)), FrameError);
  });
}

test("frames are the same in whatever pieces they come", () => {
  const small = vectors.good.filter(({ times = 1 }) => times < 1_000);
  const all = joined(small.flatMap((vector) => [bytes(vector.relay), payloadOf(vector)]));
  const whole = new FrameReader().push(all);
  assert.equal(whole.length, small.length);
  for (const size of [1, 2, 3, 7, 50]) {
    const reader = new FrameReader();
    const found = [];
    for (let at = 0; at < all.length; at += size) found.push(...reader.push(all.subarray(at, at + size)));
    assert.deepEqual(found, whole);
  }
});
