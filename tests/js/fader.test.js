import assert from "node:assert/strict";
import { test } from "node:test";

import { Fader } from "../../web/worklets/fader.js";

const ONES = new Float32Array(128).fill(1);

function added(fader) {
  const mix = new Float32Array(128);
  fader.addTo([mix], [ONES], 1, 128);
  return mix;
}

test("a voice that nobody turned is added as it is", () => {
  const mix = ONES.slice();
  new Fader().addTo([mix], [ONES], 1, 128);
  assert.deepEqual(mix, new Float32Array(128).fill(2));
});

test("a change reaches its end within a block, without a step that clicks, and stays", () => {
  const fader = new Fader();
  fader.fadeTo(0);
  const mix = added(fader);
  assert.ok(Math.abs(mix[127]) < 1e-6);
  assert.ok(mix.every((sample, i) => Math.abs(sample - (i ? mix[i - 1] : 1)) < 0.01));
  assert.deepEqual(added(fader), new Float32Array(128));
});

test("left and right change alike, and a talker in mono leaves the side as it is", () => {
  const fader = new Fader();
  const mix = [0, 0].map(() => new Float32Array(128));
  fader.fadeTo(0);
  fader.addTo(mix, [ONES, ONES], 2, 128);
  assert.deepEqual(mix[0], mix[1]);
  const side = mix[1].slice();
  new Fader().addTo(mix, [ONES, ONES], 1, 128);
  assert.deepEqual(mix[1], side);
});
