import assert from "node:assert/strict";
import { test } from "node:test";

import { NetworkCheck } from "../../web/check/network_check.js";

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A link whose pongs come as late as `tookMs` says, one after the other; null for one that never comes. */
function answering(tookMs) {
  return {
    join(url) {
      this.url = url;
      this.onState("joined", "", "");
    },
    send({ t0 }) {
      const took = tookMs.shift() ?? null;
      if (took !== null) setTimeout(() => this.onControl({ type: "pong", t0, t1: 0, t2: 0 }), took);
    },
    leave() {
      this.onState("left", "", "");
    },
  };
}

async function roundTrip(t, tookMs) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let nowMs = 0;
  t.mock.method(performance, "now", () => nowMs);
  const check = new NetworkCheck("https://relay.local", answering(tookMs));
  await check.socket();
  const verdict = check.roundTrip();
  for (; nowMs < 5_600; nowMs += 1) {
    t.mock.timers.tick(1);
    await settled();
  }
  return verdict;
}

const fifty = (ms) => Array.from({ length: 50 }, () => ms);

test("the socket is of the room echo", async () => {
  const link = answering([]);
  const verdict = await new NetworkCheck("https://relay.local", link).socket();
  assert.deepEqual([link.url, verdict.state], ["wss://relay.local/ws?room=echo", "passes"]);
});

for (const [reason, words] of [
  ["blocked", /does not trust/],
  ["unreachable", /same network/],
  ["draining", /restarting/],
]) {
  test(`a socket that can't be had fails with the cure: ${reason}`, async () => {
    const link = { join: () => link.onState("lost", reason, "the relay is shutting down") };
    const check = new NetworkCheck("https://relay.local", link);
    const verdict = await check.socket();
    assert.equal(verdict.state, "fails");
    assert.match(verdict.words, words);
    assert.equal((await check.roundTrip()).state, "unknown");
  });
}

test("a loss that may pass is waited out", async () => {
  const link = {
    join: () =>
      ["lost", "joined"].forEach((state) => link.onState(state, state === "lost" ? "lost" : "", "")),
  };
  assert.equal((await new NetworkCheck("https://relay.local", link).socket()).state, "passes");
});

for (const [name, tookMs, state, words] of [
  ["a calm network passes", fifty(8), "passes", /in 8 ms, varying by 0 ms/],
  ["one spike is no jitter", [...fifty(8).slice(1), 90], "passes", /in 8 ms, varying by 0 ms/],
  ["spikes fail", fifty(8).map((ms, i) => (i % 10 ? ms : 90)), "fails", /varying by 82 ms/],
  ["a slow network fails", fifty(70), "fails", /takes 70 ms/],
  [
    "missing answers fail without a number",
    fifty(8).map((ms, i) => (i < 10 ? null : ms)),
    "fails",
    /missing/,
  ],
]) {
  test(name, async (t) => {
    const verdict = await roundTrip(t, tookMs);
    assert.equal(verdict.state, state, verdict.words);
    assert.match(verdict.words, words);
  });
}
