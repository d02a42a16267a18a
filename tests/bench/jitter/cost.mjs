// What eight talkers cost in the page's own jitter buffer and decoder, on V8 as Chromium has it: microseconds a pop.
import { Decoder, Encoder } from "../../../web/shared/codec.js";
import { JitterBuffer } from "../../../web/worklets/jitter_buffer.js";

const [PACKET, BLOCK, TALKERS, BLOCKS] = [480, 128, 8, 20_000];

const encoder = await Encoder.create();
const payloads = Array.from({ length: 100 }, (_, number) =>
  encoder.encode(
    Float32Array.from({ length: PACKET }, (_, i) => {
      const seconds = (number * PACKET + i) / 48_000;
      return 0.2 * Math.sin(2 * Math.PI * 150 * seconds) * Math.sin(2 * Math.PI * 3 * seconds) + 0.01 * Math.random();
    }),
  ).slice(),
);
const decoders = await Promise.all(Array.from({ length: TALKERS }, () => Decoder.create()));
const buffers = decoders.map((decoder) => new JitterBuffer(decoder));
const block = new Float32Array(BLOCK);
let [number, spent] = [0, 0];
for (let at = 0; at < BLOCKS; at += 1) {
  const now = (at * BLOCK) / 48;
  const began = performance.now();
  for (; number * 10 <= now; number += 1) {
    for (const buffer of buffers) buffer.push(number & 0xffff, number * PACKET, payloads[number % payloads.length], now);
  }
  for (const buffer of buffers) buffer.pop(block, now);
  if (at >= BLOCKS / 2) spent += performance.now() - began; // compiled by then
}
console.log((spent * 1000) / (BLOCKS / 2));
