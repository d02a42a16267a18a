import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { CaptureClock, RelayClock, WINDOW } from "../../web/worker/delay/relay_clock.js";

const CASES = JSON.parse(readFileSync(new URL("../vectors/clock.json", import.meta.url), "utf-8"));

function clockOf({ pongs }) {
  const clock = new RelayClock();
  for (const pong of pongs) clock.pong(...pong);
  return clock;
}

for (const vector of CASES) {
  test(`the relay's clock is known as well as said: ${vector.name}`, () => {
    const clock = clockOf(vector);
    const [told, error] = [clock.relayUs(vector.at), clock.errorUs(vector.at)];
    if (vector.relay_us === null) assert.deepEqual([told, error, clock.roundTripUs], [null, null, null]);
    else assert.ok(Math.abs(told - vector.relay_us) <= Math.min(vector.within_us, error));
    assert.equal(clock.jumps, vector.jumps);
  });
}

for (const vector of CASES.filter((each) => "drift_ppm" in each)) {
  test(`drift is known after half a minute and not before: ${vector.name}`, () => {
    const { driftPpm } = clockOf(vector);
    if (vector.drift_ppm === null) assert.equal(driftPpm, null);
    else assert.ok(Math.abs(driftPpm - vector.drift_ppm) <= vector.drift_within_ppm);
  });
}

test("a path that changed for the worse is believed after a while", () => {
  const clock = new RelayClock();
  clock.pong(0, 1_001, 1_001, 2);
  for (let i = 0; i < WINDOW; i += 1) clock.pong(0, 3_000, 3_000, 2_000);
  assert.equal(clock.relayUs(0), 2_000);
});

test("of the blocks, the one that was held up least tells when a sample was captured", () => {
  const clock = new CaptureClock();
  clock.onCapture(480, 1_010_000 + 7_000);
  clock.onCapture(960, 1_020_000 + 500);
  clock.onCapture(1_440, 1_030_000 + 3_000);
  assert.equal(clock.capturedUs(0), 1_000_500);
});

test("a microphone's clock that drifts, or stood still, is followed: old blocks count no more", () => {
  const clock = new CaptureClock();
  clock.onCapture(480, 1_010_000);
  clock.onCapture(480 + 2 * 48_000, 3_010_000 + 300);
  assert.equal(clock.capturedUs(0), 1_000_300);
  clock.onCapture(960 + 2 * 48_000, 3_020_000 + 200_000);
  assert.equal(clock.capturedUs(0), 1_200_000);
});
