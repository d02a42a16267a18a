import assert from "node:assert/strict";
import { test } from "node:test";

import { Microphone } from "../../web/page/sound/microphone.js";

const ALL = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
const NOISY = { ...ALL, noiseSuppression: false };

/** Of Chromium: while it has a microphone open, whoever asks for it gets it as it is. */
class Chromium {
  open = [];
  refuses = false;
  /** @type {(() => void)[]} */
  asked = [];

  async getUserMedia({ audio }) {
    await new Promise((resolve) => this.asked.push(resolve));
    if (this.refuses) throw Object.assign(new Error(), { name: "NotReadableError" });
    const settings = this.open[0]?.settings ?? audio;
    const track = { settings, getSettings: () => settings, stop: () => this.#close(track) };
    this.open.push(track);
    return { getTracks: () => [track], getAudioTracks: () => [track] };
  }

  #close(track) {
    this.open = this.open.filter((each) => each !== track);
  }

  /** Answers what was asked, in turn, until nothing more is. */
  async answer() {
    do {
      this.asked.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    } while (this.asked.length > 0);
  }
}

/** A page in such a browser, with a microphone that is processed. */
async function opened(t) {
  const browser = new Chromium();
  Object.defineProperty(globalThis, "navigator", { value: { mediaDevices: browser }, configurable: true });
  t.after(() => delete globalThis.navigator);
  const microphone = new Microphone();
  const opening = microphone.open(ALL);
  await browser.answer();
  await opening;
  return { browser, microphone };
}

const isNoisy = ({ open }) => open.map(({ settings }) => !settings.noiseSuppression);

test("what is asked of a microphone that is open already is so, too, and it is open once", async (t) => {
  const { browser, microphone } = await opened(t);
  assert.deepEqual(isNoisy(browser), [false]);
  const opening = microphone.open(NOISY);
  await browser.answer();
  await opening;
  assert.deepEqual(isNoisy(browser), [true]);
  assert.equal(microphone.stream.getAudioTracks()[0].settings.noiseSuppression, false);
});

test("of wishes that come while one is under way, the last is so, and nothing else stays open", async (t) => {
  const { browser, microphone } = await opened(t);
  for (const wishes of [
    [NOISY, ALL],
    [NOISY, ALL, NOISY],
    [ALL, NOISY],
  ]) {
    const opening = wishes.map((wish) => microphone.open(wish));
    await browser.answer();
    await Promise.all(opening);
    const { noiseSuppression } = wishes[wishes.length - 1];
    assert.deepEqual(isNoisy(browser), [!noiseSuppression]);
  }
});

test("a wish that comes while the microphone is opened anew counts, too", async (t) => {
  const { browser, microphone } = await opened(t);
  const first = microphone.open(NOISY);
  browser.asked.shift()();
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(isNoisy(browser), []);
  const second = microphone.open(ALL);
  await browser.answer();
  await Promise.all([first, second]);
  assert.deepEqual(isNoisy(browser), [false]);
});

test("a microphone that can't be opened anew was taken away", async (t) => {
  const { browser, microphone } = await opened(t);
  let taken = 0;
  microphone.onTaken = () => (taken += 1);
  const opening = microphone.open(NOISY);
  browser.asked.shift()();
  await new Promise((resolve) => setImmediate(resolve));
  browser.refuses = true;
  browser.asked.shift()();
  await assert.rejects(opening, { problem: "microphoneBusy" });
  assert.deepEqual([taken, microphone.stream, browser.open.length], [1, null, 0]);
});
