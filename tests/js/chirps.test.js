import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { chirp, echoDelay, findChirps, noiseDbfs, peakDbfs } from "../../web/shared/chirps.js";

const CASES = JSON.parse(readFileSync(new URL("../vectors/acoustic.json", import.meta.url), "utf-8"));

/** What vectors/acoustic.json describes; test_chirps.py makes the same. */
function recordingOf({ samples, chirps, noise }) {
  const recording = new Float32Array(samples);
  let state = 1;
  for (let i = 0; i < samples; i += 1) {
    state = (state * 48_271) % 2_147_483_647;
    recording[i] = noise * (state / 1_073_741_824 - 1);
  }
  for (const [place, gain] of chirps) chirp().forEach((sample, i) => (recording[place + i] += gain * sample));
  return recording;
}

for (const vector of CASES) {
  test(`chirps are found where they are: ${vector.name}`, () => {
    const recording = recordingOf(vector);
    const found = findChirps(recording);
    assert.equal(found.length, vector.found.length);
    found.forEach(({ position }, i) => assert.ok(Math.abs(position - vector.found[i]) < 1, `${position}`));
    const delay = echoDelay(found);
    if (vector.echo === null) assert.equal(delay, null);
    else assert.ok(Math.abs(delay - vector.echo) < 1, `${delay}`);
    assert.ok(Math.abs(noiseDbfs(recording) - vector.noise_dbfs) < 0.5, `${noiseDbfs(recording)}`);
    assert.ok(Math.abs(peakDbfs(recording) - vector.peak_dbfs) < 0.5, `${peakDbfs(recording)}`);
  });
}

test("nothing is found in no sound at all", () => {
  assert.deepEqual(findChirps(new Float32Array(0)), []);
  assert.equal(echoDelay([]), null);
  assert.equal(noiseDbfs(new Float32Array(0)), -Infinity);
});
