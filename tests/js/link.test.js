// The link in a world made by the test: sockets that do what they are told, and a clock that is wound by
// hand.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Link } from "../../web/worker/connection/link.js";
import { SURROUNDINGS } from "../../web/worker/connection/surroundings.js";

const URL = "wss://relay.home.arpa:8443/ws?room=kitchen&key=k";
const ADMITTED = { error: "bad-handshake", message: "this address speaks WebSocket only" };
const WELCOME = {
  type: "welcome",
  talker_id: 7,
  room: "kitchen",
  name: "Ada",
  members: [],
  server_us: 1,
  host: false,
  role: "talk",
  resume: "t0ken",
  history: [],
  locked: false,
  only_hosts: false,
  invites: [],
  join_origin: "",
  barred: [],
  knocks: [],
};

class FakeSocket {
  sent = [];
  closedWith = null;
  constructor(url, protocol) {
    Object.assign(this, { url, protocol });
  }
  send(data) {
    this.sent.push(typeof data === "string" ? JSON.parse(data) : data);
  }
  close(code) {
    this.closedWith = code ?? "";
  }
  receive(message) {
    this.onmessage?.({ data: message instanceof ArrayBuffer ? message : JSON.stringify(message) });
  }
  lose(code = 1006, reason = "") {
    this.onclose?.({ code, reason });
  }
}

class World {
  sockets = [];
  states = [];
  asked = [];
  requested = [];
  packets = [];
  answer = ADMITTED;
  tokens = 0;
  #now = 0;
  #timers = new Map();
  #lastTimer = 0;

  constructor() {
    this.link = new Link({
      open: (url, protocol) => this.sockets[this.sockets.push(new FakeSocket(url, protocol)) - 1],
      fetch: async (url) => {
        this.asked.push(url);
        if (this.answer === null) throw new TypeError("Failed to fetch");
        return { status: 400, json: async () => JSON.parse(JSON.stringify(await this.answer)) };
      },
      request: async (url) => {
        this.requested.push(url);
        throw new TypeError("Failed to fetch");
      },
      later: (call, ms) => {
        this.#timers.set((this.#lastTimer += 1), { call, at: this.#now + ms });
        return this.#lastTimer;
      },
      cancel: (timer) => this.#timers.delete(timer),
      random: () => 1,
      token: () => `own${(this.tokens += 1)}`,
      nowMs: () => this.#now,
    });
    this.link.onState = (state, reason) => this.states.push(reason ? `${state} ${reason}` : state);
    this.link.onPacket = (data) => this.packets.push(data);
  }

  get socket() {
    return this.sockets.at(-1);
  }

  get timers() {
    return this.#timers.size;
  }

  join(welcome = WELCOME) {
    this.link.join(URL);
    this.socket.receive(welcome);
    return this;
  }

  async pass(ms) {
    await settled();
    const until = this.#now + ms;
    for (;;) {
      const due = [...this.#timers]
        .filter(([, { at }]) => at <= until)
        .sort(([, a], [, b]) => a.at - b.at)[0];
      if (!due) break;
      this.#timers.delete(due[0]);
      this.#now = due[1].at;
      due[1].call();
      await settled();
    }
    this.#now = until;
    await settled();
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("a link is joined when the welcome comes, not before", () => {
  const world = new World();
  world.link.join(URL);
  assert.deepEqual(world.states, ["connecting"]);
  assert.equal(world.socket.protocol, "streamer.v1");
  world.socket.receive(WELCOME);
  assert.deepEqual(world.states, ["connecting", "joined"]);
});

test("nothing is sent before the welcome, for the relay would take it amiss", () => {
  const world = new World();
  world.link.join(URL);
  world.link.sendPacket(new Uint8Array(13));
  world.link.send({ type: "ping", t0: 0 });
  assert.deepEqual(world.socket.sent, []);
});

test("leaving says goodbye, closes, and is not followed by another try", async () => {
  const world = new World().join();
  world.link.leave();
  assert.deepEqual(world.socket.sent, [{ type: "leave" }]);
  assert.equal(world.socket.closedWith, 1000);
  world.socket.lose(1000);
  await world.pass(60_000);
  assert.equal(world.sockets.length, 1);
  assert.equal(world.states.at(-1), "left");
  assert.equal(world.timers, 0);
});

test("after a loss it comes back by itself, and waits little the next time too", async () => {
  const world = new World().join();
  world.socket.lose();
  await world.pass(200);
  world.socket.receive(WELCOME);
  assert.deepEqual(world.states, ["connecting", "joined", "lost lost", "joined"]);
  world.socket.lose();
  await world.pass(200);
  assert.equal(world.sockets.length, 3);
});

test("a relay that drains is said to be going away, and tried again", async () => {
  const world = new World().join();
  world.socket.lose(1001, "the relay is shutting down");
  assert.equal(world.states.at(-1), "lost draining");
  await world.pass(1_000);
  assert.equal(world.sockets.length, 2);
});

test("the relay's reason is asked for where the handshake fails, and a final one ends the tries", async () => {
  const world = new World();
  world.answer = { error: "key-wrong", message: "this is not the room's invite" };
  world.link.join(URL);
  world.socket.lose();
  await world.pass(60_000);
  assert.deepEqual(world.asked, ["https://relay.home.arpa:8443/ws?room=kitchen&key=k&resume=own1&attempt=2"]);
  assert.deepEqual(world.states, ["connecting", "refused key-wrong"]);
  assert.equal(world.sockets.length, 1);
});

test("a full room is asked again, and entered once there is a place", async () => {
  const world = new World();
  world.answer = { error: "too-many", message: "" };
  world.link.join(URL);
  world.socket.lose();
  await world.pass(1_000);
  assert.equal(world.states.at(-1), "lost too-many");
  assert.equal(world.sockets.length, 1);
  world.answer = ADMITTED;
  await world.pass(500);
  assert.equal(world.sockets.length, 2);
});

test("a relay that can't be reached is asked twice a second, and gets a socket once it answers", async () => {
  const world = new World().join();
  world.answer = null;
  world.socket.lose();
  await world.pass(10_000);
  assert.equal(world.states.at(-1), "lost unreachable");
  assert.ok(world.asked.length >= 20);
  assert.equal(world.sockets.length, 1);
  world.answer = ADMITTED;
  await world.pass(500);
  world.socket.receive(WELCOME);
  assert.equal(world.states.at(-1), "joined");
});

test("a question that hangs holds nothing up", async () => {
  const world = new World().join();
  world.answer = new Promise(() => {});
  world.socket.lose();
  await world.pass(5_000);
  world.answer = ADMITTED;
  await world.pass(500);
  assert.equal(world.sockets.length, 2);
});

test("a page that loads while its socket fails again and again is a certificate that is not trusted", async () => {
  const world = new World();
  world.link.join(URL);
  for (let sockets = 1; sockets < 5; sockets += 1) {
    assert.equal(world.sockets.length, sockets);
    world.socket.lose();
    await world.pass(0);
    assert.equal(world.requested.length, sockets); // plain HTTP was tried, too
    assert.equal(world.states.at(-1), "lost blocked");
    await world.pass(500);
  }
});

test("where there is no TLS, no certificate is blamed for a socket that does not open", async () => {
  const world = new World();
  world.link.join(URL.replace("wss:", "ws:"));
  world.socket.lose();
  await world.pass(0);
  assert.equal(world.states.at(-1), "lost cutOff");
});

test("where a relay accepts the socket and then says nothing, no certificate is blamed", async () => {
  const world = new World();
  world.link.join(URL);
  world.socket.onopen();
  await world.pass(3_000);
  assert.equal(world.states.at(-1), "lost cutOff");
});

test("a relay that talks and does not let us in is given up, and asked again", async () => {
  const world = new World();
  world.answer = null;
  world.link.join(URL);
  for (let second = 0; second < 25 && world.states.length === 1; second += 1) {
    world.socket.receive({ type: "hint", code: "slow-path", text: "…" });
    await world.pass(1_000);
  }
  assert.deepEqual(world.states.slice(0, 2), ["connecting", "lost unreachable"]);
  world.answer = ADMITTED;
  await world.pass(500);
  world.socket.receive(WELCOME);
  assert.equal(world.states.at(-1), "joined");
});

test("the relay's own reason is shown, whatever it is", async () => {
  for (const error of [
    "foreign-origin",
    "key-required",
    "no-room",
    "too-many-guesses",
    "bad-subprotocol",
    "some-new-one",
  ]) {
    const world = new World();
    world.answer = { error, message: "in words" };
    world.link.join(URL);
    world.socket.lose();
    await world.pass(0);
    assert.equal(world.states.at(-1), `refused ${error}`);
  }
});

test("an answer that is not the relay's is said to be that, and the relay is waited for", async () => {
  for (const answer of ["<html>", {}, null, { error: 5 }, []]) {
    const world = new World();
    world.answer = Promise.resolve(answer);
    world.link.join(URL);
    world.socket.lose();
    await world.pass(0);
    assert.equal(world.states.at(-1), "lost noRelay", JSON.stringify(answer));
    world.answer = ADMITTED;
    await world.pass(1_000);
    assert.equal(world.sockets.length, 2);
  }
});

test("the relay is asked as the socket asked, with the page's origin: by POST", async (context) => {
  const asked = context.mock.method(globalThis, "fetch", async () => new Response("{}"));
  await SURROUNDINGS.fetch("https://relay.home.arpa:8443/ws");
  assert.equal(asked.mock.calls[0].arguments[1].method, "POST");
});

test("a wall clock that is set back when the connection dies does not hide that", async (context) => {
  context.mock.timers.enable({ apis: ["Date"], now: 1_000_000_000_000 });
  const before = SURROUNDINGS.nowMs();
  context.mock.timers.setTime(1_000_000_000_000 - 3_600_000);
  assert.ok(SURROUNDINGS.nowMs() >= before);
});

const whoAndWhich = (url) => [
  new globalThis.URL(url).searchParams.get("resume"),
  Number(new globalThis.URL(url).searchParams.get("attempt")),
];

test("each attempt has a higher number than those before, and says whose it is, before the first welcome too", async () => {
  const world = new World();
  world.link.join(URL);
  await world.pass(3_000); // the first socket never opens
  world.socket.receive(WELCOME);
  world.socket.lose();
  await world.pass(200);
  const attempts = world.sockets.map(({ url }) => whoAndWhich(url));
  assert.deepEqual(attempts.map(([resume]) => resume), ["own1", "own1", "t0ken"]);
  const numbers = attempts.map(([, attempt]) => attempt);
  assert.deepEqual(numbers, [...new Set(numbers)].sort((a, b) => a - b));
  assert.ok(numbers[0] > 0);
});

test("another room, and the same room later, are entered by another token", () => {
  const world = new World().join();
  world.link.leave();
  world.link.join(URL);
  assert.equal(whoAndWhich(world.socket.url)[0], "own2");
});

test("whom a host has let in comes by the token that the relay gave", () => {
  const world = new World();
  world.link.join(`${URL}&resume=admitted`);
  assert.deepEqual(whoAndWhich(world.socket.url), ["admitted", 1]);
});

test("an attempt that a later one has overtaken is dropped, and the next one gets in", async () => {
  const world = new World().join();
  world.answer = { error: "stale", message: "" };
  world.socket.lose();
  await world.pass(1_000);
  assert.equal(world.states.at(-1), "lost lost");
  world.answer = ADMITTED;
  await world.pass(1_000);
  world.socket.receive(WELCOME);
  assert.equal(world.states.at(-1), "joined");
});

test("being thrown out ends the tries", async () => {
  const world = new World().join();
  world.socket.lose(4409, "replaced");
  await world.pass(60_000);
  assert.equal(world.states.at(-1), "refused replaced");
  assert.equal(world.sockets.length, 1);
});

test("who leaves the room echo for others does not come back, who was silent too long does", async () => {
  for (const [reason, sockets] of /** @type {const} */ ([["echo-wanted", 1], ["idle", 2]])) {
    const world = new World().join();
    world.socket.lose(4408, reason);
    await world.pass(60_000);
    assert.equal(world.sockets.length > 1, sockets > 1, reason);
    assert.equal(world.states.includes(`refused ${reason}`), sockets === 1, reason);
  }
});

test("a connection on which nothing comes is given up, whatever the browser believes", async () => {
  const world = new World().join();
  const dead = world.socket;
  await world.pass(6_000);
  assert.equal(dead.closedWith, "");
  assert.ok(world.states.includes("lost lost"));
  dead.lose(); // the browser finds out much later: not the new connection's business
  await world.pass(100);
  assert.equal(world.states.filter((state) => state === "lost lost").length, 1);
});

test("a connection on which pongs come stays", async () => {
  const world = new World().join();
  for (let i = 0; i < 30; i += 1) {
    world.socket.receive({ type: "pong", t0: 0, t1: 1, t2: 2 });
    await world.pass(1_000);
  }
  assert.equal(world.sockets.length, 1);
});

test("the network's return ends the wait, and disturbs nothing that is well", async () => {
  const world = new World().join();
  world.link.hurry();
  assert.equal(world.sockets.length, 1);
  world.socket.lose();
  world.link.hurry();
  await world.pass(0);
  assert.equal(world.sockets.length, 2);
  await world.pass(2_000);
  assert.equal(world.sockets.length, 2); // no second question opens another one
});

test("the network's return is no time to wait for a connection that has gone quiet", async () => {
  const world = new World().join();
  await world.pass(1_000);
  world.link.hurry();
  assert.equal(world.states.at(-1), "joined");
  await world.pass(1_000);
  world.link.hurry();
  await world.pass(0);
  assert.equal(world.states.at(-1), "lost lost");
  assert.equal(world.sockets.length, 2);
});

test("packets pass as they come, and what a newer relay says is overlooked", () => {
  const world = new World().join();
  const packet = new Uint8Array([1, 2, 3]).buffer;
  world.socket.receive(packet);
  world.socket.receive({ type: "dance" });
  assert.deepEqual(world.packets, [packet]);
  assert.equal(world.states.at(-1), "joined");
});

test("a message beyond the protocol's bound is said to be too big, and the room is tried again later", async () => {
  const world = new World();
  world.link.join(URL);
  world.sockets[0].receive({ ...WELCOME, history: [{ name: "A", text: "x".repeat(65_536), age_s: 1 }] });
  assert.equal(world.states.at(-1), "lost too-big");
  assert.equal(world.sockets[0].closedWith, 1000);
  assert.equal(world.sockets.length, 1);
});

test("where sockets are cut off again and again right after they opened, a leg goes over plain HTTP", async () => {
  const world = new World().join();
  for (let sockets = 1; sockets <= 3; sockets += 1) {
    assert.equal(world.sockets.length, sockets);
    assert.deepEqual(world.requested, []);
    world.socket.lose();
    await world.pass(200);
    if (sockets < 3) world.socket.receive(WELCOME);
  }
  const requested = world.requested.map((url) => url.replace(/&attempt=\d+$/, ""));
  assert.deepEqual(
    [...new Set(requested)],
    ["https://relay.home.arpa:8443/leg?room=kitchen&key=k&resume=t0ken"],
  );
  assert.ok(
    world.sockets.every(({ url }) => url.endsWith("&bundles=1")),
    "over WebSockets alone, several packets may come together",
  );
});

test("a socket that the relay itself closes has reached it, and is no reason for plain HTTP", async () => {
  const world = new World().join();
  for (let sockets = 1; sockets <= 5; sockets += 1) {
    world.socket.lose(1001);
    await world.pass(600);
    world.socket.receive(WELCOME);
  }
  assert.deepEqual(world.requested, []);
});

// Several relays

const HOME = "https://relay.home.arpa:8443";
const OTHER = "https://other.home.arpa:8443";
const THIRD = "https://third.home.arpa/voice";
const TWO_OTHERS = { ...WELCOME, relays: [OTHER, THIRD] };
const MOVE = { type: "relays", relays: [OTHER, THIRD], move: true };
const ELSEWHERE = { ...WELCOME, resume: "elsewhere", relays: [HOME, THIRD] };

/** Where an attempt goes, and by which token. */
const way = (url) => [
  `https://${new globalThis.URL(url).host}`,
  new globalThis.URL(url).searchParams.get("resume"),
];

test("a client whose relay is lost asks it first, and then the others in order, each with the invitation", async () => {
  const world = new World().join(TWO_OTHERS);
  world.answer = null;
  world.socket.lose();
  await world.pass(2_000);
  const asked = world.asked.slice(0, 4).map((url) => new globalThis.URL(url));
  assert.deepEqual(
    asked.map(({ origin, pathname }) => origin + pathname),
    [`${HOME}/ws`, `${OTHER}/ws`, "https://third.home.arpa/voice/ws", `${HOME}/ws`],
  );
  assert.deepEqual([...new Set(asked.map(({ searchParams }) => searchParams.get("key")))], ["k"]);
});

test("the socket opens at the relay that would let us in, and the next loss begins there", async () => {
  const world = new World().join(TWO_OTHERS);
  world.answer = null;
  world.socket.lose();
  await world.pass(100);
  world.answer = ADMITTED;
  await world.pass(200);
  assert.deepEqual(way(world.socket.url), ["https://other.home.arpa:8443", "t0ken"]);
  world.socket.receive(ELSEWHERE);
  world.asked = [];
  world.answer = null;
  world.socket.lose();
  await world.pass(400);
  // Each by its own token.
  assert.deepEqual(world.asked.slice(0, 2).map(way), [[OTHER, "elsewhere"], [HOME, "t0ken"]]);
});

test("what another relay has against us is not final, and what our own one says is", async () => {
  const world = new World().join(TWO_OTHERS);
  world.answer = null;
  world.socket.lose();
  await world.pass(100);
  world.answer = { error: "key-wrong", message: "" };
  await world.pass(200); // the other one
  assert.equal(world.states.at(-1), "lost lost");
  await world.pass(1_000);
  assert.equal(world.states.at(-1), "refused key-wrong");
});

test("asked to move, a client leaves its relay when another one has let it in, and not before", async () => {
  const world = new World().join(TWO_OTHERS);
  const [before] = world.sockets;
  before.receive(MOVE);
  await world.pass(0);
  assert.deepEqual(way(world.socket.url), [OTHER, "t0ken"]);
  assert.equal(before.closedWith, null);
  world.link.sendPacket(new Uint8Array(13));
  assert.equal(before.sent.length, 1); // the voice still goes there
  world.socket.receive(ELSEWHERE);
  world.link.sendPacket(new Uint8Array(13));
  assert.equal(world.socket.sent.length, 1);
  // A relay that knows where we are closes it itself, and nobody sees us leave.
  assert.equal(before.closedWith, null);
  await world.pass(500);
  assert.equal(before.closedWith, 1000);
  assert.ok(!before.sent.some((each) => each.type === "leave")); // the stay goes on
  assert.deepEqual(world.states, ["connecting", "joined", "joined"]);
  assert.equal(world.asked.length, 0);
});

test("a relay that does not let us in is passed over while the present one still has us", async () => {
  const world = new World().join(TWO_OTHERS);
  const [before] = world.sockets;
  before.receive(MOVE);
  await world.pass(0);
  world.socket.lose();
  await world.pass(100);
  assert.deepEqual(way(world.socket.url)[0], "https://third.home.arpa");
  for (let second = 0; second < 2; second += 1) {
    before.receive({ type: "ping", t0: 1 }); // it is alive
    await world.pass(1_300); // that one does not answer
  }
  assert.equal(world.sockets[2].closedWith, 1000);
  before.receive({ type: "ping", t0: 1 });
  await world.pass(400);
  assert.deepEqual(way(world.socket.url)[0], OTHER);
  world.socket.receive(ELSEWHERE);
  await world.pass(500);
  assert.equal(before.closedWith, 1000);
});

test("a relay that closes before we have moved is not asked first", async () => {
  const world = new World().join(TWO_OTHERS);
  world.socket.receive(MOVE);
  await world.pass(0);
  world.sockets[0].lose(1001, "draining");
  assert.equal(world.sockets[1].closedWith, 1000);
  await world.pass(100);
  assert.deepEqual(way(world.asked[0])[0], OTHER);
});

test("a cluster that lets the old socket go before the new welcome is here ends nothing", async () => {
  const world = new World().join(TWO_OTHERS);
  world.socket.receive(MOVE);
  await world.pass(0);
  world.sockets[0].lose(4409, "replaced");
  await world.pass(500);
  assert.deepEqual(world.states, ["connecting", "joined"]);
  world.socket.receive(ELSEWHERE);
  await world.pass(1_500);
  assert.deepEqual(world.states, ["connecting", "joined", "joined"]);
});

test("who joined again from elsewhere while its relay drained is told so", async () => {
  const world = new World().join(TWO_OTHERS);
  world.socket.receive(MOVE);
  await world.pass(0);
  world.sockets[0].lose(4409, "replaced");
  world.sockets[1].lose(); // it has not let us in: a later attempt than this one has
  await world.pass(1_100);
  assert.equal(world.states.at(-1), "refused replaced");
  assert.equal(world.timers, 0);
});

test("a move that takes seconds costs no voice: the old socket carries it until the new one is joined", async () => {
  const world = new World().join(TWO_OTHERS);
  const [before] = world.sockets;
  before.receive(MOVE);
  await world.pass(0);
  for (let tenth = 0; tenth < 23; tenth += 1) {
    await world.pass(100);
    world.link.sendPacket(new Uint8Array(13));
    before.receive(new ArrayBuffer(13));
  }
  assert.deepEqual([before.sent.length, world.packets.length, world.sockets.length], [23, 23, 2]);
  world.socket.receive(ELSEWHERE);
  world.link.sendPacket(new Uint8Array(13));
  assert.equal(world.socket.sent.length, 1);
  assert.deepEqual(world.states, ["connecting", "joined", "joined"]);
});

test("a cluster that lets the old socket go long before the slow welcome ends nothing", async () => {
  const world = new World().join(TWO_OTHERS);
  world.socket.receive(MOVE);
  await world.pass(1_000);
  world.sockets[0].lose(4409, "replaced");
  await world.pass(1_400);
  world.socket.receive(ELSEWHERE);
  await world.pass(1_000);
  assert.equal(world.sockets.length, 2);
  assert.deepEqual(world.states, ["connecting", "joined", "joined"]);
});

test("who was let in by an attempt that it had given up comes back by a newer one", async () => {
  for (const [waitMs, lostMs] of [[2_450, 600], [2_700, 3_000]]) {
    // before the next attempt begins, and while it hangs
    const world = new World().join(TWO_OTHERS);
    const [before] = world.sockets;
    before.receive(MOVE);
    for (let waitedMs = 0; waitedMs < waitMs; waitedMs += 50) {
      before.receive({ type: "ping", t0: 1 });
      await world.pass(50);
    }
    before.receive({ type: "ping", t0: 1 });
    await world.pass(100);
    before.lose(4409, "replaced");
    await world.pass(lostMs);
    assert.equal(world.states.at(-1), "lost lost");
    const attempt = (url) => Number(new globalThis.URL(url).searchParams.get("attempt"));
    assert.ok(attempt(world.socket.url) > attempt(world.sockets[1].url));
    world.socket.receive(ELSEWHERE);
    assert.equal(world.states.at(-1), "joined");
  }
});

test("leaving soon after a move ends the socket that was left, too", async () => {
  const world = new World().join(TWO_OTHERS);
  world.socket.receive(MOVE);
  await world.pass(0);
  world.socket.receive(ELSEWHERE);
  world.link.leave();
  assert.deepEqual(world.sockets.map(({ closedWith }) => closedWith), [1000, 1000]);
  assert.equal(world.timers, 0);
});

test("relays that send their members to each other keep nobody busy", async () => {
  const world = new World().join(TWO_OTHERS);
  world.socket.receive(MOVE);
  await world.pass(0);
  world.socket.receive({ ...ELSEWHERE });
  world.socket.receive({ type: "relays", relays: [HOME], move: true });
  await world.pass(1_000);
  assert.equal(world.sockets.length, 2);
  for (let second = 0; second < 4; second += 1) {
    world.socket.receive({ type: "ping", t0: 1 });
    await world.pass(1_000);
  }
  assert.equal(world.sockets.length, 3);
});

test("a relay that takes back that we move is stayed at, and asked first after a loss", async () => {
  const world = new World().join(TWO_OTHERS);
  const [before] = world.sockets;
  before.receive(MOVE);
  await world.pass(0);
  assert.equal(world.sockets.length, 2);
  before.receive({ ...MOVE, move: false });
  assert.equal(world.sockets[1].closedWith, 1000);
  for (let second = 0; second < 3; second += 1) {
    before.receive({ type: "ping", t0: 1 });
    await world.pass(1_000);
  }
  assert.equal(world.sockets.length, 2);
  before.receive(MOVE);
  await world.pass(0);
  assert.equal(world.sockets.length, 3); // it may ask again
  before.receive({ ...MOVE, move: false });
  world.answer = null;
  before.lose();
  await world.pass(300);
  assert.deepEqual(way(world.asked[0])[0], HOME);
});

test("addresses of another scheme or form are not gone to", async () => {
  const world = new World().join({
    ...WELCOME,
    relays: ["http://other.home.arpa", "https://u@other.home.arpa", "javascript:0"],
  });
  world.socket.receive({ type: "relays", relays: ["wss://other.home.arpa", 7], move: true });
  await world.pass(2_000);
  assert.equal(world.sockets.length, 1);
  world.answer = null;
  world.socket.lose();
  await world.pass(2_000);
  assert.deepEqual([...new Set(world.asked.map((url) => way(url)[0]))], [HOME]);
});

test("leaving while moving ends both sockets", async () => {
  const world = new World().join(TWO_OTHERS);
  world.socket.receive(MOVE);
  await world.pass(0);
  world.link.leave();
  assert.deepEqual(world.sockets.map(({ closedWith }) => closedWith), [1000, 1000]);
  assert.equal(world.timers, 0);
});
