import assert from "node:assert/strict";
import { test } from "node:test";

import { metresOf, pillOf, speedOf } from "../../web/page/delay/delay_words.js";

const words = (ms, complete = true) => pillOf({ ms, complete }).words;

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

test("metres of air are whole up to 30, and then by 5", () => {
  assert.deepEqual([62, 87, 100, 212].map(metresOf), [21, 30, 35, 75]);
});
