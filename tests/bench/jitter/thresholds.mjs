// One jitter buffer, whose modules lie in the folder that is the argument, over the traces that come as JSON by standard input.
// Prints for each: the mean and the 95th percentile of the delay in ms, and what share of the time was concealed, cut out, repeated.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [PACKET, BLOCK] = [480, 128];
const { JitterBuffer } = await import(pathToFileURL(`${process.argv[2]}/worklets/jitter_buffer.js`).href);
const { Operation } = await import(pathToFileURL(`${process.argv[2]}/worklets/playout_policy.js`).href);

/** A voice whose pitch changes, with a pause now and then. Its payload is the number of the packet. */
class Voice {
  side = null;
  #next = 0;

  decode(payload) {
    this.#next = new DataView(payload.buffer).getUint32(0) * PACKET;
    return this.#take(PACKET);
  }

  conceal(count) {
    return this.#take(count).map((sample) => sample / 2);
  }

  #take(count) {
    const start = this.#next;
    this.#next += count;
    return Float32Array.from({ length: count }, (_, i) => {
      const at = start + i;
      const period = 360 + ((at >> 14) & 7) * 40;
      return (((at % period) / period - 0.5) * ((at >> 13) % 5 === 4 ? 0 : 0.5)) || 0;
    });
  }
}

function payloadOf(number) {
  const payload = new Uint8Array(4);
  new DataView(payload.buffer).setUint32(0, number);
  return payload;
}

/** @param {number[]} arrivals in ms, of a packet each 10 ms */
function play(arrivals) {
  const buffer = new JitterBuffer(new Voice());
  const block = new Float32Array(BLOCK);
  const order = arrivals.map((_, number) => number).sort((a, b) => arrivals[a] - arrivals[b]);
  const delays = [];
  let [next, silentBefore] = [0, null];
  for (let now = 0; now < arrivals.at(-1); now += BLOCK / 48) {
    for (; next < order.length && arrivals[order[next]] <= now; next += 1) {
      const number = order[next];
      buffer.push(number & 0xffff, (number * PACKET) >>> 0, payloadOf(number), arrivals[number]);
    }
    buffer.pop(block, now);
    if (buffer.playoutTimestamp === null) continue;
    silentBefore ??= buffer.statistics.silentMs;
    if (buffer.operation < Operation.CONCEAL) delays.push(buffer.delayMs);
  }
  delays.sort((a, b) => a - b);
  const { concealedMs, silentMs, acceleratedMs, expandedMs } = buffer.statistics;
  const share = (ms) => ms / arrivals.at(-1);
  return {
    mean: delays.reduce((sum, delay) => sum + delay, 0) / delays.length,
    p95: delays[Math.floor(delays.length * 0.95)],
    concealed: share(concealedMs + silentMs - (silentBefore ?? 0)),
    cut: share(acceleratedMs),
    repeated: share(expandedMs),
  };
}

console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf-8")).map(play)));
