import assert from "node:assert/strict";
import { test } from "node:test";

import { remarkOf, figureOf, metresOf, pillOf, speedOf, spokenDelay, wholeOf } from "../../web/page/delay/delay_words.js";

const words = (ms, complete = true, errorMs = 0) => pillOf({ ms, complete, errorMs }).words;

test("a delay is good to 150 ms, slow to 400 ms, and very slow above", () => {
  assert.deepEqual([0, 150, 151, 400, 401].map(speedOf), ["good", "good", "slow", "slow", "very-slow"]);
  assert.equal(speedOf(null), "unknown");
});

test("the pill has the figure, and words where it is slow", () => {
  assert.deepEqual(
    [words(61.7), words(212), words(612), words(null)],
    ["62 ms", "slow · 212 ms", "very slow · 612 ms", "…"],
  );
});

test("a figure that lacks a part is a lower bound", () => {
  assert.equal(words(62, false), "≥ 62 ms");
});

test("a figure says how far off it can be where that is more than 5 ms", () => {
  assert.deepEqual([words(62, true, 5), words(62, true, 8.6)], ["62 ms", "≈ 62 ms"]);
  assert.equal(words(212, true, 12), "slow · ≈ 212 ms");
  assert.equal(figureOf({ ms: 62, complete: true, errorMs: 8.6 }), "62 ms", "the remark below says it");
  assert.equal(remarkOf({ ms: 62, complete: true, errorMs: 8.6 }), "± 9 ms");
  assert.equal(remarkOf({ ms: 62, complete: true, errorMs: 1 }), "like 21 m of air");
  assert.equal(words(62, false, 8.6), "≥ 62 ms", "it lacks a part, which nobody knows");
});

test("of somebody of whom nothing is known, nothing is said", () => {
  const figure = { totalMs: null, complete: true, errorMs: null, parts: {} };
  assert.deepEqual([figureOf(wholeOf()), figureOf(wholeOf(figure))], ["…", "…"]);
  assert.equal(spokenDelay(wholeOf()) + remarkOf(wholeOf()), "");
});

test("metres of air are whole up to 30, and then by 5", () => {
  assert.deepEqual([62, 87, 100, 212].map(metresOf), [21, 30, 35, 75]);
});
