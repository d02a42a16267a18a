import assert from "node:assert/strict";
import test from "node:test";

import { Loudspeaker } from "../../web/page/sound/loudspeaker.js";

globalThis.GainNode = class {
  connect() {}
};
globalThis.MediaStreamAudioDestinationNode = class {};
globalThis.Audio = class {};
globalThis.navigator ??= { maxTouchPoints: 0 };

const CHROMIUM =
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";
const FIREFOX = "Gecko/20100101 Firefox/153.0";

const CONTEXT = {
  baseLatency: 0.01,
  outputLatency: 0.03,
  getOutputTimestamp: () => ({ contextTime: 2, performanceTime: 5_000 }),
};

test("the browser tells what of the context sounded when, and how late that is", () => {
  const clock = new Loudspeaker(CONTEXT, CHROMIUM);
  assert.deepEqual(clock.sounded, { at: 2, atMs: performance.timeOrigin + 5_000 });
  assert.equal(clock.latencyMs, 30);
});

test("where a browser tells nothing, nothing is known", () => {
  const silent = new Loudspeaker({}, CHROMIUM);
  assert.equal(silent.sounded, null);
  assert.equal(silent.latencyMs, null);
  const suspended = new Loudspeaker(
    { getOutputTimestamp: () => ({ contextTime: 0, performanceTime: 0 }) },
    CHROMIUM,
  );
  assert.equal(suspended.sounded, null);
});

test("what an <audio> element adds, nobody tells", () => {
  const iphone = new Loudspeaker(CONTEXT, "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)");
  assert.equal(iphone.sounded, null);
});

test("Firefox on Linux, which may hang over the question, is not asked", () => {
  const hangs = {
    get outputLatency() {
      return assert.fail("asked");
    },
    getOutputTimestamp: () => assert.fail("asked"),
  };
  const clock = new Loudspeaker(hangs, `Mozilla/5.0 (X11; Linux x86_64; rv:153.0) ${FIREFOX}`);
  assert.equal(clock.sounded, null);
  assert.equal(clock.latencyMs, null);
});

for (const system of [
  "Windows NT 10.0; Win64; x64; rv:153.0",
  "Macintosh; Intel Mac OS X 10.15; rv:153.0",
  "Android 14; Mobile; rv:153.0",
]) {
  test(`Firefox elsewhere is asked: ${system}`, () => {
    assert.equal(new Loudspeaker(CONTEXT, `Mozilla/5.0 (${system}) ${FIREFOX}`).latencyMs, 30);
  });
}
