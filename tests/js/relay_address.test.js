import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { usableRelays } from "../../web/shared/relay_address.js";

const CASES = JSON.parse(readFileSync(new URL("../vectors/relay_addresses.json", import.meta.url), "utf8"));

test("only addresses of the same scheme and a valid form are used", () => {
  for (const { listed, scheme, usable } of CASES)
    assert.deepEqual(usableRelays(listed, scheme), usable, JSON.stringify(listed));
});

test("an address is bounded", () => {
  assert.equal(usableRelays([`https://b.example/${"a".repeat(482)}`], "https").length, 1);
  assert.equal(usableRelays([`https://b.example/${"a".repeat(483)}`], "https").length, 0);
});
