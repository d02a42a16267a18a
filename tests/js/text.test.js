import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

import { chooseLanguage, sayCount, t } from "../../web/ui/text.js";
import "../../web/ui/setup_text.js";
import * as deReasons from "../../web/ui/text/de_reasons.js";
import * as deRoom from "../../web/ui/text/de.js";
import * as deSetup from "../../web/ui/text/de_setup.js";
import * as enReasons from "../../web/ui/text/en_reasons.js";
import * as enRoom from "../../web/ui/text/en.js";
import * as enSetup from "../../web/ui/text/en_setup.js";
import * as esReasons from "../../web/ui/text/es_reasons.js";
import * as esRoom from "../../web/ui/text/es.js";
import * as esSetup from "../../web/ui/text/es_setup.js";

const all = (room, { reasons }, setup) => ({
  text: { ...room.text, ...reasons, ...setup.text },
  plurals: room.plurals,
});
const en = all(enRoom, enReasons, enSetup);
const { plurals, text } = en;
const others = { de: all(deRoom, deReasons, deSetup), es: all(esRoom, esReasons, esSetup) };

const web = new URL("../../web/", import.meta.url);
const read = (name) => readFileSync(new URL(name, web), "utf-8");
const pages = readdirSync(web).filter((name) => name.endsWith(".html"));
const sources = [
  ...pages,
  ...readdirSync(web, { recursive: true }).filter(
    (name) => name.endsWith(".js") && !name.startsWith("node_modules"),
  ),
]
  .map(read)
  .join("\n");

test("placeholders are filled in", () => {
  assert.equal(t("twoThere", { name: "Ada", other: "Ben" }), "Ada and Ben are there");
});

test("the words of other pages are not loaded with a room's", () => {
  assert.equal(t("checkTitle"), "Check this device");
  assert.deepEqual(
    Object.keys(enSetup.text).filter((key) => Object.hasOwn(enRoom.text, key)),
    [],
  );
  const scripts = ["page/", "offline/"].flatMap((folder) =>
    readdirSync(new URL(folder, web), { recursive: true }).map((name) => folder + name),
  );
  const files = [
    "index.html",
    "offline.html",
    "streamer_room.js",
    ...scripts.filter((name) => name.endsWith(".js")),
  ];
  const theirs = files.map(read).join("\n");
  assert.deepEqual(Object.keys(enSetup.text).filter((key) => theirs.includes(`"${key}"`)), []);
});

test("counts speak grammar", () => {
  assert.equal(sayCount("people", 1), "1 person");
  assert.equal(sayCount("people", 2), "2 people");
});

test("every word that a page asks for is there", () => {
  const asked = [...pages.map(read).join("\n").matchAll(/data-text="(\w+)"/g)].map(([, key]) => key);
  assert.ok(asked.length > 0);
  assert.deepEqual(asked.filter((key) => !Object.hasOwn(text, key)), []);
});

test("every word is used: a reason of the link or the relay, or asked for by name", () => {
  const protocol = readFileSync(new URL("../../streamer/wire/PROTOCOL.md", import.meta.url), "utf-8");
  const used = (key) => new RegExp(`["\\s]${key}["\\s:,]`).test(sources) || protocol.includes(`\`${key}\``);
  assert.deepEqual([...Object.keys(text), ...Object.keys(plurals)].filter((key) => !used(key)), []);
});

test("the first language that is wanted and spoken is chosen, whatever its country; English where none is", () => {
  assert.equal(chooseLanguage(["fr-CA", "de-AT", "en"]), "de");
  assert.equal(chooseLanguage(["es-419", "de"]), "es");
  assert.equal(chooseLanguage(["en-GB", "de"]), "en");
  assert.equal(chooseLanguage(["fr", "constructor"]), "en");
  assert.equal(chooseLanguage([]), "en");
});

const placeholders = (words) => [...words.matchAll(/\{\w+\}/g)].map(String).sort();

for (const [language, theirs] of Object.entries(others)) {
  test(`${language} has every word that English has, and no other`, () => {
    const keys = ({ text, plurals }) => [...Object.keys(text), ...Object.keys(plurals)];
    assert.deepEqual(keys(en).filter((key) => !keys(theirs).includes(key)), [], "missing");
    assert.deepEqual(keys(theirs).filter((key) => !keys(en).includes(key)), [], "too many");
  });

  test(`in ${language} the same placeholders are filled in`, () => {
    const differ = (key) => String(placeholders(text[key])) !== String(placeholders(theirs.text[key] ?? ""));
    assert.deepEqual(Object.keys(text).filter(differ), []);
  });

  test(`${language} has a form for every whole number`, () => {
    const forms = new Set(
      Array.from({ length: 1_000 }, (_, count) => new Intl.PluralRules(language).select(count)),
    );
    const lacking = Object.entries(theirs.plurals).filter(
      ([, said]) => ![...forms].every((form) => Object.hasOwn(said, form)),
    );
    assert.deepEqual(lacking, []);
  });
}
