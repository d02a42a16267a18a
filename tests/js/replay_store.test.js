import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import {
  MISSED_MS,
  MOST_BYTES,
  MOST_BYTES_OF_TALKER,
  MOST_TRACKS,
  PACKET_OVERHEAD_BYTES,
  ReplayStore,
} from "../../web/worker/replay/store.js";

const vectors = JSON.parse(readFileSync(new URL("../vectors/replay.json", import.meta.url), "utf-8"));

/**
 * @type {(store: ReplayStore, talkerId: number, name: string, atMs: number, timestamp: number,
 *   duration: number, bytes: number, starts: boolean) => void}
 */
function keep(store, talkerId, name, atMs, timestamp, duration, bytes, starts) {
  const packet = {
    talkerId,
    timestamp,
    duration,
    payload: new Uint8Array(bytes),
    seq: 0,
    level: 0,
    voice: true,
    flags: 0,
  };
  store.keep(name, packet, atMs, starts);
}

const STEPS = {
  keep,
  renew: (store, talkerId) => store.renew(talkerId),
  renew_all: (store) => store.renewAll(),
  leave_out: (store, talkerIds, names) => store.leaveOut(talkerIds, names),
  keep_ms: (store, ms) => (store.keepMs = ms),
  expire: (store, ms) => store.expire(ms),
};

for (const { name, steps, from_ms, to_ms, said } of vectors.cases) {
  test(name, () => {
    const store = new ReplayStore();
    for (const [step, ...values] of steps) STEPS[step](store, ...values);
    const kept = store.said(from_ms, to_ms);
    const written = kept.map((each) => [
      each.name,
      each.packets.map(({ startMs, lastsMs, payload }) => [startMs, lastsMs, payload.length]),
    ]);
    assert.deepEqual(written, said);
  });
}

test("one who floods loses what is their own: the others stay, and nobody makes it grow", () => {
  const store = new ReplayStore();
  store.keepMs = MISSED_MS;
  keep(store, 1, "Ada", 0, 0, 4, 80, true);
  for (let i = 1; i <= 5_000; i += 1) {
    for (const flooder of [2, 3, 4]) keep(store, flooder, `Mallory ${flooder}`, i, i * 120, 1, 1_488, false);
    assert.ok(store.bytes <= MOST_BYTES);
  }
  const said = store.said(0, MISSED_MS);
  assert.deepEqual(said.map(({ name }) => name), ["Ada", "Mallory 2", "Mallory 3", "Mallory 4"]);
});

test("the shortest packets count with what it takes to keep them, and one talker has a bound of their own", () => {
  const store = new ReplayStore();
  for (let i = 0; i < 10_000; i += 1) keep(store, 1, "Mallory", i / 10, i * 120, 1, 1, i === 0);
  assert.ok(store.bytes <= MOST_BYTES_OF_TALKER);
  assert.ok(store.said(-1e9, 1e9)[0].packets.length <= MOST_BYTES_OF_TALKER / PACKET_OVERHEAD_BYTES);
});

test("a relay that invents talkers gets no more tracks than there are voices worth hearing again", () => {
  const store = new ReplayStore();
  for (let i = 1; i <= 1_000; i += 1) keep(store, i, `Nobody ${i}`, i, 0, 4, 80, true);
  assert.equal(store.said(0, 2_000).length, MOST_TRACKS);
});

test("what is kept is a copy: the network's own memory is used for the next packet", () => {
  const store = new ReplayStore();
  const payload = new Uint8Array([1, 2, 3]);
  store.keep(
    "Ada",
    { talkerId: 1, timestamp: 0, duration: 4, payload, seq: 0, level: 0, voice: true, flags: 0 },
    0,
    true,
  );
  payload.fill(9);
  assert.deepEqual([...store.said(0, 1)[0].packets[0].payload], [1, 2, 3]);
});
