import assert from "node:assert/strict";
import { test } from "node:test";

import { CaptureClock, RelayClock } from "../web/clock.js";

test("before the first pong nobody knows the relay's time", () => {
  assert.equal(new RelayClock().relayUs(5), null);
});

test("the relay's clock is told by the ping that was disturbed least", () => {
  const clock = new RelayClock();
  clock.pong(1_000, 51_000, 51_100, 41_100); // 40 ms, all of the delay on one way
  clock.pong(100_000, 131_000, 131_100, 102_100); // 2 ms: 30 ms ahead
  clock.pong(200_000, 260_000, 260_000, 260_000);
  assert.equal(clock.roundTripUs, 60_000);
  assert.equal(clock.relayUs(0), 30_000);
});

test("a path that changed for the worse is believed after a while", () => {
  const clock = new RelayClock();
  clock.pong(0, 1_001, 1_001, 2);
  for (let i = 0; i < 16; i += 1) clock.pong(0, 3_000, 3_000, 2_000);
  assert.equal(clock.relayUs(0), 2_000);
});

test("of the blocks, the one that was held up least tells when a sample was captured", () => {
  const clock = new CaptureClock();
  clock.heard(480, 1_010_000 + 7_000);
  clock.heard(960, 1_020_000 + 500);
  clock.heard(1_440, 1_030_000 + 3_000);
  assert.equal(clock.capturedUs(0), 1_000_500);
});

test("each answer stands on what was heard since the last one: a drifting clock is followed", () => {
  const clock = new CaptureClock();
  clock.heard(480, 1_010_000);
  clock.capturedUs(0);
  clock.heard(960, 1_025_000);
  assert.equal(clock.capturedUs(960), 1_025_000);
});
