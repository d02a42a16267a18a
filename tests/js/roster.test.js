import assert from "node:assert/strict";
import { test } from "node:test";

import { Roster } from "../../web/page/people/roster.js";

const member = (talker_id, name, more = {}) => ({
  talker_id,
  name,
  muted: false,
  away: false,
  hand: false,
  hand_us: 0,
  listening: false,
  host: false,
  role: "talk",
  ...more,
});
const WELCOME = {
  type: "welcome", talker_id: 7, room: "kitchen", name: "Ada", host: false, role: "talk",
  members: [member(3, "Grace", { muted: true })],
};
const names = (roster) => roster.people.map(({ name }) => name);

function inside() {
  const roster = new Roster();
  roster.onWelcome(WELCOME);
  return roster;
}

test("the welcome says who one is and who was there before", () => {
  const roster = inside();
  assert.deepEqual([roster.talkerId, roster.room, roster.name], [7, "kitchen", "Ada"]);
  assert.deepEqual(roster.others.map(({ name, muted, own }) => [name, muted, own]), [["Grace", true, false]]);
  assert.equal(roster.own?.talkerId, 7);
});

test("people stand in the order in which they came", () => {
  const roster = inside();
  roster.onJoined({ type: "joined", ...member(9, "Joan") });
  roster.onJoined({ type: "joined", ...member(1, "Mary") });
  assert.deepEqual(names(roster), ["Grace", "Ada", "Joan", "Mary"]);
});

test("a person who leaves is named once more, and then gone", () => {
  const roster = inside();
  assert.equal(roster.onLeft(3), "Grace");
  assert.deepEqual(names(roster), ["Ada"]);
  assert.equal(roster.onLeft(3), "");
});

test("a state changes only the member it is about, and nobody who is not here", () => {
  const roster = inside();
  roster.onState({
    type: "state",
    talker_id: 3,
    muted: false,
    away: true,
    hand: true,
    hand_us: 50,
    listening: false,
  });
  roster.onState({
    type: "state",
    talker_id: 99,
    muted: true,
    away: false,
    hand: false,
    hand_us: 0,
    listening: false,
  });
  const [grace] = roster.others;
  assert.deepEqual([grace.muted, grace.away, grace.hand, roster.people.length], [false, true, 50, 2]);
});

test("a raised hand has a place in the order even where its time is 0", () => {
  const roster = inside();
  roster.onState({
    type: "state",
    talker_id: 3,
    muted: false,
    away: false,
    hand: true,
    hand_us: 0,
    listening: false,
  });
  assert.ok(roster.others[0].hand > 0);
});

test("a right to listen and a wish to listen both mean just listening; only the right forbids to talk", () => {
  const roster = inside();
  roster.onRole({ type: "role", talker_id: 3, role: "listen" });
  roster.changeOwn({ listening: true });
  const [grace, ada] = roster.people;
  assert.deepEqual([grace.listening, grace.mayTalk, ada.listening, ada.mayTalk], [true, false, true, true]);
});

test("a second welcome begins anew: nobody is listed twice", () => {
  const roster = inside();
  roster.onWelcome({ ...WELCOME, talker_id: 8 });
  assert.equal(roster.talkerId, 8);
  assert.deepEqual(names(roster), ["Grace", "Ada"]);
});
