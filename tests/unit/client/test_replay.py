"""What was heard lately, once more: what is kept and for how long, and what it sounds like."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pytest
from relay_fixture import PATIENCE_S, open_relay
from sound import tone, tone_dbfs

import streamer
from streamer.audio_format import SAMPLE_RATE, SAMPLES_PER_FRAME
from streamer.client.audio.codec import Encoder
from streamer.client.audio.samples import Samples
from streamer.client.mixer import Mixer
from streamer.client.replay.mix import ReplayMix, passages_of
from streamer.client.replay.replay import Replay
from streamer.client.replay.store import (
    MOST_BYTES,
    MOST_BYTES_OF_TALKER,
    MOST_TRACKS,
    PACKET_OVERHEAD_BYTES,
    KeptPacket,
    ReplayStore,
    Said,
)
from streamer.client.replay.time_stretch import TimeStretch
from streamer.wire.packet import ENCRYPTED, Packet

CASES = json.loads((Path(__file__).parents[2] / "vectors/replay.json").read_text(encoding="utf-8"))["cases"]


def keep(
    store: ReplayStore,
    talker_id: int,
    name: str,
    at_ms: float,
    timestamp: int,
    duration: int,
    size: int,
    starts: bool,
) -> None:
    packet = Packet(seq=0, timestamp=timestamp, payload=bytes(size), talker_id=talker_id, duration=duration)
    store.keep(name, packet, at_ms, starts=starts)


STEPS: dict[str, Callable[..., Any]] = {
    "keep": keep,
    "renew": lambda store, talker_id: store.renew(talker_id),
    "renew_all": lambda store: store.renew_all(),
    "leave_out": lambda store, talker_ids, names: store.leave_out(talker_ids, names),
    "keep_ms": lambda store, ms: setattr(store, "keep_ms", ms),
    "expire": lambda store, ms: store.expire(ms),
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_store_keeps_what_the_page_s_keeps(case: dict[str, Any]) -> None:
    store = ReplayStore()
    for step, *values in case["steps"]:
        STEPS[step](store, *values)
    said = store.said(case["from_ms"], case["to_ms"])
    kept = [[each.name, [[p.start_ms, p.lasts_ms, len(p.payload)] for p in each.packets]] for each in said]
    assert kept == case["said"]


def test_one_who_floods_loses_what_is_their_own_and_nobody_makes_it_grow() -> None:
    store = ReplayStore()
    keep(store, 1, "Ada", 0, 0, 4, 80, True)
    for number in range(1, 3_000):
        for flooder in (2, 3, 4):
            keep(store, flooder, f"Mallory {flooder}", number, number * 120, 1, 1_488, False)
        assert store.bytes <= MOST_BYTES
    assert [each.name for each in store.said(0, 60_000)] == ["Ada", "Mallory 2", "Mallory 3", "Mallory 4"]


def test_the_shortest_packets_count_with_what_it_takes_to_keep_them() -> None:
    store = ReplayStore()
    for number in range(10_000):
        keep(store, 1, "Mallory", number / 10, number * 120, 1, 1, number == 0)
    assert store.bytes <= MOST_BYTES_OF_TALKER
    (said,) = store.said(-1e9, 1e9)
    assert len(said.packets) <= MOST_BYTES_OF_TALKER / PACKET_OVERHEAD_BYTES


def test_a_relay_that_invents_talkers_gets_no_more_tracks() -> None:
    store = ReplayStore()
    for number in range(1, 1_000):
        keep(store, number, f"Nobody {number}", number, 0, 4, 80, True)
    assert len(store.said(0, 2_000)) == MOST_TRACKS


def spoken(name: str, start_ms: float, samples: Samples) -> Said:
    encoder = Encoder()
    frames = np.split(samples, len(samples) // SAMPLES_PER_FRAME)
    payloads = (encoder.encode(frame) for frame in frames)
    return Said(
        name, [KeptPacket(start_ms + 10 * number, 10.0, each) for number, each in enumerate(payloads)]
    )


def test_voices_are_at_their_places_and_a_long_pause_is_shortened() -> None:
    said = [
        spoken("Ada", 0, tone(440, 0.5)),
        spoken("Ben", 500, tone(880, 0.5)),
        spoken("Ada", 20_000, tone(1_320, 0.5)),
        spoken("Cleo", 0, tone(1_760, 2.0)),
    ]
    assert [(each.from_ms, each.to_ms) for each in passages_of(said)] == [(0, 2_300), (20_000, 20_800)]
    mix = ReplayMix(said, lambda name: 0.0 if name == "Cleo" else 1.0)
    assert mix.left_ms == pytest.approx(3_100)
    whole = np.concatenate([mix.read(size) for size in (1, 20_000, 7, 60_000, 70_000)], axis=1)[0]
    assert mix.left_ms == 0
    second, after = 48 * 500, 48 * 2_300
    first = whole[4_800 : second - 4_800]
    assert tone_dbfs(first, 440) > tone_dbfs(first, 880) + 20
    assert tone_dbfs(whole[second + 4_800 : 2 * second - 4_800], 880) > -24
    assert tone_dbfs(whole[after + 4_800 : after + second], 1_320) > -24
    assert tone_dbfs(first, 1_760) < -40, "muted for this listener"
    assert np.abs(whole[48 * 3_100 :]).max() == 0


def test_at_normal_speed_a_stretch_changes_nothing() -> None:
    source = np.random.default_rng(1).standard_normal((2, 100_000)).astype(np.float32)
    stretch = TimeStretch(reader(source))
    made = np.concatenate([stretch.next() for _ in range(30)], axis=1)
    assert np.allclose(made, source[:, : made.shape[1]], atol=1e-6)


@pytest.mark.parametrize("speed", [1.5, 2.0])
def test_a_faster_replay_takes_more_at_the_same_pitch_and_as_loud(speed: float) -> None:
    source = np.stack([tone(220, 10), tone(220, 10) / 2])
    read = reader(source)
    stretch = TimeStretch(read, speed)
    made = np.concatenate([stretch.next() for _ in range(60)], axis=1)
    assert read.taken / made.shape[1] == pytest.approx(speed, rel=0.05)
    crossings = np.count_nonzero((made[0, :-1] < 0) & (made[0, 1:] >= 0))
    assert crossings * SAMPLE_RATE / made.shape[1] == pytest.approx(220, abs=3)
    assert np.square(made[0]).mean() == pytest.approx(np.square(source[0]).mean(), rel=0.05)
    assert np.allclose(made[1], made[0] / 2, atol=1e-6)


class Reader:
    def __init__(self, source: Samples) -> None:
        self._source = source
        self.taken = 0

    def __call__(self, count: int) -> Samples:
        self.taken += count
        return self._source[:, self.taken - count : self.taken]


def reader(source: Samples) -> Reader:
    return Reader(source)


def kept_replay(samples: Samples, flags: int = 0) -> tuple[Replay, float]:
    """With one talker who said this, and the time at which that ends, in s."""
    replay, encoder = Replay(lambda name: 1.0), Encoder()
    for number, frame in enumerate(np.split(samples, len(samples) // SAMPLES_PER_FRAME)):
        packet = Packet(number, number * 480, encoder.encode(frame), talker_id=1, flags=flags)
        replay.on_packet(packet, "Ada", number / 100)
    return replay, len(samples) / SAMPLE_RATE


def test_a_replay_is_mixed_and_ends_and_the_live_voices_come_back() -> None:
    replay, now = kept_replay(tone(440, 1.0))
    mixer = Mixer(replay)
    assert replay.start(1.0, now) == ("Ada",)
    heard = np.concatenate([mixer.pop(500, 0.0) for _ in range(96)])
    assert tone_dbfs(heard[4_800:40_000], 440) > -24
    live = np.full(2_000, 0.5, np.float32)
    replay.add_to(live)
    while replay.is_playing:
        mixer.pop(500, 0.0)
    live = np.full(2_000, 0.5, np.float32)
    replay.add_to(live)
    assert live[-1] == 0.5


def test_while_it_plays_live_voices_are_lowered_and_stopping_ends_it_at_once() -> None:
    replay, now = kept_replay(np.zeros(SAMPLE_RATE, np.float32))
    replay.start(1.0, now)
    live = np.full(2_000, 0.5, np.float32)
    replay.add_to(live)
    assert live[-1] == pytest.approx(0.25, abs=0.01)
    assert np.abs(np.diff(live)).max() < 0.002, "a click"
    replay.stop()
    live = np.full(2_000, 0.5, np.float32)
    replay.add_to(live)
    assert live[-1] == 0.5


def test_who_is_left_out_of_recordings_is_in_no_replay_and_what_is_encrypted_is_not_kept() -> None:
    replay, now = kept_replay(tone(440, 1.0))
    replay.start(1.0, now)
    replay.leave_out([1], ["Ada"])
    assert not replay.is_playing
    assert replay.start(1.0, now) == ()
    encrypted, now = kept_replay(tone(440, 1.0), ENCRYPTED)
    assert encrypted.start(1.0, now) == ()


@pytest.mark.parametrize("speed", [0.5, 2.5, float("nan")])
def test_a_speed_that_nobody_follows_is_refused(speed: float) -> None:
    with pytest.raises(ValueError, match="1 to 2 times as fast"):
        Replay(lambda name: 1.0).start(speed, 0.0)


async def test_a_program_hears_again_what_somebody_said_and_the_room_hears_nothing_of_it() -> None:
    async with (
        open_relay() as url, streamer.join(url, name="Listener") as room,
        streamer.join(url, name="Ada") as ada,
        streamer.join(url, name="Third") as third,
    ):
        ear, plain, packets = room.ear(keeps_replay=True), room.ear(), third.packets()
        assert ear.replay() == ()
        await ada.say(tone(440, 1.0))
        async with asyncio.timeout(PATIENCE_S):
            while not ear.replay():
                await asyncio.sleep(0.01)
            while ear.replay() and tone_dbfs(popped(ear, 0.8), 440) < -24:
                await asyncio.sleep(0.1)
        assert ear.replay(2.0) == ("Ada",)
        assert ear.is_replaying
        assert tone_dbfs(popped(ear, 0.3), 440) > -24
        assert tone_dbfs(popped(plain, 0.3), 440) < -40, "another ear"
        ear.stop_replay()
        assert not ear.is_replaying
        with pytest.raises(ValueError, match="keeps_replay"):
            plain.replay()
        stopped = perf_counter()
        await ada.say(tone(440, 0.5))
        async with asyncio.timeout(PATIENCE_S):
            while (received := await anext(packets)).arrived_s < stopped:
                assert received.member.name == "Ada"


def popped(ear: Any, seconds: float) -> Samples:
    """What plays later than everything that is live."""
    later = perf_counter() + 10
    return np.concatenate([ear.pop(480, later + number / 100) for number in range(round(seconds * 100))])
