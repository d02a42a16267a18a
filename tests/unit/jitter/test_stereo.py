"""Stereo through the jitter buffer: on any network left and right stay apart, and in time with each other."""

from collections.abc import Callable

import network_traces
import numpy as np
import pytest
from jitter_cases import PACKET, Packet, in_order, mistreated
from numpy.typing import NDArray
from sound import speech

from streamer.jitter.jitter_buffer import JitterBuffer

BLOCK = 128
Sound = NDArray[np.float32]

NETWORKS: dict[str, Callable[[], list[Packet]]] = {
    "clean": lambda: in_order(network_traces.clean(1, 8000)),
    "stalls": lambda: in_order(network_traces.stalls(300)(2, 20_000)),
    "lost and out of order": lambda: mistreated(in_order(network_traces.busy_wifi(3, 8000)), 9),
}


class Panned:
    """Decodes the next 10 ms of speech, `right` as loud on the right as on the left; conceals by what
    follows."""

    side: Sound | None = None

    def __init__(self, right: float) -> None:
        self._said, self._at = np.tile(speech(), 4), 0
        self._right = np.float32(right)

    def decode(self, payload: bytes) -> Sound:
        return self.conceal(PACKET)

    def conceal(self, n_samples: int) -> Sound:
        left = self._said[self._at : self._at + n_samples]
        self._at += n_samples
        self.side = (left - self._right * left) / 2
        return (left + self._right * left) / 2


def heard(packets: list[Packet], right: float) -> tuple[Sound, Sound, JitterBuffer]:
    """The left and right ear's sound."""
    buffer = JitterBuffer(Panned(right))
    mid, side = (np.zeros((int(packets[-1][3] * 48) // BLOCK, BLOCK), np.float32) for _ in range(2))
    number = 0
    for at in range(len(mid)):
        now_ms = at * BLOCK / 48
        while number < len(packets) and packets[number][3] <= now_ms:
            seq, timestamp, _, ms, talkspurt = packets[number]
            buffer.push(seq, timestamp, b"x", ms, talkspurt)
            number += 1
        buffer.pop_into(mid[at], now_ms, side[at])
    return (mid + side).ravel(), (mid - side).ravel(), buffer


@pytest.mark.parametrize("network", NETWORKS)
def test_left_and_right_stay_in_time_with_each_other(network: str) -> None:
    left, right, buffer = heard(NETWORKS[network](), 0.5)
    assert np.abs(left).max() > 0.1
    np.testing.assert_allclose(right, 0.5 * left, atol=1e-6)
    if network != "clean":
        counted = buffer.statistics
        assert counted["accelerated_ms"] + counted["expanded_ms"] > 20
        assert counted["concealed_ms"] > 100


@pytest.mark.parametrize("network", NETWORKS)
def test_what_is_on_the_left_alone_is_not_heard_on_the_right(network: str) -> None:
    left, right, _ = heard(NETWORKS[network](), 0)
    assert np.abs(right).max() < 1e-3 * np.abs(left).max()


def test_the_delay_comes_back_where_one_channel_is_the_others_inverse() -> None:
    left, right, buffer = heard(NETWORKS["stalls"](), -1)
    assert np.abs(left).max() > 0.1
    np.testing.assert_allclose(right, -left, atol=1e-6)
    assert buffer.statistics["accelerated_ms"] > 100


def test_somebody_who_wants_one_plane_hears_the_mean_of_both() -> None:
    buffer, both = JitterBuffer(Panned(0.5)), JitterBuffer(Panned(0.5))
    mid, side = np.zeros(BLOCK, np.float32), np.zeros(BLOCK, np.float32)
    for number in range(50):
        for each in (buffer, both):
            each.push(number, number * PACKET, b"x", number * 10.0)
        both.pop_into(mid, number * 10.0, side)
        np.testing.assert_array_equal(buffer.pop(BLOCK, number * 10.0), mid)
