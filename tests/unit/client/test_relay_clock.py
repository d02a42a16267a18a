"""The relay's clock from pings; the cases of vectors/clock.json know the truth, and relay_clock.test.js reads
them too."""

import json
from pathlib import Path
from typing import Any

import pytest

from streamer.client.delay.relay_clock import WINDOW, RelayClock

CASES = json.loads((Path(__file__).parents[2] / "vectors/clock.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_relay_s_clock_is_known_as_well_as_said(case: dict[str, Any]) -> None:
    clock = RelayClock()
    for pong in case["pongs"]:
        clock.pong(*pong)
    told, error = clock.relay_us(case["at"]), clock.error_us(case["at"])
    if case["relay_us"] is None:
        assert (told, error, clock.round_trip_us) == (None, None, None)
    else:
        assert told is not None
        assert error is not None
        assert abs(told - case["relay_us"]) <= min(case["within_us"], error)
    assert clock.jumps == case["jumps"]


@pytest.mark.parametrize(
    "case", [case for case in CASES if "drift_ppm" in case], ids=lambda case: case["name"]
)
def test_drift_is_known_after_half_a_minute_and_not_before(case: dict[str, Any]) -> None:
    clock = RelayClock()
    for pong in case["pongs"]:
        clock.pong(*pong)
    if case["drift_ppm"] is None:
        assert clock.drift_ppm is None
    else:
        assert clock.drift_ppm == pytest.approx(case["drift_ppm"], abs=case["drift_within_ppm"])


def test_an_old_ping_counts_no_more() -> None:
    clock = RelayClock()
    clock.pong(0, 100, 100, 0)
    for at in range(1, WINDOW + 1):
        clock.pong(at * 1_000, at * 1_000 + 505, at * 1_000 + 505, at * 1_000 + 10)
    assert clock.relay_us(0) == 500


def test_a_jump_backwards_is_followed_from_the_next_pong_on() -> None:
    clock = RelayClock()
    clock.pong(1_000, 2_000, 2_000, 3_000)
    clock.pong(5_000, 9_000, 9_000, 4_000)
    assert clock.relay_us(0) is None
    clock.pong(6_000, 10_000, 10_000, 8_000)
    assert clock.relay_us(0) == 3_000
