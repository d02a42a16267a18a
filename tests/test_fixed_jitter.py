"""A jitter buffer's test is a list of (now, packet): no clock runs here."""

import random

import numpy as np
import pytest

from streamer.client.codec import Encoder
from streamer.client.fixed_jitter import FixedJitterBuffer
from streamer.client.samples import Samples

FRAME = 480
BLOCK_S = 0.005
WRAP = 2**32


class Ramp:
    """In place of a codec: each payload names its frame, so that every sample played tells which one it was."""

    def decode(self, payload: bytes) -> Samples:
        start = int.from_bytes(payload, "big") * FRAME + 1
        return np.arange(start, start + FRAME, dtype=np.float32)

    def conceal(self, n_samples: int) -> Samples:
        return np.full(n_samples, -1, dtype=np.float32)


def buffer() -> FixedJitterBuffer:
    return FixedJitterBuffer(Ramp())  # type: ignore[arg-type]


def play(
    arrivals: list[tuple[float, int]], seconds: float, *, base: int = 0, jitter_buffer: FixedJitterBuffer | None = None
) -> Samples:
    """What is played, 240 samples at a time, when frame `number` arrives at `now` for each of `arrivals`."""
    jitter_buffer = jitter_buffer or buffer()
    waiting, played = sorted(arrivals, key=lambda arrival: arrival[0]), []
    for tick in range(round(seconds / BLOCK_S)):
        now = tick * BLOCK_S
        while waiting and waiting[0][0] <= now:
            at, number = waiting.pop(0)
            timestamp = (base + number * FRAME) % WRAP
            jitter_buffer.push(number % 2**16, timestamp, number.to_bytes(4, "big"), at)
        played.append(jitter_buffer.pop(FRAME // 2, now))
    return np.concatenate(played)


def on_time(count: int, start: int = 0) -> list[tuple[float, int]]:
    return [(number * 0.01, number) for number in range(start, start + count)]


def delay_ms(played: Samples, number: int) -> float:
    """How long after its arrival on time the frame `number` was played."""
    return (int(np.flatnonzero(played == number * FRAME + 1)[0]) - number * FRAME) / 48


def test_on_a_clean_link_every_sample_is_played_once_and_in_order_after_the_delay() -> None:
    played = play(on_time(100), 1.04)
    heard = played[played != 0]
    assert np.array_equal(heard[: 90 * FRAME], np.arange(1, 90 * FRAME + 1))
    assert delay_ms(played, 0) in (30.0, 35.0, 40.0)


def test_a_lost_packet_is_concealed_and_nothing_else_moves() -> None:
    played = play([arrival for arrival in on_time(50) if arrival[1] != 20], 0.5)
    assert np.count_nonzero(played == -1) == FRAME
    assert delay_ms(played, 40) == delay_ms(played, 10)


def test_packets_that_overtook_each_other_are_played_in_order() -> None:
    arrivals = [(now + (0.015 if number % 3 == 0 else 0), number) for now, number in on_time(50)]
    heard = play(arrivals, 0.5)
    assert np.all(np.diff(heard[heard != 0]) == 1)


def test_duplicates_are_counted_and_played_once() -> None:
    jitter_buffer = buffer()
    heard = play(on_time(50) + on_time(50), 0.5, jitter_buffer=jitter_buffer)
    assert np.all(np.diff(heard[heard != 0]) == 1)
    assert jitter_buffer.duplicate == 50


@pytest.mark.parametrize("stall_s", [0.15, 0.3, 1.0])
def test_after_a_stall_and_its_burst_the_delay_is_what_it_was(stall_s: float) -> None:
    arrivals = [(max(now, 1 + stall_s) if now >= 1 else now, number) for now, number in on_time(400)]
    played = play(arrivals, 4)
    assert abs(delay_ms(played, 350) - delay_ms(played, 50)) <= 10


def test_the_delay_does_not_grow_over_a_series_of_stalls() -> None:
    arrivals = [(max(now, int(now) + 0.2), number) for now, number in on_time(1_000)]
    jitter_buffer = buffer()
    played = play(arrivals, 10, jitter_buffer=jitter_buffer)
    assert delay_ms(played, 990) <= 85
    assert jitter_buffer.level_ms <= 90


def test_the_packet_after_a_pause_is_played_after_the_usual_delay() -> None:
    arrivals = [arrival for arrival in on_time(600) if not 100 <= arrival[1] < 500]
    played = play(arrivals, 6)
    assert delay_ms(played, 500) in (30.0, 35.0, 40.0, 45.0)
    assert np.count_nonzero(played == 500 * FRAME + 1) == 1


def test_one_packet_alone_is_heard() -> None:
    assert np.count_nonzero(play([(0.0, 3)], 0.2) == 3 * FRAME + 1) == 1


def test_timestamps_wrap_without_a_sound() -> None:
    played = play(on_time(100), 1, base=WRAP - 50 * FRAME)
    heard = played[played != 0]
    assert np.all(np.diff(heard) == 1)


@pytest.mark.parametrize("base", [WRAP // 2, 1_000_000, -5_000_000])
def test_a_talker_whose_clock_began_anew_is_heard_again(base: int) -> None:
    jitter_buffer = buffer()
    play(on_time(100), 1, jitter_buffer=jitter_buffer)
    heard = play(on_time(100), 1, base=base % WRAP, jitter_buffer=jitter_buffer)
    assert np.count_nonzero(heard == 60 * FRAME + 1) == 1


def test_any_order_of_arrivals_is_survived_within_bounds() -> None:
    for seed in range(30):
        dice = random.Random(seed)
        arrivals = [(dice.random() * 2, dice.choice([dice.randrange(200), dice.randrange(2**31)])) for _ in range(400)]
        jitter_buffer = buffer()
        heard = play(arrivals, 2.5, jitter_buffer=jitter_buffer)
        assert len(heard) == 2.5 * 48_000
        assert jitter_buffer.level_ms <= 100


def test_real_payloads_of_another_duration_are_played_whole() -> None:
    from streamer.client.codec import Decoder

    encoder, jitter_buffer = Encoder(frame_samples=960), FixedJitterBuffer(Decoder())
    tone = (np.sin(np.arange(960 * 20) * 0.1) * 0.5).astype(np.float32)
    for number, frame in enumerate(tone.reshape(-1, 960)[:4]):
        jitter_buffer.push(number, number * 960, encoder.encode(frame), 0.0)
    heard = jitter_buffer.pop(960 * 4, 0.05)
    assert np.sqrt(np.mean(heard[960:] ** 2)) == pytest.approx(0.35, abs=0.05)
