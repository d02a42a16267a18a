import assert from "node:assert/strict";
import { test } from "node:test";

import { Decision, Situation, decide, dependsOnQuiet } from "../../web/worklets/playout_policy.js";
import { chance } from "./voices.js";

const CEILING_MS = 250;
const FLOOR_MS = 8;
const RESERVE_MS = 3;

/** Anything that a jitter buffer may be in. */
function aSituation(random) {
  const upTo = (most) => Math.floor(random() * (most + 1));
  const networkMs = random() * 300;
  return Object.assign(new Situation(), {
    isPlaying: upTo(3) > 0,
    maySplice: upTo(1) === 1,
    delayMs: random() * 120 - 20,
    targetMs: Math.min(Math.max(networkMs + RESERVE_MS, FLOOR_MS), CEILING_MS),
    networkMs,
    usualMs: random() * 300,
    ahead: upTo(4_800),
    waiting: upTo(2),
    gap: upTo(4_800) - 480,
    follows: upTo(1) === 1,
    isConcealing: upTo(1) === 1,
    hasFaded: upTo(1) === 1,
  });
}

function decided(situation, isQuiet) {
  const decision = new Decision();
  decide(Object.assign(new Situation(), situation, { isQuiet }), decision);
  return decision;
}

test("it matters whether it is quiet only where the policy asks for it", () => {
  const random = chance(1);
  let mattered = 0;
  for (let i = 0; i < 20_000; i += 1) {
    const situation = aSituation(random);
    if (dependsOnQuiet(situation)) mattered += 1;
    else assert.deepEqual(decided(situation, true), decided(situation, false), JSON.stringify(situation));
  }
  assert.ok(mattered > 0);
});
