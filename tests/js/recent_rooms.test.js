import assert from "node:assert/strict";
import { afterEach, mock, test } from "node:test";

import { LOOK_EVERY_MS, RecentPresence } from "../../web/page/door/recent_rooms.js";

const VISITS = ["kitchen", "garage"].map((room) => ({
  room,
  fragment: `#room=${room}&key=k-${room}`,
  atMs: 0,
}));

afterEach(() => mock.timers.reset());

/** @param {Record<string, number>} counts people by room; a room that is not there can't be asked */
function begin(counts) {
  mock.timers.enable({ apis: ["setInterval"] });
  /** @type {string[]} */
  const asked = [];
  /** @type {string[]} */
  const shown = [];
  const page = { isSeen: true };
  const presence = new RecentPresence({
    ask: async ({ room, key }) => {
      asked.push(`${room} ${key}`);
      return room in counts ? { room, people: [], count: counts[room], locked: false, role: "talk" } : null;
    },
    show: (room, { count }) => shown.push(`${room} ${count}`),
    isSeen: () => page.isSeen,
  });
  return { presence, asked, shown, page };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("each recent room is asked with the invitation that led there, at once and again and again", async () => {
  const { presence, asked, shown } = begin({ kitchen: 2 });
  presence.start(VISITS, "");
  await settled();
  assert.deepEqual(asked, ["kitchen k-kitchen", "garage k-garage"]);
  assert.deepEqual(shown, ["kitchen 2"]);
  mock.timers.tick(LOOK_EVERY_MS);
  await settled();
  assert.deepEqual(shown, ["kitchen 2", "kitchen 2"]);
  presence.stop();
  mock.timers.tick(2 * LOOK_EVERY_MS);
  assert.equal(asked.length, 4);
});

test("a page that nobody sees asks nothing, and an answer that comes after a room is opened is not shown", async () => {
  const { presence, asked, shown, page } = begin({ kitchen: 1, garage: 1 });
  page.isSeen = false;
  presence.start(VISITS, "");
  assert.deepEqual(asked, []);
  page.isSeen = true;
  mock.timers.tick(LOOK_EVERY_MS);
  presence.stop();
  await settled();
  assert.deepEqual(shown, []);
});

test("a host's browser asks with the host's own right", async () => {
  const { presence, asked } = begin({});
  presence.start(VISITS.slice(0, 1), "h0st");
  await settled();
  assert.deepEqual(asked, ["kitchen h0st"]);
  presence.stop();
});
