import assert from "node:assert/strict";
import { test } from "node:test";

import { joinUnattended } from "../../web/page/door/unattended.js";

async function doneWhere(runs, state) {
  const done = [];
  const door = { pressJoin: () => done.push("join") };
  const sound = { start: async () => runs, suspend: () => done.push("suspend") };
  await joinUnattended({ call: { state }, door, sound });
  return done;
}

test("where there can be sound, it joins by itself", async () => {
  assert.deepEqual(await doneWhere(true, "start"), ["join"]);
});

test("where a press is needed first, it waits for it in silence", async () => {
  assert.deepEqual(await doneWhere(false, "start"), ["suspend"]);
});

test("where somebody has pressed meanwhile, it keeps out of the way", async () => {
  assert.deepEqual(await doneWhere(true, "joining"), []);
  assert.deepEqual(await doneWhere(false, "joining"), []);
});
