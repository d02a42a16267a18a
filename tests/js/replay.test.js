import assert from "node:assert/strict";
import { test } from "node:test";

import { Replay } from "../../web/worker/replay/replay.js";
import { ReplayMix, passagesOf } from "../../web/worker/replay/mix.js";
import { TimeStretch } from "../../web/worker/replay/time_stretch.js";
import { ReplayQueue } from "../../web/worklets/replay_queue.js";

const RATE = 48_000;
const FRAME = 480;

/** Decodes a payload of one byte to 10 ms of that value, in tenths. */
class FakeDecoder {
  static alive = 0;
  side = null;
  constructor() {
    FakeDecoder.alive += 1;
  }
  decode(payload) {
    if (payload[0] === 255) throw new RangeError("not Opus");
    return new Float32Array(FRAME).fill(payload[0] / 10);
  }
  free() {
    FakeDecoder.alive -= 1;
  }
}

const spoken = (name, fromMs, ms, value) => ({
  name,
  packets: Array.from({ length: ms / 10 }, (_, i) => ({
    startMs: fromMs + 10 * i,
    lastsMs: 10,
    payload: new Uint8Array([value]),
  })),
});
const mixOf = (said, gains = {}) =>
  new ReplayMix(
    said,
    said.map(() => new FakeDecoder()),
    (name) => gains[name] ?? 1,
  );
const near = (value, wanted) => assert.ok(Math.abs(value - wanted) < 1e-6, `${value}, not ${wanted}`);

test("each voice is at its place, two together are added, and one that is muted here is silent", () => {
  const said = [spoken("Ada", 1_000, 100, 1), spoken("Ben", 1_050, 100, 2), spoken("Cleo", 1_000, 100, 4)];
  const [mid] = mixOf(said, { Cleo: 0 }).read(0.2 * RATE);
  near(mid[0], 0.1);
  near(mid[0.05 * RATE - 1], 0.1);
  near(mid[0.05 * RATE], 0.3);
  near(mid[0.1 * RATE - 1], 0.3);
  near(mid[0.1 * RATE], 0.2);
  near(mid[0.15 * RATE - 1], 0.2);
  near(mid[0.15 * RATE], 0);
});

test("however it is read, it is the same", () => {
  const said = () => [
    spoken("Ada", 1_003, 500, 1),
    spoken("Ben", 1_117, 300, 2),
    spoken("Ada", 9_000, 100, 3),
  ];
  const [whole] = mixOf(said()).read(1.5 * RATE);
  const mix = mixOf(said());
  const parts = [1, 479, 700, 20_000, 3, 50_817].map((count) => mix.read(count)[0]);
  assert.deepEqual(parts.flatMap((part) => [...part]), [...whole.subarray(0, 72_000)]);
});

test("a long pause is shortened, a short one stays", () => {
  const said = [spoken("Ada", 0, 100, 1), spoken("Ben", 600, 100, 1), spoken("Ada", 20_000, 100, 1)];
  assert.deepEqual(passagesOf(said), [{ fromMs: 0, toMs: 1_000 }, { fromMs: 20_000, toMs: 20_400 }]);
  const mix = mixOf(said);
  assert.equal(mix.leftMs, 1_400);
  mix.read(RATE);
  assert.equal(mix.leftMs, 400);
  assert.deepEqual(mix.talking, []);
  const [mid] = mix.read(RATE);
  near(mid[0], 0.1);
  assert.equal(mix.leftMs, 0);
  assert.deepEqual([...mix.read(100)[0]], new Array(100).fill(0));
});

test("it says who talks, and what is not Opus is silent", () => {
  const mix = mixOf([spoken("Ada", 0, 400, 1), spoken("Mallory", 0, 400, 255)]);
  const [mid] = mix.read(0.1 * RATE);
  near(mid[100], 0.1);
  assert.deepEqual(mix.talking, ["Ada", "Mallory"]);
});

const tone = (hertz) => {
  let at = 0;
  return (count) => {
    const mid = Float32Array.from({ length: count }, () => Math.sin((2 * Math.PI * hertz * at++) / RATE));
    return [mid, mid.map((value) => value / 2)];
  };
};
const blocks = (stretch, count) =>
  Float32Array.from(Array.from({ length: count }, () => [...stretch.next()[0]]).flat());

test("at normal speed a stretch changes nothing", () => {
  const made = blocks(new TimeStretch(tone(333)), 30);
  const [wanted] = tone(333)(made.length);
  made.forEach((value, i) => near(value, wanted[i]));
});

for (const speed of [1.5, 2]) {
  test(`${speed} times as fast takes so much more of it, at the same pitch and as loud`, () => {
    let taken = 0;
    const source = tone(220);
    const stretch = new TimeStretch((count) => {
      taken += count;
      return source(count);
    });
    stretch.speed = speed;
    const made = blocks(stretch, 60);
    assert.ok(Math.abs(taken / made.length / speed - 1) < 0.05, `${taken} of ${made.length}`);
    const crossings = made.subarray(1).reduce((sum, value, i) => sum + Number(made[i] < 0 && value >= 0), 0);
    const hertz = crossings / (made.length / RATE);
    assert.ok(Math.abs(hertz - 220) < 3, `${hertz} Hz`);
    const power = made.reduce((sum, value) => sum + value * value, 0) / made.length;
    assert.ok(Math.abs(power / 0.5 - 1) < 0.05, `${power}`);
  });
}

test("a replay is mixed behind live voices, which go down for it and come back", () => {
  const queue = new ReplayQueue();
  const block = () => [new Float32Array(1_000).fill(0.5), new Float32Array(1_000)];
  let mix = block();
  queue.addTo(mix, 1_000, false);
  near(mix[0][999], 0.5);
  queue.begin();
  queue.push(new Float32Array(1_500).fill(0.1), new Float32Array(1_500).fill(0.05));
  assert.equal(queue.waiting, 1_500);
  mix = block();
  queue.addTo(mix, 1_000, false);
  assert.equal(queue.waiting, 500);
  near(mix[0][999], 0.25 + 0.1);
  near(mix[1][999], 0.05);
  mix = block();
  queue.addTo(mix, 1_000, true);
  near(mix[0][0], 0.25);
  assert.equal(queue.waiting, 0);
  queue.end();
  mix = block();
  queue.addTo(mix, 1_000, false);
  near(mix[0][999], 0.5);
});

test("the audio thread keeps no more than two seconds of it, and nothing behind its end", () => {
  const queue = new ReplayQueue();
  queue.push(new Float32Array(100), new Float32Array(100));
  assert.equal(queue.waiting, 0);
  queue.begin();
  for (let i = 0; i < 100; i += 1) queue.push(new Float32Array(1_536), new Float32Array(1_536));
  assert.ok(queue.waiting <= 2 * RATE);
});

/** A room with a clock of its own; the audio thread plays what it gets at once, or nothing. */
class Room {
  nowMs = 0;
  /** @type {any[]} */
  reports = [];
  /** @type {any[]} */
  orders = [];
  names = new Map([[1, "Ada"], [2, "Ben"]]);
  replay = new Replay({
    newDecoder: async () => new FakeDecoder(),
    nameOf: (talkerId) => this.names.get(talkerId),
    gainOf: () => 1,
    play: (order, moved = []) => this.orders.push(structuredClone(order, { transfer: moved })),
    report: (report) => this.reports.push(report),
  });

  talk(talkerId, ms, flags = 0) {
    for (let i = 0; i < ms / 10; i += 1, this.nowMs += 10) {
      const packet = {
        talkerId,
        timestamp: this.nowMs * 48,
        duration: 4,
        payload: new Uint8Array([1]),
        seq: 0,
        level: 0,
        voice: true,
        flags,
      };
      this.replay.onPacket(packet, this.nowMs);
    }
  }

  /** @returns seconds of sound that were played until the replay ended */
  playToEnd() {
    const sent = () =>
      this.orders.filter(({ type }) => type === "replay").reduce((sum, { mid }) => sum + mid.length, 0);
    for (let i = 0; i < 1_000 && this.reports.at(-1).replay !== null; i += 1)
      this.replay.onPlaying(0, (this.nowMs += 100));
    assert.equal(this.reports.at(-1).replay, null);
    return sent() / RATE;
  }

  of(type) {
    return this.reports.filter((report) => report.type === type);
  }
}

test("a replay says who spoke, sends what was said to this device's sound alone, and ends by itself", async () => {
  const room = new Room();
  room.talk(1, 1_000);
  room.talk(2, 500);
  room.talk(3, 500); // nobody knows who that is
  await room.replay.start("last", room.nowMs);
  assert.deepEqual(room.reports[0].replay.talkers, ["Ada", "Ben"]);
  const seconds = room.playToEnd();
  assert.ok(seconds > 1.5 && seconds < 2.1, `${seconds} s`);
  assert.deepEqual([...new Set(room.orders.map(({ type }) => type))], ["beginReplay", "replay", "endReplay"]);
  assert.deepEqual(
    room.of("replay").filter(({ replay }) => replay?.talking.includes("Ben")).length > 0,
    true,
  );
});

test("it is never more than half a second ahead of what is heard, so it stops at once", async () => {
  const room = new Room();
  room.talk(1, 20_000);
  await room.replay.start("last", room.nowMs);
  for (let i = 0; i < 50; i += 1) room.replay.onPlaying(19_200, (room.nowMs += 100));
  assert.equal(room.orders.filter(({ type }) => type === "replay").length, 0);
  room.replay.onPlaying(0, (room.nowMs += 100));
  const sent = room.orders
    .filter(({ type }) => type === "replay")
    .reduce((sum, { mid }) => sum + mid.length, 0);
  assert.ok(sent <= 19_200 + 1_536);
  room.replay.stop();
  assert.equal(room.orders.at(-1).type, "endReplay");
  assert.equal(room.reports.at(-1).replay, null);
});

test("twice as fast takes half the time", async () => {
  const room = new Room();
  room.replay.speed = 2;
  room.talk(1, 4_000);
  await room.replay.start("last", room.nowMs);
  const seconds = room.playToEnd();
  assert.ok(seconds > 1.9 && seconds < 2.4, `${seconds} s`);
});

test("where nobody spoke it says so, and two presses make one replay whose decoders are all freed", async () => {
  const room = new Room();
  await room.replay.start("last", room.nowMs);
  assert.deepEqual(room.reports, [{ type: "nothingToReplay" }]);
  const before = FakeDecoder.alive;
  room.talk(1, 1_000);
  await Promise.all([room.replay.start("last", room.nowMs), room.replay.start("last", room.nowMs)]);
  assert.equal(room.orders.filter(({ type }) => type === "beginReplay").length, 1);
  room.replay.stop();
  assert.equal(FakeDecoder.alive, before);
});

test("who leaves the room leaves nothing of it", async () => {
  const room = new Room();
  room.talk(1, 1_000);
  room.replay.clear();
  await room.replay.start("last", room.nowMs);
  assert.equal(room.of("nothingToReplay").length, 1);
});

test("who asks to be left out of recordings is in no replay, and one that runs ends", async () => {
  const room = new Room();
  room.talk(1, 1_000);
  await room.replay.start("last", room.nowMs);
  room.replay.onControl({ type: "recording", on: true, by: "Grace", left_out: [1] });
  assert.equal(room.reports.at(-1).replay, null);
  room.talk(1, 1_000);
  await room.replay.start("last", room.nowMs);
  assert.equal(room.of("nothingToReplay").length, 1);
});

test("what was encrypted for others is not kept", async () => {
  const room = new Room();
  room.talk(1, 1_000, 2);
  await room.replay.start("last", room.nowMs);
  assert.equal(room.of("nothingToReplay").length, 1);
});

test("who comes back to a room of push to talk is offered what was said meanwhile, and no more of it", async () => {
  const room = new Room();
  room.replay.onControl({ type: "floor", talker_id: 0, on: true });
  room.talk(2, 2_000);
  room.replay.setAway(true, room.nowMs);
  room.nowMs += 60_000;
  room.talk(1, 1_000);
  room.nowMs += 120_000;
  room.replay.setAway(false, room.nowMs);
  assert.deepEqual(room.of("missed"), [{ type: "missed", names: ["Ada"], lastsMs: 1_300 }]);
  room.talk(2, 1_000);
  await room.replay.start("missed", room.nowMs);
  assert.deepEqual(room.reports.at(-1).replay.talkers, ["Ada"]);
});

test("who talks by a button is offered it too, everybody else is not, and a cough is no offer", () => {
  for (const [button, ms, offers] of [[true, 1_000, 1], [false, 1_000, 0], [true, 300, 0]]) {
    const room = new Room();
    room.replay.talksByButton = button;
    room.replay.setAway(true, room.nowMs);
    room.talk(1, ms);
    room.replay.setAway(false, room.nowMs);
    assert.equal(room.of("missed").length, offers);
  }
});

test("a device that stopped the sound for a while has missed what was said meanwhile", () => {
  const room = new Room();
  room.replay.talksByButton = true;
  room.replay.onPlaying(0, room.nowMs);
  room.talk(1, 1_500);
  room.replay.onPlaying(0, room.nowMs);
  assert.equal(room.of("missed").length, 0);
  room.talk(2, 4_000);
  room.replay.onPlaying(0, room.nowMs);
  assert.deepEqual(room.of("missed").map(({ names }) => names), [["Ben"]]);
});
