import assert from "node:assert/strict";
import { test } from "node:test";

import { SAMPLE_RATE } from "../../web/shared/audio_format.js";
import { chirp } from "../../web/shared/chirps.js";
import { HowlDetector } from "../../web/worker/feedback/howl_detector.js";
import { chance, framesOf, sound, vowel } from "./voices.js";

/** The vowels of father, see and boot. */
const FORMANTS = [[750, 1_200, 2_500], [300, 2_300, 3_000], [350, 800, 2_300]];

const tone = (hz, gainAt) => sound(2, (time) => gainAt(time) * Math.sin(2 * Math.PI * hz * time));

/** After how many ms it is found; null where it isn't. */
function found(samples, playedLevel = null) {
  const howl = new HowlDetector();
  const at = framesOf(samples).findIndex((frame) => {
    if (playedLevel !== null) howl.onPlayout(playedLevel);
    return howl.process(frame);
  });
  return at < 0 ? null : (at + 1) * 10;
}

/** A noise that comes back every 120 ms, by `factor` louder, until it clips. */
function round(factor) {
  const random = chance(3);
  const once = Array.from({ length: 0.12 * SAMPLE_RATE }, () => random() - 0.5);
  return sound(2, (time) => {
    const position = Math.round(time * SAMPLE_RATE);
    const grown = 0.02 * factor ** Math.floor(position / once.length) * once[position % once.length];
    return Math.max(-1, Math.min(1, grown));
  });
}

test("a tone that grows round by round is found long before it clips", () => {
  for (const hz of [250, 900, 1_457, 3_100, 7_600]) {
    const ms = found(tone(hz, (time) => 0.012 * 1.4 ** Math.floor(time / 0.12)));
    assert.ok(ms !== null && ms <= 700, `${hz} Hz: ${ms}`);
  }
});

test("a tone that is held, loud or clipped, is found in half a second", () => {
  for (const gain of [0.3, 1, 3]) {
    const ms = found(tone(1_200, () => gain).map((sample) => Math.max(-1, Math.min(1, sample))));
    assert.ok(ms !== null && ms <= 550, `${gain}: ${ms}`);
  }
});

test("what goes round and favours no pitch is found once it is loud, while the other one is played as loud", () => {
  const ms = found(round(1.6), 10);
  assert.ok(ms !== null && ms <= 1_300, `${ms}`);
});

test("a soft tone that stays as it is, such as a hum or a whistle far away, is not a howl", () => {
  for (const hz of [50, 100, 440, 2_000]) assert.equal(found(tone(hz, () => 0.05)), null);
});

test("a sung vowel is not a howl, in any voice", () => {
  for (const pitchHz of [110, 165, 220]) {
    for (const formants of FORMANTS) assert.equal(found(vowel(2, pitchHz, formants, 0.15), 10), null);
  }
});

test("loud syllables with their gaps are not a howl, even if the other one talks as loud", () => {
  const speech = vowel(2, 130, FORMANTS[0], 0.5).map(
    (sample, i) => sample * ((i / SAMPLE_RATE) % 0.3 < 0.2 ? 1 : 0.05),
  );
  assert.equal(found(speech, 10), null);
});

test("our own chirps are not a howl", () => {
  const chirps = new Float32Array(2 * SAMPLE_RATE);
  for (let start = 0; start < chirps.length; start += SAMPLE_RATE / 4) chirps.set(chirp(), start);
  assert.equal(found(chirps, 10), null);
});
