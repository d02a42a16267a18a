// Clocks that are wound by hand: one that stands still in sleep, and one that people set.

import assert from "node:assert/strict";
import { test } from "node:test";

import { StampClock, SteadyClock } from "../../web/worker/connection/steady_clock.js";

const HOUR_MS = 3_600_000;

function world() {
  const clocks = { steady: 500, wall: 1_700_000_000_000 };
  return {
    clocks,
    pass(ms) {
      clocks.steady += ms;
      clocks.wall += ms;
    },
    read: [() => clocks.steady, () => clocks.wall],
  };
}

test("time goes on as it passes, whatever is done to the wall clock", () => {
  const { clocks, pass, read } = world();
  const clock = new SteadyClock(...read);
  let last = clock.nowMs();
  for (const set of [0, -HOUR_MS, -5, 400, -HOUR_MS]) {
    clocks.wall += set;
    pass(250);
    assert.equal(clock.nowMs() - last, 250);
    last = clock.nowMs();
  }
});

test("a sleep during which the steady clock stood still counts", () => {
  const { clocks, read } = world();
  const clock = new SteadyClock(...read);
  const before = clock.nowMs();
  clocks.wall += 60_000;
  assert.equal(clock.nowMs() - before, 60_000);
  clocks.wall -= 120_000;
  assert.equal(clock.nowMs() - before, 60_000);
});

test("a stamp of the wall clock is when it was made, also if the clock is set while it is on its way", () => {
  for (const set of [0, HOUR_MS, -HOUR_MS]) {
    const { clocks, pass, read } = world();
    const clock = new StampClock(...read);
    const stamp = clocks.wall;
    const made = clocks.steady;
    clocks.wall += set;
    pass(8);
    assert.equal(clock.steadyMs(stamp), made);
    const next = clocks.wall;
    pass(5);
    assert.equal(clock.steadyMs(next), clocks.steady - 5); // and those that follow are right too
  }
});

test("a stamp that waited while the page was held up is as old as it is", () => {
  const { clocks, pass, read } = world();
  const clock = new StampClock(...read);
  const [stamp, made] = [clocks.wall, clocks.steady];
  pass(5_000);
  assert.equal(clock.steadyMs(stamp), made);
});

test("a stamp from the future is from now", () => {
  const { clocks, read } = world();
  const clock = new StampClock(...read);
  assert.equal(clock.steadyMs(clocks.wall + HOUR_MS), clocks.steady);
});
