"""The jitter buffer against seeded networks, shared cases, and any order of arrivals."""

import json
from itertools import pairwise
from typing import Any

import network_traces
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jitter_cases import LOOK_EVERY, PACKET, VECTORS, run
from numpy.typing import NDArray
from sound import speech

from streamer.jitter.jitter_buffer import JitterBuffer

CASES = json.loads(VECTORS.read_text(encoding="utf-8"))["jitter"]
BLOCK = 240
BLOCK_MS = BLOCK / 48


class Quiet:
    """Notes the number of each packet that it decodes into silence."""

    side = None

    def __init__(self) -> None:
        self.decoded: list[int] = []

    def decode(self, payload: bytes) -> NDArray[np.float32]:
        self.decoded.append(int.from_bytes(payload, "big"))
        return np.zeros(PACKET, np.float32)

    def conceal(self, n_samples: int) -> NDArray[np.float32]:
        return np.zeros(n_samples, np.float32)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_desktop_decides_as_the_shared_case_says(case: dict[str, Any]) -> None:
    result = run(case["block"], case["packets"], case["stereo"])
    assert result["operations"] == case["operations"]
    assert result["timestamps"] == case["timestamps"]
    assert result["statistics"] == pytest.approx(case["statistics"])
    assert len(result["samples"]) == len(case["operations"]) // LOOK_EVERY


def delays_ms(trace: network_traces.Trace) -> tuple[NDArray[np.float64], JitterBuffer]:
    """After each pop, the buffer's delay over the highest target of the last 1.5 s: so long it may take to
    follow."""
    buffer = JitterBuffer(Quiet())
    arrivals = trace.arrival_ms
    delays, targets, number = [], [], 0
    for now_ms in np.arange(0, arrivals[-1], BLOCK_MS):
        while number < len(arrivals) and arrivals[number] <= now_ms:
            buffer.push(number % 2**16, number * PACKET % 2**32, b"x", float(arrivals[number]))
            number += 1
        buffer.pop(BLOCK, float(now_ms))
        delays.append(buffer.delay_ms)
        targets.append(buffer.target_ms)
    follows = int(1_500 / BLOCK_MS)
    return np.array(
        [ms - max(targets[max(at - follows, 0) : at + 1]) for at, ms in enumerate(delays)]
    ), buffer


@pytest.mark.parametrize(("stall_ms", "within_ms"), [(300, 1_500), (1_000, 3_000)])
def test_after_every_stall_the_delay_comes_back(stall_ms: float, within_ms: float) -> None:
    trace = network_traces.stalls(stall_ms)(1, 60_000)
    excess, _ = delays_ms(trace)
    for end_ms in trace.stall_ends_ms[:-1]:
        settled = excess[int((end_ms + within_ms) / BLOCK_MS) : int((end_ms + within_ms + 500) / BLOCK_MS)]
        assert np.max(settled) <= 10, f"{np.max(settled):.0f} ms over the target {within_ms} ms after a stall"


@pytest.mark.parametrize("block", [128, 441, 480, 720, 960, 1_024])
@pytest.mark.parametrize("jitter_ms", [1, 4, 8, 15])
def test_in_quiet_no_cut_and_no_repeat_undo_each_other(block: int, jitter_ms: int) -> None:
    dice, buffer, splices = np.random.default_rng(3), JitterBuffer(Quiet()), 0
    arrivals = np.sort(np.arange(1_500) * 10.0 + 4.3 + dice.random(1_500) * jitter_ms)
    number, settled_ms = 0, 5_000.0
    for now_ms in np.arange(0.0, arrivals[-1], block / 48):
        while number < len(arrivals) and arrivals[number] <= now_ms:
            buffer.push(number, number * PACKET, b"x", float(arrivals[number]))
            number += 1
        before = buffer.statistics
        buffer.pop(block, float(now_ms))
        after = buffer.statistics
        if now_ms > settled_ms:
            splices += after["accelerated_ms"] > before["accelerated_ms"]
            splices += after["expanded_ms"] > before["expanded_ms"]
    assert splices <= 2 * (arrivals[-1] - settled_ms) / 1_000, "one of each a second, at most"


def test_on_a_clean_link_nothing_is_concealed_and_the_target_is_at_its_floor() -> None:
    _, buffer = delays_ms(network_traces.clean(1, 10_000))
    assert buffer.target_ms == pytest.approx(10, abs=1)
    assert buffer.statistics["concealed_ms"] == 0


class Speech(Quiet):
    """Decodes each packet into the next 10 ms of speech."""

    def __init__(self) -> None:
        super().__init__()
        said = speech()
        self._said = said[: len(said) // PACKET * PACKET].reshape(-1, PACKET)

    def decode(self, payload: bytes) -> NDArray[np.float32]:
        super().decode(payload)
        return self._said[len(self.decoded) % len(self._said)]


@pytest.mark.parametrize("block", [128, 240])
@pytest.mark.parametrize("ppm", [-300, 300])
def test_in_an_hour_of_drift_nothing_runs_dry_and_the_delay_stays(ppm: float, block: int) -> None:
    hour_ms = 3_600_000
    trace = network_traces.through_link("drift", np.random.default_rng(1), hour_ms, 0.2, [], ppm)
    arrivals = trace.arrival_ms.tolist()
    buffer, samples = JitterBuffer(Speech()), np.zeros(block, np.float32)
    number, now_ms, early_underruns, farthest_ms = 0, 0.0, 0, 0.0
    while now_ms < arrivals[-2]:
        while arrivals[number] <= now_ms:
            buffer.push(number % 2**16, number * PACKET % 2**32, b"x", arrivals[number])
            number += 1
        buffer.pop_into(samples, now_ms)
        now_ms += block / 48
        if now_ms < 5_000:  # a new talker starts far above, and comes down in one step after 2 s
            early_underruns = buffer.statistics["underruns"]
        else:
            farthest_ms = max(farthest_ms, abs(buffer.delay_ms - buffer.target_ms))
    assert buffer.statistics["underruns"] == early_underruns
    assert farthest_ms <= 10


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 60), st.floats(0, 400)), max_size=80),
    st.sampled_from([64, 128, 240, 480]),
)
def test_any_order_of_arrivals_plays_in_order_once_and_stays_bounded(
    arrivals: list[tuple[int, float]], block: int
) -> None:
    decoder = Quiet()
    buffer = JitterBuffer(decoder)
    arrivals = sorted(arrivals, key=lambda arrival: arrival[1])
    at = 0
    for now_ms in np.arange(0, 1_200, block / 48):
        while at < len(arrivals) and arrivals[at][1] <= now_ms:
            number, when_ms = arrivals[at]
            buffer.push(number, number * PACKET, number.to_bytes(4, "big"), when_ms)
            at += 1
        assert np.isfinite(buffer.pop(block, float(now_ms))).all()
        assert buffer.level_ms <= 700
    assert all(later > earlier for earlier, later in pairwise(decoder.decoded))
    assert buffer.statistics["received"] == len(arrivals)
