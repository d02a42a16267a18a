import assert from "node:assert/strict";
import { test } from "node:test";

import { Stage } from "../../web/page/people/stage.js";

test("three places are always there, empty at first", () => {
  assert.deepEqual(new Stage().update(0, [], []), [0, 0, 0]);
});

test("a talker takes the first free place and keeps it for two seconds after the last sound", () => {
  const stage = new Stage();
  assert.deepEqual(stage.update(0, [5], []), [5, 0, 0]);
  assert.deepEqual(stage.update(2_000, [], []), [5, 0, 0]);
  assert.deepEqual(stage.update(2_001, [], []), [0, 0, 0]);
});

test("nobody moves when somebody before them goes", () => {
  const stage = new Stage();
  stage.update(0, [5, 6], []);
  assert.deepEqual(stage.update(2_500, [6], []), [0, 6, 0]);
  assert.deepEqual(stage.update(2_600, [6, 7], []), [7, 6, 0]);
});

test("raised hands fill the rest, the oldest first", () => {
  assert.deepEqual(new Stage().update(0, [5], [8, 9, 10]), [5, 8, 9]);
});

test("a raised hand yields to a talker, a talker never yields", () => {
  const stage = new Stage();
  stage.update(0, [5], [8, 9]);
  assert.deepEqual(stage.update(100, [5, 6], [8, 9]), [5, 6, 9]);
  assert.deepEqual(stage.update(200, [5, 6, 7], [8, 9]), [5, 6, 7]);
  assert.deepEqual(stage.update(300, [5, 6, 7, 11], [8, 9]), [5, 6, 7]);
});

test("somebody who stands there with a raised hand and talks keeps the place", () => {
  const stage = new Stage();
  stage.update(0, [], [8]);
  assert.deepEqual(stage.update(100, [8], [8]), [8, 0, 0]);
});

test("a person who leaves the room leaves the stage", () => {
  const stage = new Stage();
  stage.update(0, [5, 6], []);
  stage.keepOnly([6]);
  assert.deepEqual(stage.update(50, [6], []), [0, 6, 0]);
});
