// Calls through the page's own jitter buffer, whose modules lie in the folder that is the argument. By standard input, as JSON:
// where the speech is (a file of 32-bit floats, 48 kHz), and the calls. Prints for each how late it was, every 11 ms, and its gaps.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const PACKET = 480;
const PACKET_MS = 10;
const LOOK_EVERY = 4;
const { JitterBuffer } = await import(pathToFileURL(`${process.argv[2]}/worklets/jitter_buffer.js`).href);
const { Operation } = await import(pathToFileURL(`${process.argv[2]}/worklets/playout_policy.js`).href);
const { speech, calls } = JSON.parse(readFileSync(0, "utf-8"));
const file = readFileSync(speech);
const SAID = new Float32Array(file.buffer, file.byteOffset, file.byteLength >> 2);

/** Its payload is the number of the packet. What is missing goes on as it was, half as loud. */
class Voice {
  side = null;
  #next = 0;
  #said;

  constructor(said) {
    this.#said = said;
  }

  decode(payload) {
    const number = new DataView(payload.buffer).getUint32(0);
    this.#next = number * PACKET;
    return this.#said[number] ? this.#take(PACKET) : new Float32Array(PACKET);
  }

  conceal(count) {
    return this.#take(count).map((sample) => sample / 2);
  }

  #take(count) {
    const start = this.#next % (SAID.length - PACKET);
    this.#next += count;
    return SAID.slice(start, start + count);
  }
}

function payloadOf(number) {
  const payload = new Uint8Array(4);
  new DataView(payload.buffer).setUint32(0, number);
  return payload;
}

/**
 * `sent`: the numbers of the packets that were sent, in the order of their arrival; `arrivals` in ms; `starts`: whether a talkspurt
 * starts there. `voiced`: for each number, whether anything is missed if it is missing. `packetMs` lasts by the listener's clock.
 */
function play({ sent, arrivals, starts, said, voiced, packetMs, transitMs, block }) {
  const buffer = new JitterBuffer(new Voice(said));
  const samples = new Float32Array(block);
  const [delays, gaps] = [[], []];
  let [next, pops, awaited, missingBefore, gap] = [0, 0, -1, 0, 0];
  for (let at = 0; at / 48 < arrivals.at(-1); at += block, pops += 1) {
    const now = at / 48;
    for (; next < sent.length && arrivals[next] <= now; next += 1) {
      buffer.push(next & 0xffff, (sent[next] * PACKET) >>> 0, payloadOf(sent[next]), arrivals[next], starts[next]);
    }
    const timestamp = buffer.playoutTimestamp;
    if (timestamp !== null && pops % LOOK_EVERY === 0 && buffer.operation < Operation.CONCEAL && voiced[Math.floor(timestamp / PACKET)]) {
      delays.push(Math.round((now - (timestamp / 48 / PACKET_MS) * packetMs - transitMs) * 10) / 10);
    }
    buffer.pop(samples, now);
    const { concealedMs, silentMs } = buffer.statistics;
    const missing = concealedMs + silentMs - missingBefore;
    missingBefore = concealedMs + silentMs;
    if (missing > 0 && awaited >= 0 && voiced[awaited]) gap += missing;
    if (buffer.playoutTimestamp === null) continue;
    const following = Math.ceil(buffer.playoutTimestamp / PACKET);
    if (following === awaited) continue;
    awaited = following;
    if (gap > 0) gaps.push(Math.round(gap * 10) / 10);
    gap = 0;
  }
  const { acceleratedMs, expandedMs } = buffer.statistics;
  return { delays, gaps, cutMs: acceleratedMs, repeatedMs: expandedMs };
}

console.log(JSON.stringify(calls.map(play)));
