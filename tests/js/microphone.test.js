import assert from "node:assert/strict";
import { test } from "node:test";

import { Microphone } from "../../web/page/sound/microphone.js";
import { LocalAudio } from "../../web/page/talk/local_audio.js";

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
    const track = { settings, muted: false, getSettings: () => settings, stop: () => this.#close(track) };
    this.open.push(track);
    track.stream = { getTracks: () => [track], getAudioTracks: () => [track] };
    return track.stream;
  }

  #close(track) {
    this.open = this.open.filter((each) => each !== track);
  }

  async answerOnce() {
    this.asked.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Answers what was asked, in turn, until nothing more is. */
  async answer() {
    do await this.answerOnce();
    while (this.asked.length > 0);
  }
}

/** Of a page in such a browser. */
function inBrowser(t) {
  const browser = new Chromium();
  Object.defineProperty(globalThis, "navigator", { value: { mediaDevices: browser }, configurable: true });
  t.after(() => delete globalThis.navigator);
  return browser;
}

/** A microphone that is processed. */
async function opened(t) {
  const browser = inBrowser(t);
  const microphone = new Microphone();
  const opening = microphone.open(ALL);
  await browser.answer();
  await opening;
  return { browser, microphone };
}

/** Somebody with such a microphone in a call; `heard` are the streams the page listened to. */
async function talking(t) {
  const browser = inBrowser(t);
  const [heard, problems] = [[], []];
  const voice = new LocalAudio({
    sound: { listenTo: (stream) => heard.push(stream) },
    order: () => {},
    loaded: Promise.resolve(),
  });
  voice.onProblem = (words) => problems.push(words);
  const opening = voice.open(ALL);
  await browser.answer();
  await opening;
  return { browser, voice, heard, problems };
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
  const { browser, voice, heard } = await talking(t);
  for (const wishes of [
    [NOISY, ALL],
    [NOISY, ALL, NOISY],
    [ALL, NOISY],
  ]) {
    const opening = wishes.map((wish) => voice.reopen(wish));
    await browser.answer();
    await Promise.all(opening);
    const { noiseSuppression } = wishes[wishes.length - 1];
    assert.deepEqual(isNoisy(browser), [!noiseSuppression]);
    assert.equal(heard.at(-1), browser.open[0].stream);
  }
});

test("a wish that comes while the microphone is opened anew counts, too", async (t) => {
  const { browser, voice } = await talking(t);
  const first = voice.reopen(NOISY);
  await browser.answerOnce();
  assert.deepEqual(isNoisy(browser), [], "closed, to be opened anew");
  const second = voice.reopen(ALL);
  await browser.answer();
  await Promise.all([first, second]);
  assert.deepEqual(isNoisy(browser), [false]);
});

test("who is refused the last of two wishes is heard as the first one was", async (t) => {
  const { browser, voice, heard, problems } = await talking(t);
  const opening = [voice.reopen(ALL), voice.reopen(NOISY)];
  await browser.answerOnce();
  browser.refuses = true;
  await browser.answer();
  await Promise.all(opening);
  assert.equal(heard.at(-1), browser.open[0].stream);
  assert.notEqual(problems.at(-1), "");
});

test("who has left while the microphone is opened has none, and who listens is asked for none", async (t) => {
  const { browser, voice } = await talking(t);
  const opening = voice.reopen(NOISY);
  voice.close();
  await browser.answer();
  await opening;
  assert.deepEqual(browser.open, []);
  await voice.reopen(ALL);
  assert.deepEqual([browser.asked, browser.open], [[], []]);
});

test("a microphone that can't be opened anew was taken away", async (t) => {
  const { browser, microphone } = await opened(t);
  let taken = 0;
  microphone.onTaken = () => (taken += 1);
  const opening = microphone.open(NOISY);
  await browser.answerOnce();
  browser.refuses = true;
  browser.asked.shift()();
  await assert.rejects(opening, { problem: "microphoneBusy" });
  assert.deepEqual([taken, microphone.stream, browser.open.length], [1, null, 0]);
});
