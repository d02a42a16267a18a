import assert from "node:assert/strict";
import { test } from "node:test";

import { DelayMonitor } from "../../web/worker/delay/delay_monitor.js";
import { LOOK_AHEAD_US } from "../../web/worker/delay/mouth_to_ear.js";

const TALKER = 3;
const BUFFERED_US = 40_000;
/** Of the audio context, when the clock shows 0. */
const BEGAN_S = 5;

/** Whoever listens to a talker; the relay, the talker and the listener have one clock. */
function listener() {
  const timing = new DelayMonitor();
  timing.add(TALKER);
  timing.onPong({ t0: 0, t1: 0, t2: 0 }, 0);
  const times = { server_us: 0, sent_us: 0, received_us: 0, relayed_us: 0 };
  timing.onClock({ type: "clock", talker_id: TALKER, timestamp: 0, device_us: 0, error_us: 0, ...times }, 0);
  return timing;
}

/** What was captured at `capturedUs` leaves the jitter buffer 40 ms later, in time with the context. */
function play(timing, capturedUs) {
  const poppedUs = capturedUs + BUFFERED_US;
  const talkers = [{ talkerId: TALKER, timestamp: (capturedUs * 48) / 1000 }];
  timing.onPlaying({ at: BEGAN_S + poppedUs / 1e6, poppedUs, talkers });
}

/** What was popped at `poppedUs` sounds `outputUs` later. */
const sounds = (timing, poppedUs, outputUs) =>
  timing.onSounded({ at: BEGAN_S + poppedUs / 1e6, atUs: poppedUs + outputUs });

function figure(timing, nowUs) {
  const [[, { totalMs, complete, parts }]] = timing.figures(nowUs);
  return { now: totalMs?.now ?? null, complete, output: parts.output.ms?.now ?? null };
}

const total = (outputMs) => (BUFFERED_US + LOOK_AHEAD_US) / 1000 + outputMs;

test("a delay is told as soon as its sound has been heard", () => {
  const timing = listener();
  sounds(timing, 0, 20_000);
  play(timing, 100_000);
  assert.equal(figure(timing, 150_000).now, null);
  sounds(timing, 139_000, 20_000);
  assert.equal(figure(timing, 160_000).now, null);
  sounds(timing, 141_000, 20_000);
  assert.deepEqual(figure(timing, 170_000), { now: total(20), complete: true, output: 20 });
});

test("what a device lacked while a sound was on its way makes that sound later", () => {
  const timing = listener();
  sounds(timing, 0, 20_000);
  play(timing, 60_000);
  play(timing, 160_000);
  sounds(timing, 200_000, 60_000); // it played silence for 40 ms meanwhile
  const { now } = figure(timing, 300_000);
  assert.equal(now, total(60), "the latest sound has all of it before it");
  const [[, { parts }]] = timing.figures(300_000);
  assert.equal(parts.output.ms.p50, 40, "the one in the middle has half of it");
});

test("a browser that does not tell what sounds leaves the figure a lower bound, at once", () => {
  const timing = listener();
  timing.onSounded(null);
  play(timing, 100_000);
  assert.deepEqual(figure(timing, 150_000), { now: total(0), complete: false, output: null });
});

test("one that stops telling leaves a figure, too", () => {
  const timing = listener();
  sounds(timing, 0, 20_000);
  for (let capturedUs = 0; capturedUs < 3_000_000; capturedUs += 100_000) play(timing, capturedUs);
  assert.deepEqual(figure(timing, 3_100_000), { now: total(20), complete: true, output: 20 });
  timing.onSounded(null);
  assert.deepEqual(figure(timing, 3_100_000), { now: total(0), complete: false, output: 20 });
});

test("a figure is as exact as what the browser says of its sound", () => {
  const timing = listener();
  const errorMs = () => timing.figures(600_000)[0][1].errorMs;
  sounds(timing, 0, 20_000);
  play(timing, 100_000);
  sounds(timing, 200_000, 20_000);
  const exactMs = errorMs();
  sounds(timing, 400_000, 40_000); // nothing of it comes later than was said …
  assert.equal(errorMs(), exactMs);
  sounds(timing, 500_000, 28_000); // … and now some of it comes sooner
  assert.equal(Math.round(errorMs() - exactMs), 12);
});
