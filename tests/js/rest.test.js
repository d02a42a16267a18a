import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { AFTER_MS, Rest } from "../../web/page/sound/rest.js";

globalThis.window = globalThis;

/** A context that does what it is told at once, and says what that was. */
function aRest({ suspend = async () => {} } = {}) {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
  const told = [];
  const rest = new Rest({
    suspend: () => told.push("suspend") && suspend(),
    resume: async () => void told.push("resume"),
  });
  return { rest, told };
}

const settled = () => new Promise(setImmediate);

test("the sound rests when one has been alone for a while, and goes on when somebody comes", async () => {
  const { rest, told } = aRest();
  rest.alone = true;
  mock.timers.tick(AFTER_MS - 1);
  assert.deepEqual(told, []);
  mock.timers.tick(1);
  assert.deepEqual([told, rest.isResting], [["suspend"], true]);
  rest.alone = false;
  await settled();
  assert.deepEqual([told, rest.isResting], [["suspend", "resume"], false]);
  mock.timers.tick(2 * AFTER_MS);
  assert.equal(told.length, 2);
});

test("whoever comes before that keeps it awake", () => {
  const { rest, told } = aRest();
  rest.alone = true;
  mock.timers.tick(AFTER_MS - 1);
  rest.alone = false;
  mock.timers.tick(2 * AFTER_MS);
  assert.deepEqual(told, []);
});

test("for a cue it goes on, and rests again later", async () => {
  const { rest, told } = aRest();
  rest.alone = true;
  mock.timers.tick(AFTER_MS);
  rest.end();
  await settled();
  assert.deepEqual(told, ["suspend", "resume"]);
  mock.timers.tick(AFTER_MS - 1);
  rest.end();
  mock.timers.tick(AFTER_MS - 1);
  assert.equal(told.length, 2);
  mock.timers.tick(1);
  assert.deepEqual(told, ["suspend", "resume", "suspend"]);
});

test("who comes while it goes to rest is heard: it goes on when that is over", async () => {
  let isAsleep = () => {};
  const { rest, told } = aRest({ suspend: () => new Promise((resolve) => (isAsleep = resolve)) });
  rest.alone = true;
  mock.timers.tick(AFTER_MS);
  rest.alone = false;
  await settled();
  assert.deepEqual([told, rest.isResting], [["suspend"], true]);
  isAsleep();
  await settled();
  assert.deepEqual([told, rest.isResting], [["suspend", "resume"], false]);
});

test("who leaves meanwhile does not start it again", async () => {
  const { rest, told } = aRest();
  rest.alone = true;
  mock.timers.tick(AFTER_MS);
  rest.cancel();
  rest.alone = false;
  rest.end();
  await settled();
  mock.timers.tick(2 * AFTER_MS);
  assert.deepEqual([told, rest.isResting], [["suspend"], false]);
});
