"""What the jitter buffer decides of a situation, by the policy alone."""

from typing import TYPE_CHECKING, Any, Final, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streamer.jitter.policy import Operation, asks_for_quiet, decided

if TYPE_CHECKING:
    from streamer.jitter.policy import Situation

CEILING_MS: Final = 250.0
RESERVE_MS: Final = 3.0
FLOOR_MS: Final = 8.0
SITUATIONS: Final = st.fixed_dictionaries(
    {
        "is_playing": st.booleans(),
        "may_splice": st.booleans(),
        "delay_ms": st.floats(-300, 600),
        "network_ms": st.floats(0, 300),
        "usual_ms": st.floats(0, 300),
        "ahead": st.integers(0, 4_800),
        "waiting": st.integers(0, 3),
        "gap": st.integers(-480, 9_600),
        "follows": st.booleans(),
        "is_concealing": st.booleans(),
        "has_faded": st.booleans(),
    }
)
OVERDUE: Final = {
    "is_playing": True,
    "may_splice": True,
    "delay_ms": 20.0,
    "network_ms": 18.0,
    "usual_ms": 12.0,
    "ahead": 240,
    "waiting": 0,
    "gap": 0,
    "follows": False,
    "is_concealing": False,
    "has_faded": False,
}


def situation(fields: dict[str, Any], is_quiet: bool) -> "Situation":
    target_ms = min(max(fields["network_ms"] + RESERVE_MS, FLOOR_MS), CEILING_MS)
    return cast("Situation", {**fields, "target_ms": target_ms, "is_quiet": is_quiet})


@given(SITUATIONS)
@example(OVERDUE)
def test_it_matters_whether_it_is_quiet_only_where_the_policy_asks_for_it(fields: dict[str, Any]) -> None:
    quiet, loud = (situation(fields, is_quiet) for is_quiet in (True, False))
    assert asks_for_quiet(quiet) == asks_for_quiet(loud)
    assert asks_for_quiet(loud) or decided(quiet) == decided(loud)


def test_where_nothing_is_here_it_matters() -> None:
    assert asks_for_quiet(situation({**OVERDUE, "may_splice": False}, True))


def test_while_a_packet_is_later_than_usual_sound_is_lengthened() -> None:
    assert decided(situation(OVERDUE, False))["operation"] == Operation.EXPAND
    assert decided(situation({**OVERDUE, "usual_ms": 16.0}, False))["operation"] == Operation.NORMAL


@given(SITUATIONS, st.sampled_from([1.0, 0.5, 0.0]))
@example({**OVERDUE, "delay_ms": 26.1}, 1.0)
@example({**OVERDUE, "delay_ms": 18.9}, 1.0)
@example({**OVERDUE, "delay_ms": 17.0}, 1.0)
def test_no_splice_leads_back_to_where_its_opposite_is_asked_for(
    fields: dict[str, Any], share: float
) -> None:
    """A cut ends where no repeat is asked for; a repeat ends where no cut is, or one that leads to where no
    repeat is.

    Of what the sound allows, `share` is between what is wanted and the longest.
    """
    before = situation({**fields, "is_playing": True, "may_splice": True, "usual_ms": 300.0}, False)
    operation, after = spliced(before, share)
    if operation == Operation.ACCELERATE:
        assert decided(after)["operation"] != Operation.EXPAND or only_in_a_pause(after)
    if operation == Operation.EXPAND and decided(after)["operation"] == Operation.ACCELERATE:
        cut = spliced(after, share)[1]
        assert decided(cut)["operation"] != Operation.EXPAND or only_in_a_pause(cut)


def spliced(before: "Situation", share: float) -> "tuple[Operation, Situation]":
    decision = decided(before)
    sign = {Operation.ACCELERATE: -1, Operation.EXPAND: 1}.get(decision["operation"], 0)
    samples = share * decision["longest"] + (1 - share) * decision["samples"]
    return decision["operation"], cast(
        "Situation", {**before, "delay_ms": before["delay_ms"] + sign * samples / 48}
    )


def only_in_a_pause(now: "Situation") -> bool:
    return decided(now)["longest"] == 0


def test_where_it_is_quiet_a_splice_ends_on_target() -> None:
    for delay_ms in (18.0, 18.5, 23.0, 26.5, 30.0):
        decision = decided(situation({**OVERDUE, "delay_ms": delay_ms, "usual_ms": 300.0}, True))
        assert decision["samples"] / 48 == pytest.approx(abs(delay_ms - 21), abs=0.03)
