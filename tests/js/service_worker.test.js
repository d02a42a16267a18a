import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const web = new URL("../../web/", import.meta.url);
const read = (path) => readFileSync(new URL(path.slice(1), web), "utf-8");
const resolved = (path, from) => new URL(path, new URL(from, "http://page")).pathname;

/** A file, and every file that it asks for. */
function needed(path, found = new Set()) {
  if (found.has(path)) return found;
  found.add(path);
  const asks = path.endsWith(".html") ? /(?:href|src)="([^"]+)"/g : /from "([^"]+)"/g;
  if (/\.(html|js)$/.test(path))
    for (const [, other] of read(path).matchAll(asks)) needed(resolved(other, path), found);
  return found;
}

test("what waits for the relay is kept whole: a missing file would leave it blank", () => {
  const shell = read("/service_worker.js").match(/const SHELL = \[([^\]]+)\]/)[1];
  const kept = [...shell.matchAll(/"([^"]+)"/g)].map(([, path]) => `/${path}`).concat("/offline.html");
  assert.deepEqual(kept.sort(), [...needed("/offline.html")].sort());
});

test("the icons that a page may ask for after a move are kept, and there", () => {
  const icons = read("/service_worker.js").match(/const ICONS = \[([^\]]+)\]/)[1];
  const kept = [...icons.matchAll(/"([^"]+)"/g)].map(([, path]) => path);
  const asks = ["/page/words/attention.js", "/page/sound/media_controls.js", "/ui/dom.js"].map(read).join("");
  const asked = [...asks.matchAll(/icons\/[a-z0-9-]+\.(?:png|svg)/g)].map(([path]) => path);
  assert.deepEqual(kept.sort(), [...new Set(asked)].sort());
  for (const path of kept) assert.ok(read(`/${path}`).length);
});

test("the manifest's icons are there, and of the sizes it says", () => {
  const { icons } = JSON.parse(read("/manifest.webmanifest"));
  assert.ok(icons.some(({ purpose }) => purpose === "maskable"));
  for (const { src, sizes } of icons) {
    const png = readFileSync(new URL(src, web));
    assert.equal(`${png.readUInt32BE(16)}x${png.readUInt32BE(20)}`, sizes);
  }
});

test("an installed page begins as the manifest says", () => {
  const { start_url } = JSON.parse(read("/manifest.webmanifest"));
  assert.ok(read("/page/door/installation.js").includes(`"${start_url}"`));
});
