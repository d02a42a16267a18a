import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import {
  attemptUrl,
  folderOf,
  linkOf,
  parseFragment,
  serializeFragment,
  socketUrl,
} from "../../web/shared/room_link.js";

const PRESSED = { token: "", name: "", auto: false, listen: false, captions: false };
const ON = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

test("the fragment names the room and carries the invite", () => {
  assert.deepEqual(parseFragment("#room=kitchen&key=1nv1te_-"), {
    room: "kitchen",
    key: "1nv1te_-",
    ...PRESSED,
    music: false,
    processing: ON,
  });
});

test("a link without a fragment names no room", () => {
  assert.deepEqual(parseFragment(""), { room: "", key: "", ...PRESSED, music: false, processing: ON });
});

test("what the browser does to the microphone's sound can be switched off for measurements", () => {
  assert.deepEqual(parseFragment("#room=a&echoCancellation=off").processing, {
    ...ON,
    echoCancellation: false,
  });
});

test("music can be asked for, and whatever else is written there is no music", () => {
  assert.equal(parseFragment("#room=a&music=on").music, true);
  for (const other of ["#room=a", "#room=a&music=off", "#room=a&music"])
    assert.equal(parseFragment(other).music, false);
});

test("a device on a wall has its name from the link and joins by itself, also after a reload", () => {
  const door = {
    room: "home",
    key: "k",
    token: "",
    name: "Zoë & Co",
    auto: true,
    listen: false,
    captions: false,
  };
  assert.deepEqual(parseFragment("#room=home&key=k&name=Zo%C3%AB+%26+Co&auto"), {
    ...door,
    music: false,
    processing: ON,
  });
  assert.deepEqual(parseFragment(serializeFragment(door)), { ...door, music: false, processing: ON });
});

test("what the link doesn't say, the page's own address doesn't say either", () => {
  assert.equal(serializeFragment({ room: "echo", key: "", ...PRESSED }), "#room=echo");
});

test("the socket is where the page is, and says all that the relay asks for", () => {
  const address = { room: "kitchen", key: "k" };
  assert.equal(
    socketUrl("https://10.0.0.2:8443", address, "Zoë & Co"),
    "wss://10.0.0.2:8443/ws?room=kitchen&key=k&name=Zo%C3%AB+%26+Co",
  );
  assert.equal(
    socketUrl("http://localhost:8123", { room: "echo", key: "" }, ""),
    "ws://localhost:8123/ws?room=echo",
  );
});

test("below a path of somebody else's site, the socket is there too, whichever page or script asks", () => {
  for (const page of ["", "check", "?installed", "#room=a/b", "streamer_room.js", "?x=/y/"])
    assert.equal(
      socketUrl(`https://example.org/voice/${page}`, { room: "echo", key: "" }, ""),
      "wss://example.org/voice/ws?room=echo",
    );
  assert.equal(folderOf("https://example.org/voice/check?x#room=a/b"), "https://example.org/voice/");
  assert.equal(folderOf("https://[::1]:8443/#room=home"), "https://[::1]:8443/");
});

test("a device that only listens says so to the relay, and its address keeps it", () => {
  assert.equal(parseFragment("#room=tour&key=k&listen").listen, true);
  assert.equal(
    serializeFragment({ room: "tour", key: "k", ...PRESSED, listen: true }),
    "#room=tour&listen&key=k",
  );
  const link = { room: "tour", key: "k", listen: true, resume: "t0ken" };
  assert.equal(socketUrl("https://h", link, ""), "wss://h/ws?room=tour&key=k&resume=t0ken&listen=1");
});

test("a hall's screen begins by itself and has no microphone, also after a reload", () => {
  const hall = parseFragment("#room=hall&key=k&captions");
  assert.deepEqual([hall.captions, hall.auto, hall.listen], [true, true, true]);
  assert.deepEqual(parseFragment(serializeFragment(hall)), hall);
});

test("a token stands in place of an invitation, in the fragment and at the socket", () => {
  assert.equal(parseFragment("#room=gate&token=t0k").token, "t0k");
  assert.equal(
    serializeFragment({ room: "gate", key: "", ...PRESSED, token: "t0k" }),
    "#room=gate&token=t0k",
  );
  assert.equal(
    socketUrl("https://h", { room: "gate", key: "", token: "t0k" }, ""),
    "wss://h/ws?room=gate&token=t0k",
  );
});

const LINKS = JSON.parse(readFileSync(new URL("../vectors/room_links.json", import.meta.url), "utf-8"));

for (const { fragment, ...parts } of LINKS.written)
  test(`one form is written: ${fragment}`, () => assert.equal(serializeFragment(parts), fragment));

for (const { fragment, ...parts } of [...LINKS.written, ...LINKS.read])
  test(`the parts are understood in any order: ${fragment}`, () => {
    const { room, key, token, listen } = parseFragment(fragment);
    assert.deepEqual({ room, key, token, listen }, parts);
  });

for (const vector of JSON.parse(
  readFileSync(new URL("../vectors/attempts.json", import.meta.url), "utf-8"),
)) {
  test(`an attempt says whose it is and which: ${vector.name}`, () => {
    const { origin, hash } = new globalThis.URL(vector.link);
    const url = new globalThis.URL(
      attemptUrl(socketUrl(origin, parseFragment(hash), vector.display), vector.resume, vector.attempt),
    );
    assert.equal(url.href.split("?")[0], vector.url);
    assert.deepEqual(Object.fromEntries(url.searchParams), vector.query);
  });
}

test("what was pasted is a link only if it leads to a room", () => {
  assert.equal(linkOf("https://10.0.0.2:8443/#room=home&key=k")?.host, "10.0.0.2:8443");
  for (const text of [
    "",
    "home",
    "https://10.0.0.2:8443/",
    "javascript:alert(1)#room=home",
    "ftp://h/#room=a",
  ])
    assert.equal(linkOf(text), null);
});
