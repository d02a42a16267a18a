// Opens every page while the relay is away: in its place comes one that says so, and waits. Nothing else is
// ever answered from here: where the relay answers, its own page is shown, and what is kept for its absence
// is made new.

// One site may have several relays, each below a path of its own.
const KEPT = `away ${self.location.pathname}`;
const AWAY = "offline.html";
/** All that this page needs. */
const SHELL = [
  AWAY,
  "offline/main.js",
  "ui/dom.js",
  "icons/mark.svg",
  "shared/audio_level.js",
  "shared/packet.js",
  "shared/sleep.js",
  "styles/base.css",
  "styles/small_pages.css",
  "styles/tokens.css",
  "ui/text.js",
  "ui/text/de.js",
  "ui/text/de_reasons.js",
  "ui/text/en.js",
  "ui/text/en_reasons.js",
  "ui/text/es.js",
  "ui/text/es_reasons.js",
];
/**
 * What a page shows for the first time, or again, when its member has moved to another relay and this one is
 * gone.
 */
const ICONS = ["icons/any-192.png", "icons/any-512.png", "icons/symbols.svg"];
const PATIENCE_MS = 5_000;

/** @typedef {Event & {waitUntil(done: Promise<unknown>): void}} ExtendableEvent */
/**
 * @typedef {ExtendableEvent & {request: Request, respondWith(answer: Promise<Response>): void}} FetchEvent
 */

const worker = /** @type {EventTarget & {skipWaiting(): Promise<void>}} */ (/** @type {unknown} */ (self));

async function keep() {
  const kept = await caches.open(KEPT);
  await kept.addAll([...SHELL, ...ICONS].map((path) => new Request(path, { cache: "no-cache" })));
}

/** @param {string} path */
async function kept(path) {
  return (await (await caches.open(KEPT)).match(path)) ?? Response.error();
}

/** @param {FetchEvent} event */
async function pageFor(event) {
  try {
    const page = await fetch(event.request, { signal: AbortSignal.timeout(PATIENCE_MS) });
    event.waitUntil(keep());
    return page;
  } catch {
    return kept(AWAY);
  }
}

/**
 * @param {Request} request
 * @param {string} path
 */
const fileFor = (request, path) => fetch(request).catch(() => kept(path));

worker.addEventListener("install", (event) => {
  worker.skipWaiting();
  /** @type {ExtendableEvent} */ (event).waitUntil(keep());
});
worker.addEventListener("fetch", (event) => {
  const asked = /** @type {FetchEvent} */ (event);
  const path = asked.request.url.replace(new URL(".", self.location.href).href, "").replace(/[?#].*$/, "");
  if (asked.request.mode === "navigate") asked.respondWith(pageFor(asked));
  else if (SHELL.includes(path) || ICONS.includes(path)) asked.respondWith(fileFor(asked.request, path));
});
