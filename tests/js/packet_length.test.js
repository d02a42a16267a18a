import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { PacketLength } from "../../web/worker/sending/packet_length.js";

const CASES = JSON.parse(readFileSync(new URL("../vectors/packet_length.json", import.meta.url), "utf-8"));

for (const { name, steps } of CASES) {
  test(name, () => {
    const length = new PacketLength();
    for (const {
      at_ms: atMs,
      want,
      trouble,
      round_trip_us: roundTripUs,
      members = 2,
      least = 1,
      ...step
    } of steps) {
      if (want) length.want(want);
      if (trouble) length.noteTrouble(atMs);
      if (roundTripUs !== undefined) length.noteRoundTrip(atMs, roundTripUs);
      length.look(atMs, { members, least, overHttp: step.over_http ?? false });
      assert.deepEqual([atMs, length.units, length.why], [atMs, step.units, step.why]);
    }
  });
}
