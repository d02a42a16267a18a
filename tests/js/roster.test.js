import assert from "node:assert/strict";
import { test } from "node:test";

import { Roster } from "../../web/page/roster.js";

const WELCOME = {
  type: "welcome", talker_id: 7, room: "kitchen", name: "Ada", server_us: 1,
  members: [{ talker_id: 3, name: "Grace", muted: true, away: false, hand: false }],
};

const names = (roster) => roster.others.map(({ name }) => name);

function inside() {
  const roster = new Roster();
  roster.apply(WELCOME);
  return roster;
}

test("the welcome says who one is and who was there before", () => {
  const roster = inside();
  assert.deepEqual([roster.talkerId, roster.room, roster.name], [7, "kitchen", "Ada"]);
  assert.deepEqual(roster.others, [{ talkerId: 3, name: "Grace", muted: true, away: false, hand: false }]);
});

test("members stand in the order they came", () => {
  const roster = inside();
  roster.apply({ type: "joined", talker_id: 9, name: "Joan", muted: false });
  roster.apply({ type: "joined", talker_id: 1, name: "Mary", muted: false });
  assert.deepEqual(names(roster), ["Grace", "Joan", "Mary"]);
});

test("who leaves is named once more and then gone", () => {
  const roster = inside();
  assert.equal(roster.apply({ type: "left", talker_id: 3 })?.name, "Grace");
  assert.deepEqual(names(roster), []);
  assert.equal(roster.apply({ type: "left", talker_id: 3 }), undefined);
});

test("a state changes only whom it is about", () => {
  const roster = inside();
  roster.apply({ type: "state", talker_id: 3, muted: false, away: true, hand: true });
  roster.apply({ type: "state", talker_id: 99, muted: true });
  assert.deepEqual(roster.others, [{ talkerId: 3, name: "Grace", muted: false, away: true, hand: true }]);
});

test("a second welcome begins anew: nobody is listed twice", () => {
  const roster = inside();
  roster.apply({ ...WELCOME, talker_id: 8 });
  assert.equal(roster.talkerId, 8);
  assert.deepEqual(names(roster), ["Grace"]);
});
