import assert from "node:assert/strict";
import { test } from "node:test";

import { Volumes } from "../../web/page/volumes.js";

test("a voice is as it came until somebody turns it", () => {
  assert.equal(new Volumes().gainOf("Ada"), 1);
});

test("the gain is the square of the volume, and nothing while muted", () => {
  const volumes = new Volumes();
  volumes.set("Ada", { volume: 0.5, muted: false });
  assert.equal(volumes.gainOf("Ada"), 0.25);
  volumes.set("Ada", { volume: 0.5, muted: true });
  assert.equal(volumes.gainOf("Ada"), 0);
  assert.equal(volumes.of("Ada").volume, 0.5);
});

test("what was set is there the next time, by name", () => {
  const volumes = new Volumes();
  volumes.set("Ada", { volume: 0.5, muted: false });
  volumes.set("__proto__", { volume: 1, muted: true });
  const next = Volumes.parse(volumes.serialize());
  assert.deepEqual([next.gainOf("Ada"), next.gainOf("__proto__"), next.gainOf("Grace")], [0.25, 0, 1]);
});

test("nothing is kept of who is back at what they came with", () => {
  const volumes = new Volumes();
  volumes.set("Ada", { volume: 0.5, muted: false });
  volumes.set("Ada", { volume: 1, muted: false });
  assert.equal(volumes.serialize(), "{}");
});

test("a hundred names are kept, those that were changed last", () => {
  const volumes = new Volumes();
  for (let i = 0; i < 101; i += 1) volumes.set(`guest ${i}`, { volume: 0.5, muted: false });
  assert.equal(Object.keys(JSON.parse(volumes.serialize())).length, 100);
  assert.deepEqual([volumes.gainOf("guest 0"), volumes.gainOf("guest 100")], [1, 0.25]);
});

test("what somebody else wrote there turns nobody up beyond the loudest, and breaks nothing", () => {
  for (const text of ["", "nonsense", "null", "7", '"Ada"', '{"Ada": null}', '{"Ada": {"volume": "loud"}}']) {
    assert.equal(Volumes.parse(text).gainOf("Ada"), 1);
  }
  assert.equal(Volumes.parse('{"Ada": {"volume": 1000}}').gainOf("Ada"), 2.25);
});
