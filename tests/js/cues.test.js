import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { Cues } from "../../web/page/sound/cues.js";

// Before Node.js 21.
if (!("navigator" in globalThis)) Object.defineProperty(globalThis, "navigator", { value: {} });

/** Cues that note the first note of each sound, and a clock that stands still. */
function quietRoom() {
  mock.timers.reset();
  let nowMs = 0;
  mock.method(performance, "now", () => nowMs);
  /** @type {number[]} */
  const heard = [];
  const cues = new Cues(({ notes }) => heard.push(Math.round(notes[0].hz)));
  return { cues, heard, wait: (/** @type {number} */ ms) => (nowMs += ms) };
}

const G4 = 392;
const D5 = 587;
const E5 = 659;
const A3 = 220;

test("each event has a sound of its own, and one that comes within three seconds of another is left out", () => {
  const { cues, heard, wait } = quietRoom();
  for (const cue of /** @type {const} */ (["joins", "leaves"])) {
    cues.play(cue, 2);
    wait(3_000);
  }
  cues.play("message");
  wait(2_900);
  cues.play("hand");
  assert.deepEqual(heard, [G4, D5, E5]);
});

test("a lost connection is heard however shortly after another sound", () => {
  const { cues, heard } = quietRoom();
  cues.play("message");
  cues.play("lost");
  assert.deepEqual(heard, [E5, D5]);
});

test("while somebody talks a message waits, and is dropped when it has waited for four seconds", () => {
  const { cues, heard, wait } = quietRoom();
  cues.somebodyTalks = true;
  cues.play("message");
  assert.deepEqual(heard, []);
  wait(3_900);
  cues.somebodyTalks = false;
  assert.deepEqual(heard, [E5]);
  wait(3_000);
  cues.somebodyTalks = true;
  cues.play("message");
  wait(4_100);
  cues.somebodyTalks = false;
  assert.deepEqual(heard, [E5]);
});

test("among more than eight people nobody hears who comes and goes", () => {
  const { cues, heard } = quietRoom();
  cues.play("joins", 9);
  cues.play("leaves", 9);
  assert.deepEqual(heard, []);
});

test("that one talks but is muted is said once in twenty seconds", () => {
  const { cues, heard, wait } = quietRoom();
  for (const ms of [0, 10_000, 10_000]) {
    wait(ms);
    cues.play("mutedTalk");
  }
  assert.deepEqual(heard, [A3, A3]);
});

test("what is switched off makes no sound, except for the sample", () => {
  const { cues, heard } = quietRoom();
  cues.switch(false);
  cues.play("message");
  cues.play("lost");
  assert.deepEqual(heard, []);
  cues.sample();
  assert.equal(heard.length, 1);
});
