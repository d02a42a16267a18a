import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const web = new URL("../../web/", import.meta.url);
const read = (path) => readFileSync(new URL(path, web), "utf-8");
const styles = readdirSync(new URL("styles/", web));
const pages = readdirSync(web).filter((name) => name.endsWith(".html"));
const scripts = readdirSync(web, { recursive: true })
  .filter((name) => name.endsWith(".js") && !name.startsWith("node_modules"))
  .map(read)
  .join("\n");
const linked = (page) => [...read(page).matchAll(/href="styles\/([^"]+)"/g)].map(([, style]) => style);

/** The ids, classes and data attributes that a style is for. */
function namedBy(style) {
  const selectors = read(`styles/${style}`).replace(/\/\*.*?\*\/|\{[^{}]*\}/gs, "");
  return [...selectors.matchAll(/[#.]([a-z][\w-]*)|\[(data-[\w-]+)/g)].map(
    ([, name, attribute]) => name ?? attribute,
  );
}

test("every style is in a page, and in none twice", () => {
  for (const page of pages) assert.equal(new Set(linked(page)).size, linked(page).length, page);
  assert.deepEqual([...new Set(pages.flatMap(linked))].sort(), styles.sort());
});

test("no rule is for what is nowhere", () => {
  for (const style of styles) {
    const where = pages.filter((page) => linked(page).includes(style)).map(read).join("\n") + scripts;
    for (const name of namedBy(style)) {
      const used = new RegExp(`(?<![\\w-])${name}(?![\\w-])`);
      const asDataset = name.slice("data-".length).replace(/-(\w)/g, (_, letter) => letter.toUpperCase());
      assert.ok(
        used.test(where) || (name.startsWith("data-") && where.includes(`dataset.${asDataset}`)),
        `${style}: ${name}`,
      );
    }
  }
});
