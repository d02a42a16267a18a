import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { waitMs } from "../../web/worker/connection/backoff.js";

const CASES = JSON.parse(readFileSync(new URL("../vectors/back_off.json", import.meta.url), "utf-8"));

test("waits grow up to half a second, after a minute to a whole one, and are never all the same", () => {
  for (const { tries, random, wait_ms: expected } of CASES) assert.equal(waitMs(tries, random), expected);
});
