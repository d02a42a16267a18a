// The worker itself, the browser around it replaced: what a relay sends reaches the audio thread.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mock, test } from "node:test";

const VECTORS = JSON.parse(readFileSync(new URL("../vectors/bundles.json", import.meta.url), "utf-8"));
const bytes = (hex) => Uint8Array.from(Buffer.from(hex, "hex"));
const WELCOME = {
  type: "welcome", talker_id: 9, room: "kitchen", name: "Ada", members: [], server_us: 1, host: false,
  role: "talk", resume: "t0ken", history: [], locked: false,
  only_hosts: false, invites: [], join_origin: "", barred: [], knocks: [],
};
const JOINED = {
  type: "joined", muted: false, away: false, hand: false, hand_us: 0, listening: false, host: false,
  role: "talk",
};

class FakeSocket {
  static opened = [];
  readyState = 1;

  constructor(url) {
    this.url = url;
    FakeSocket.opened.push(this);
  }

  send() {}

  close() {}
}

/** Into a room, by a WebSocket that is the test's; what the audio thread gets is in `played`. */
async function joined() {
  mock.timers.enable({ apis: ["setInterval", "setTimeout"] });
  const played = [];
  let obey = () => {};
  Object.assign(globalThis, {
    WebSocket: FakeSocket,
    postMessage: () => {},
    addEventListener: (/** @type {string} */ _, handler) => (obey = (data) => handler({ data })),
  });
  await import("../../web/worker/worker.js");
  const playout = { postMessage: (data) => data instanceof ArrayBuffer && played.push(new Uint8Array(data)) };
  obey({ type: "ports", capture: { postMessage() {} }, playout, memory: null });
  const state = { muted: false, away: false, hand: false, listening: true };
  obey({ type: "join", url: "wss://relay.home.arpa/ws?room=kitchen", state });
  const [socket] = FakeSocket.opened;
  socket.onmessage({ data: JSON.stringify(WELCOME) });
  const hear = (hex) => socket.onmessage({ data: bytes(hex).buffer });
  const receive = (message) => socket.onmessage({ data: JSON.stringify(message) });
  return { played, hear, receive, obey: (order) => obey(order), socket };
}

const room = joined();

test("each packet of a bundle reaches the audio thread, and nothing else does", async () => {
  const { played, hear, socket } = await room;
  assert.match(socket.url, /&bundles=1$/);
  for (const { packets, message } of VECTORS.good) {
    hear(message);
    assert.deepEqual(played.splice(0), packets.map(bytes));
    hear(packets[0]);
    assert.deepEqual(played.splice(0), [bytes(packets[0])], "a packet that comes alone, too");
  }
  for (const { message } of VECTORS.bad) hear(message);
  assert.deepEqual(played, []);
  for (const { message } of VECTORS.odd) {
    hear(message);
    assert.deepEqual(played.splice(0), VECTORS.good[0].packets.map(bytes), "what is around is heard");
  }
});

test("another worklet that takes over is told who is there, and how loud", async () => {
  const { receive, obey } = await room;
  receive({ ...JOINED, talker_id: 4, name: "Ben" });
  receive({ ...JOINED, talker_id: 5, name: "Cleo" });
  obey({ type: "setGain", name: "Cleo", gain: 0.5 });
  const told = [];
  obey({ type: "ports", playout: { postMessage: (order) => told.push(order) }, memory: null });
  assert.deepEqual(told, [
    { type: "add", talkerId: 4 },
    { type: "add", talkerId: 5 },
    { type: "setGain", talkerId: 5, gain: 0.5 },
  ]);
  obey({ type: "setGain", name: "Ben", gain: 0.8 });
  assert.deepEqual(told[3], { type: "setGain", talkerId: 4, gain: 0.8 });
});
