import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { ContextChanges } from "../../web/page/sound/context_changes.js";
import { sleep } from "../../web/shared/sleep.js";

/** A context that says what it is told, and moves when the test says so. */
function aContext(state = "suspended") {
  const told = [];
  const moves = [];
  const goOns = [];
  const context = {
    state,
    currentTime: 0,
    suspend: async () => void told.push("suspend"),
    resume: () => told.push("resume") && new Promise((resolve) => goOns.push(resolve)),
    setSinkId: (id) => told.push(id) && new Promise((resolve, reject) => moves.push({ resolve, reject })),
  };
  return { changes: new ContextChanges(context), context, told, moves, goOn: () => goOns.shift()() };
}

/** Each change ends in a task of its own. */
const settled = () => sleep(10);
const microtasks = () => new Promise(setImmediate);

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

test("a move begins in another task than the one in which the move before it ended", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const { changes, told, moves } = aContext();
  changes.playOn("");
  changes.playOn("headset");
  await microtasks();
  moves[0].resolve();
  await microtasks();
  assert.deepEqual([told, changes.underWay], [[""], 2]);
  mock.timers.tick(0);
  await microtasks();
  assert.deepEqual(told, ["", "headset"]);
  mock.timers.reset();
});

test("a move waits until the sound goes on, but not for ever: some browsers want a press of a button", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const { changes, told, goOn } = aContext();
  changes.resume();
  changes.playOn("headset");
  await microtasks();
  assert.deepEqual(told, ["resume"]);
  goOn();
  await microtasks();
  assert.deepEqual(told, ["resume", "headset"]);
  const blocked = aContext();
  blocked.changes.resume();
  blocked.changes.playOn("headset");
  await microtasks();
  assert.deepEqual(blocked.told, ["resume"]);
  mock.timers.tick(1_000);
  await microtasks();
  assert.deepEqual(blocked.told, ["resume", "headset"]);
  mock.timers.reset();
});

test("what runs is not told to go on", async () => {
  const { changes, told } = aContext("running");
  await changes.resume();
  assert.deepEqual(told, []);
});

test("a loudspeaker that is gone keeps nothing waiting", async () => {
  const { changes, told, moves } = aContext();
  const moved = changes.playOn("gone");
  await settled();
  moves[0].reject(new Error("not found"));
  await moved;
  changes.resume();
  assert.deepEqual(told, ["gone", "resume"]);
});

test("where a browser offers no choice of loudspeaker, nothing changes", async () => {
  const changes = new ContextChanges({});
  await changes.playOn("headset");
  assert.equal(changes.underWay, 0);
});

test("a context that stands still though it runs is started again, one that is moved or suspended is not", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  let now = 0;
  mock.method(performance, "now", () => now);
  const { changes, told, moves, context } = aContext("running");
  context.suspend = async () => {
    told.push("suspend");
    context.state = "suspended";
  };
  context.resume = async () => {
    told.push("resume");
    context.state = "running";
  };
  const looks = async (seconds, goesOn) => {
    for (let i = 0; i < seconds * 5; i++) {
      now += 200;
      if (goesOn) context.currentTime += 0.2;
      changes.unstick();
      await microtasks();
      mock.timers.tick(0);
      await microtasks();
    }
    return told.splice(0);
  };
  assert.deepEqual(await looks(10, true), []);
  assert.deepEqual(await looks(1.8, false), [], "a device may take a while to start");
  assert.deepEqual(await looks(0.2, false), ["suspend", "resume"]);
  assert.deepEqual(await looks(4, false), ["suspend", "resume", "suspend", "resume"], "again until it goes on");
  assert.deepEqual(await looks(10, true), []);
  context.state = "suspended";
  assert.deepEqual(await looks(10, false), []);
  context.state = "running";
  changes.playOn("headset");
  assert.deepEqual(await looks(10, false), ["headset"]);
  moves[0].resolve();
  assert.deepEqual(await looks(1.8, false), []);
  mock.timers.reset();
  mock.restoreAll();
});
