// Sounds that a microphone may hear, in frames.

import { SAMPLES_PER_FRAME, SAMPLE_RATE } from "../../web/shared/audio_format.js";

/** From 0 to 1, the same in every run. */
export function chance(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

export function framesOf(samples) {
  const count = Math.floor(samples.length / SAMPLES_PER_FRAME);
  return Array.from({ length: count }, (_, i) =>
    samples.subarray(i * SAMPLES_PER_FRAME, (i + 1) * SAMPLES_PER_FRAME),
  );
}

/** `seconds` of sound, given as a function of the time in s. */
export function sound(seconds, at) {
  return Float32Array.from({ length: seconds * SAMPLE_RATE }, (_, i) => at(i / SAMPLE_RATE));
}

/** A sung vowel: harmonics under three formants, held as a singer holds them, with vibrato. */
export function vowel(seconds, pitchHz, formantsHz, gain) {
  const strength = (hz) =>
    formantsHz.reduce((sum, formant) => sum + 1 / (1 + ((hz - formant) / 90) ** 2), 0.02);
  const harmonics = Array.from({ length: 20 }, (_, i) => [i + 1, strength((i + 1) * pitchHz)]);
  const whole = Math.hypot(...harmonics.map(([, amplitude]) => amplitude));
  return sound(seconds, (time) => {
    const phase = 2 * Math.PI * pitchHz * (time + 0.001 * Math.sin(2 * Math.PI * 5 * time));
    const wave = harmonics.reduce((sum, [order, amplitude]) => sum + amplitude * Math.sin(order * phase), 0);
    return (gain * Math.min(1, time / 0.08) * wave) / whole;
  });
}

/** What somebody says, as the level of each frame: syllables of many lengths and strengths, and pauses. */
export function syllables(seed, frames) {
  const random = chance(seed);
  const levels = [];
  while (levels.length < frames) {
    const length = 8 + Math.floor(random() * 18);
    const loudest = 15 + random() * 15;
    const syllable = Array.from(
      { length },
      (_, i) => loudest + 25 * (1 - Math.sin((Math.PI * (i + 0.5)) / length)),
    );
    const pause = random() < 0.25 ? 20 : Math.floor(random() * 5);
    levels.push(...syllable, ...Array(pause).fill(70));
  }
  return levels.slice(0, frames);
}
