import assert from "node:assert/strict";
import { test } from "node:test";

import { ContextChanges } from "../../web/page/sound/context_changes.js";

/** A context that says what it is told, and moves when the test says so. */
function aContext() {
  const told = [];
  const moves = [];
  const context = {
    suspend: async () => void told.push("suspend"),
    resume: async () => void told.push("resume"),
    setSinkId: (id) => told.push(id) && new Promise((resolve, reject) => moves.push({ resolve, reject })),
  };
  return { changes: new ContextChanges(context), told, moves };
}

const settled = () => new Promise(setImmediate);

test("with nothing under way, the sound goes on at once: browsers ask for a press just before", () => {
  const { changes, told } = aContext();
  changes.resume();
  assert.deepEqual([told, changes.underWay], [["resume"], 0]);
});

test("what comes while the sound moves to another loudspeaker waits until it is there", async () => {
  const { changes, told, moves } = aContext();
  changes.playOn("headset");
  changes.resume();
  changes.playOn("speaker");
  await settled();
  assert.deepEqual([told, changes.underWay], [["headset"], 2]);
  moves[0].resolve();
  await settled();
  assert.deepEqual(told, ["headset", "speaker"]);
  moves[1].resolve();
  await settled();
  assert.deepEqual([told, changes.underWay], [["headset", "speaker", "resume"], 0]);
});

test("the last word counts: who leaves while the sound moves is not heard again, who comes back is", async () => {
  const { changes, told, moves } = aContext();
  changes.playOn("headset");
  changes.resume();
  changes.suspend();
  await settled();
  assert.deepEqual(told, ["headset"]);
  moves[0].resolve();
  await settled();
  assert.deepEqual(told, ["headset", "suspend"]);
  changes.suspend();
  changes.resume();
  await settled();
  assert.deepEqual(told, ["headset", "suspend", "suspend", "resume"]);
});

test("a loudspeaker that is gone keeps nothing waiting", async () => {
  const { changes, told, moves } = aContext();
  const moved = changes.playOn("gone");
  await settled();
  moves[0].reject(new Error("not found"));
  await moved;
  await changes.resume();
  assert.deepEqual(told, ["gone", "resume"]);
});

test("where a browser offers no choice of loudspeaker, nothing changes", async () => {
  const changes = new ContextChanges({});
  await changes.playOn("headset");
  assert.equal(changes.underWay, 0);
});
