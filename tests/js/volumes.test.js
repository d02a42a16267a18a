import assert from "node:assert/strict";
import { test } from "node:test";

import { gainOf, Volumes } from "../../web/page/sound/volumes.js";

/** Volumes, and the gains that the worker knows of them. */
function kept(text = "") {
  const gains = new Map();
  const volumes = new Volumes((order) => {
    if (order.type === "setGain") gains.set(order.name, order.gain);
    if (order.type === "setGains")
      for (const [name, gain] of Object.entries(order.gains)) gains.set(name, gain);
  }, text);
  return { volumes, gains };
}

test("a voice is as it came until somebody turns it", () => {
  assert.deepEqual(kept().volumes.of("Ada"), { volume: 1, muted: false });
});

test("half the volume is a quarter of the amplitude, and muted is nothing", () => {
  const { volumes, gains } = kept();
  volumes.set("Ada", { volume: 0.5, muted: false });
  assert.equal(gains.get("Ada"), 0.25);
  volumes.set("Ada", { volume: 0.5, muted: true });
  assert.equal(gains.get("Ada"), 0);
  assert.equal(volumes.of("Ada").volume, 0.5);
});

test("the gain is the square of the volume", () => {
  assert.deepEqual([0, 0.5, 1, 1.5].map(gainOf), [0, 0.25, 1, 2.25]);
});

test("the worker is told at the start of what was kept, by name", () => {
  const { gains } = kept(
    '{"Ada": {"volume": 0.5, "muted": false}, "__proto__x": {"volume": 1, "muted": true}}',
  );
  assert.deepEqual([gains.get("Ada"), gains.get("__proto__x")], [0.25, 0]);
});

test("nobody who is back at what they came with is kept", () => {
  const { volumes, gains } = kept();
  volumes.set("Ada", { volume: 0.5, muted: false });
  volumes.set("Ada", { volume: 1, muted: false });
  assert.equal(gains.get("Ada"), 1);
});

test("a hundred names are kept, those that were changed last", () => {
  const { volumes } = kept();
  for (let i = 0; i < 101; i += 1) volumes.set(`guest ${i}`, { volume: 0.5, muted: false });
  assert.deepEqual([volumes.of("guest 0").volume, volumes.of("guest 100").volume], [1, 0.5]);
});

test("whatever else is kept there turns nobody up beyond the loudest, and breaks nothing", () => {
  for (const text of ["", "nonsense", "null", "7", '"Ada"', '{"Ada": null}', '{"Ada": {"volume": "loud"}}']) {
    assert.equal(kept(text).volumes.of("Ada").volume, 1);
  }
  assert.equal(kept('{"Ada": {"volume": 1000}}').gains.get("Ada"), 2.25);
});
