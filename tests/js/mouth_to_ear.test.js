import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { worstDelay } from "../../web/page/delay/diagnosis.js";
import { PARTS } from "../../web/shared/delay_parts.js";
import { MouthToEar } from "../../web/worker/delay/mouth_to_ear.js";

const CASES = JSON.parse(readFileSync(new URL("../vectors/mouth_to_ear.json", import.meta.url), "utf-8"));

function heard({ events }) {
  const talker = new MouthToEar();
  for (const [atUs, kind, what, ...more] of events) {
    if (kind === "clock") talker.onClock(what, atUs, ...more);
    else if (kind === "packet") talker.onPacket(what, atUs);
    else talker.onPlayout(what, atUs, ...more);
  }
  return talker;
}

function checkQuantiles(found, wanted) {
  if (wanted === null) return assert.equal(found, null);
  for (const which of ["now", "p50", "p95"]) {
    if (wanted[which] === null) assert.equal(found[which], null);
    else
      assert.ok(
        Math.abs(found[which] - wanted[which]) <= 0.03,
        `${which} is ${found[which]}, not ${wanted[which]}`,
      );
  }
}

for (const vector of CASES) {
  test(`the figure is the truth: ${vector.name}`, () => {
    const figure = heard(vector).snapshot(vector.now);
    const { total_ms: totalMs, complete, error_ms: errorMs, parts = {} } = vector.figure;
    if (totalMs !== undefined) checkQuantiles(figure.totalMs, totalMs);
    if (complete !== undefined) assert.equal(figure.complete, complete);
    if (errorMs !== undefined) assert.equal(figure.errorMs, errorMs);
    for (const [part, { status, ms }] of Object.entries(parts)) {
      assert.equal(figure.parts[part].status, status, part);
      checkQuantiles(figure.parts[part].ms, ms);
    }
  });
}

/** A figure with the median and the 95th percentile of some parts. */
function figureOf(known) {
  const partOf = (part) => ({
    status: "measured",
    ms: known[part] ? { now: null, p50: known[part][0], p95: known[part][1] } : null,
  });
  return { parts: Object.fromEntries(PARTS.map((part) => [part, partOf(part)])) };
}

test("the worst of all talkers is found, and nothing where all is well", () => {
  assert.equal(worstDelay([["Ada", figureOf({ up: [3, 5], buffer: [40, 60] })]]), null);
  const troubles = worstDelay([
    ["Ada", figureOf({ up: [3, 40], down: [30, 31] })],
    ["Joan", figureOf({ up: [3, 83] })],
  ]);
  assert.deepEqual(troubles, { name: "Joan", part: "up", kind: "spikes", ms: 80 });
});
