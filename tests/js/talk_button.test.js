import assert from "node:assert/strict";
import { test } from "node:test";

import { TAP_MS, TalkButton } from "../../web/page/talk/talk_button.js";

const HOLD_MS = TAP_MS + 1;

function pressed(...lengths) {
  const button = new TalkButton();
  for (const ms of lengths) {
    button.press(0);
    button.release(ms);
  }
  return button;
}

test("held down it is open, and not a moment longer", () => {
  const button = new TalkButton();
  assert.equal(button.open, false);
  button.press(1_000);
  assert.deepEqual([button.open, button.latched], [true, false]);
  button.release(1_000 + HOLD_MS);
  assert.equal(button.open, false);
});

test("a tap leaves it open until the next tap, or until it was held once", () => {
  assert.deepEqual([pressed(10).open, pressed(10).latched], [true, true]);
  assert.equal(pressed(10, 10).open, false);
  assert.equal(pressed(10, HOLD_MS).open, false);
  assert.equal(pressed(10, 10, 10).open, true);
});

test("a key that repeats itself is held down, and no tap", () => {
  const button = new TalkButton();
  for (const ms of [0, 500, 530, 560]) button.press(ms);
  button.release(570);
  assert.equal(button.open, false);
});

test("what can't be held opens and closes it, also while it is held", () => {
  const button = new TalkButton();
  button.toggle();
  assert.equal(button.latched, true);
  button.toggle();
  assert.equal(button.open, false);
  button.press(0);
  button.toggle();
  button.release(10);
  assert.equal(button.open, false);
});

test("what comes up without having gone down changes nothing", () => {
  const button = new TalkButton();
  button.release(10);
  assert.equal(button.open, false);
});

test("closed, it forgets who holds it", () => {
  const button = pressed(10);
  button.press(0);
  button.close();
  button.release(10);
  assert.equal(button.open, false);
});
