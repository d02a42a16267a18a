import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

import { say, sayCount } from "../web/text.js";
import { plurals, text } from "../web/text/en.js";

const web = new URL("../web/", import.meta.url);
const read = (name) => readFileSync(new URL(name, web), "utf-8");
const pages = readdirSync(web).filter((name) => name.endsWith(".html"));
const sources = [...pages, ...readdirSync(web).filter((name) => name.endsWith(".js"))].map(read).join("\n");

test("placeholders are filled in", () => {
  assert.equal(say("wentOut", { name: "Ada", people: "1 person is here." }), "Ada left. 1 person is here.");
});

test("counts speak grammar", () => {
  assert.equal(sayCount("people", 1), "1 person is here.");
  assert.equal(sayCount("people", 2), "2 people are here.");
});

test("every word that a page asks for is there", () => {
  const asked = [...pages.map(read).join("\n").matchAll(/data-text="(\w+)"/g)].map(([, key]) => key);
  assert.ok(asked.length > 0);
  assert.deepEqual(asked.filter((key) => !Object.hasOwn(text, key)), []);
});

test("every word is used: a reason of the link or the relay, or asked for by name", () => {
  const protocol = readFileSync(new URL("../streamer/wire/PROTOCOL.md", import.meta.url), "utf-8");
  const used = (key) => new RegExp(`["\\s]${key}["\\s:,]`).test(sources) || protocol.includes(`\`${key}\``);
  assert.deepEqual([...Object.keys(text), ...Object.keys(plurals)].filter((key) => !used(key)), []);
});
