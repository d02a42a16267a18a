// What the codec takes of the audio thread's time, for a check: encodes and decodes a tone for a while.

import { SAMPLES_PER_FRAME, SAMPLE_RATE } from "../shared/audio_format.js";
import { levelOf } from "../shared/audio_level.js";
import { Decoder, Encoder, loadCodec } from "../shared/codec.js";

const LASTS_MS = 100;
const TONE_HZ = 1_000;
const TONE = Float32Array.from(
  { length: SAMPLES_PER_FRAME },
  (_, i) => 0.5 * Math.sin((2 * Math.PI * TONE_HZ * i) / SAMPLE_RATE),
);
const ALIKE_DB = 3;
/** In LASTS_MS no device encodes and decodes more; where the clock stands still, the loop ends, too. */
const MOST_FRAMES = 10_000;

class CodecCost extends AudioWorkletProcessor {
  constructor() {
    super();
    measureMs().then(
      (ms) => this.#report({ type: "cost", ms }),
      (error) => this.#report({ type: "failed", problem: String(error) }),
    );
  }

  /** @param {import("../shared/worklet_messages.js").CodecCost} message */
  #report(message) {
    this.port.postMessage(message);
  }

  process() {
    return false;
  }
}

/** A frame's share of the time; the clock here is a coarse one, so both ends are at its ticks. */
async function measureMs() {
  await loadCodec();
  const [encoder, decoder] = await Promise.all([Encoder.create(), Decoder.create()]);
  let frames = 0;
  /** @type {Float32Array} */
  let decoded = TONE;
  const begun = nextTick();
  while (isDuring(begun) && frames < MOST_FRAMES) {
    decoded = decoder.decode(encoder.encode(TONE));
    frames += 1;
  }
  const ms = Math.max(0, Date.now() - begun) / frames;
  encoder.free();
  decoder.free();
  if (Math.abs(levelOf(decoded) - levelOf(TONE)) > ALIKE_DB)
    throw new Error("the codec gives back another sound");
  return ms;
}

/**
 * The only clock of an audio worklet is the wall clock, which may be set back meanwhile.
 * @param {number} begun
 */
function isDuring(begun) {
  const lasted = Date.now() - begun;
  return lasted >= 0 && lasted < LASTS_MS;
}

function nextTick() {
  const now = Date.now();
  while (Date.now() === now);
  return Date.now();
}

registerProcessor("codec-cost", CodecCost);
