import assert from "node:assert/strict";
import { test } from "node:test";

import { JitterBuffer } from "../../web/worklets/jitter_buffer.js";
import { chance, vowel } from "./voices.js";

// Cuts and repeats do not undo each other on and on, and nothing runs dry: as
// tests/unit/jitter/test_jitter_cycles.py, which has the reasons.
const PACKET = 480;
const PACKETS = 1_500;
const SETTLED_MS = 5_000;
const UNDONE_WITHIN_MS = 1_000;
const MOST_UNDONE = 3;
const MOST_SPLICED = 0.004;
const BLOCKS = [128, 240, 441, 480];
const DRIFTS_PPM = [-300, 0, 300];
const JITTERS_MS = [0, 4, 8, 15, 20];
const MINUTES = 3;
// 300 ppm are 18 ms a minute, and a repeat too long to fit needs more than 1 ms of it
const MOST_UNDONE_A_MINUTE = 8;
const SUNG = vowel(3, 118, [600, 1_000, 2_400], 0.3);
const SIGNALS = {
  silence: SUNG.map(() => 0),
  speech: SUNG.map((sample, i) => (i % 48_000 < 38_400 ? sample : 0)),
};
const PAYLOAD = new Uint8Array(1);

class Voice {
  side = null;
  #said;
  #next = 0;

  constructor(said) {
    this.#said = said;
  }

  decode() {
    const start = this.#next;
    this.#next = (start + PACKET) % this.#said.length;
    return this.#said.subarray(start, start + PACKET);
  }

  conceal(count) {
    return new Float32Array(count);
  }
}

function arrivalsOf(ppm, jitterMs) {
  const random = chance(3);
  let latest = 0;
  return Array.from({ length: PACKETS }, (_, number) => {
    latest = Math.max(latest, number * 10 * (1 + ppm * 1e-6) + 4.3 + random() * jitterMs);
    return latest;
  });
}

/**
 * How many splices undid the one before, which share of the time was spliced, and what was missing, once it
 * had settled.
 */
function played(block, arrivals, said) {
  const buffer = new JitterBuffer(new Voice(said));
  const samples = new Float32Array(block);
  let [number, undone, last, lastMs] = [0, 0, 0, 0];
  let [settled, before] = [buffer.statistics, buffer.statistics];
  for (let at = 0; at / 48 < arrivals.at(-1) - 20; at += block) {
    const nowMs = at / 48;
    for (; arrivals[number] <= nowMs; number += 1) {
      buffer.push(number, number * PACKET, PAYLOAD, arrivals[number], number === 0);
    }
    buffer.pop(samples, nowMs);
    const after = buffer.statistics;
    const change = after.expandedMs - before.expandedMs - after.acceleratedMs + before.acceleratedMs;
    before = after;
    if (nowMs < SETTLED_MS) settled = after;
    else if (change) {
      if (change * last < 0 && nowMs - lastMs < UNDONE_WITHIN_MS) undone += 1;
      [last, lastMs] = [change, nowMs];
    }
  }
  const since = (name) => before[name] - settled[name];
  const spliced = (since("acceleratedMs") + since("expandedMs")) / (arrivals.at(-1) - SETTLED_MS);
  return {
    undone,
    spliced,
    underruns: since("underruns"),
    missingMs: since("concealedMs") + since("silentMs"),
  };
}

for (const [signal, said] of Object.entries(SIGNALS)) {
  for (const block of BLOCKS) {
    test(`in ${signal}, blocks of ${block} never run dry, and no splice is undone on and on`, () => {
      for (const ppm of DRIFTS_PPM) {
        for (const jitterMs of JITTERS_MS) {
          const { undone, spliced, underruns, missingMs } = played(block, arrivalsOf(ppm, jitterMs), said);
          const where = `${jitterMs} ms of jitter, ${ppm} ppm`;
          assert.deepEqual({ underruns, missingMs }, { underruns: 0, missingMs: 0 }, where);
          assert.ok(undone <= MOST_UNDONE, `${where}: ${undone} undone`);
          assert.ok(spliced <= Math.abs(ppm) * 1e-6 + MOST_SPLICED, `${where}: ${spliced} spliced`);
        }
      }
    });
  }
}

for (const hz of [85, 118, 210]) {
  test(`in minutes of drift, blocks as long as a packet never run dry, whatever fits the pitch of a voice: ${hz} Hz`, () => {
    const said = vowel(3, hz, [600, 1_000, 2_400], 0.3);
    for (const ppm of DRIFTS_PPM) {
      for (const jitterMs of [0, 4]) {
        const { undone, underruns, missingMs } = played(
          480,
          arrivalsOf(ppm, jitterMs, MINUTES * 6_000),
          said,
        );
        assert.deepEqual(
          { underruns, missingMs },
          { underruns: 0, missingMs: 0 },
          `${jitterMs} ms of jitter, ${ppm} ppm`,
        );
        assert.ok(
          undone <= MOST_UNDONE_A_MINUTE * MINUTES,
          `${jitterMs} ms of jitter, ${ppm} ppm: ${undone} undone`,
        );
      }
    }
  });
}
