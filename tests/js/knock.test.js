import assert from "node:assert/strict";
import { afterEach, mock, test } from "node:test";

import { knock } from "../../web/page/door/room_preview.js";

const WAITING = { ok: true, json: async () => ({ state: "waiting", id: "k" }) };
const settled = () => new Promise((resolve) => setImmediate(resolve));

afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

/**
 * What became of a knock, and how often was asked.
 * @param {unknown[]} answers of the relay; an Error is a network that is away
 */
async function knocked(answers) {
  mock.timers.enable({ apis: ["setTimeout"] });
  const left = [...answers];
  const fetch = mock.method(globalThis, "fetch", async () => {
    const answer = left.shift();
    if (answer instanceof Error) throw answer;
    return answer;
  });
  const ended = knock({ room: "home", key: "k" }, "Nora", new AbortController().signal).catch(
    (error) => error,
  );
  for (const _ of answers) {
    await settled();
    mock.timers.tick(1_500);
  }
  return [await ended, fetch.mock.callCount()];
}

test("a knock goes on where the network or a proxy fails while the host is asked", async () => {
  const notJson = { ok: false, json: async () => JSON.parse("<html>") };
  const admitted = { ok: true, json: async () => ({ state: "admitted", resume: "r" }) };
  const answers = [WAITING, new TypeError("Failed to fetch"), notJson, admitted];
  assert.deepEqual(await knocked(answers), [{ state: "admitted", resume: "r" }, 4]);
});

test("a knock that can't be made is an error, and one that the relay has forgotten is refused", async () => {
  const [error] = await knocked([new TypeError("Failed to fetch")]);
  assert.ok(error instanceof TypeError);
  mock.timers.reset();
  mock.restoreAll();
  const forgotten = { ok: false, json: async () => ({ error: "no-knock", message: "m" }) };
  assert.deepEqual(await knocked([WAITING, forgotten]), [
    { state: "refused", reason: "no-knock", message: "m" },
    2,
  ]);
});
