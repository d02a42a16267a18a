import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { parseFragment, ROOM_PATTERN, serializeFragment, socketUrl } from "../../web/shared/room_link.js";

const PRESSED = { name: "", auto: false };
const ON = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

test("the fragment names the room and carries the invite", () => {
  assert.deepEqual(parseFragment("#room=kitchen&key=1nv1te_-"), { room: "kitchen", key: "1nv1te_-", ...PRESSED, music: false, processing: ON });
});

test("a link without a fragment names no room", () => {
  assert.deepEqual(parseFragment(""), { room: "", key: "", ...PRESSED, music: false, processing: ON });
});

test("what the browser does to the microphone's sound can be switched off for measurements", () => {
  assert.deepEqual(parseFragment("#room=a&echoCancellation=off").processing, { ...ON, echoCancellation: false });
});

test("music can be asked for, and whatever else is written there is no music", () => {
  assert.equal(parseFragment("#room=a&music=on").music, true);
  for (const other of ["#room=a", "#room=a&music=off", "#room=a&music"]) assert.equal(parseFragment(other).music, false);
});

test("a device on a wall has its name from the link and joins by itself, also after a reload", () => {
  const door = { room: "home", key: "k", name: "Zoë & Co", auto: true };
  assert.deepEqual(parseFragment("#room=home&key=k&name=Zo%C3%AB+%26+Co&auto"), { ...door, music: false, processing: ON });
  assert.deepEqual(parseFragment(serializeFragment(door)), { ...door, music: false, processing: ON });
});

test("what the link doesn't say, the page's own address doesn't say either", () => {
  assert.equal(serializeFragment({ room: "echo", key: "", ...PRESSED }), "#room=echo");
});

test("the socket is where the page is, and says all that the relay asks for", () => {
  const address = { room: "kitchen", key: "k" };
  assert.equal(socketUrl("https://10.0.0.2:8443", address, "Zoë & Co"), "wss://10.0.0.2:8443/ws?room=kitchen&key=k&name=Zo%C3%AB+%26+Co");
  assert.equal(socketUrl("http://localhost:8123", { room: "echo", key: "" }, ""), "ws://localhost:8123/ws?room=echo");
});

test("the room's field lets through what the protocol does", () => {
  const room = new RegExp(`^(?:${ROOM_PATTERN})$`, "v");
  for (const good of ["kitchen", "A.b_c-9", "x".repeat(64)]) assert.match(good, room);
  for (const bad of ["", "two  words", "x".repeat(65)]) assert.doesNotMatch(bad, room);
});

test("a room may be called in any script, and what cannot be seen names none", () => {
  const room = new RegExp(`^(?:${ROOM_PATTERN})$`, "v");
  const names = JSON.parse(readFileSync(new URL("../vectors/room_names.json", import.meta.url), "utf-8"));
  assert.deepEqual(names.good.filter((name) => !room.test(name)), []);
  assert.deepEqual(names.bad.filter((name) => room.test(name)), []);
});
