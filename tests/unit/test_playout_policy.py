"""What the jitter buffer decides of a situation, by the policy alone."""

from typing import TYPE_CHECKING, Any, Final, cast

from hypothesis import example, given
from hypothesis import strategies as st

from streamer.jitter.policy import asks_for_quiet, decided

if TYPE_CHECKING:
    from streamer.jitter.policy import Situation

CEILING_MS: Final = 250.0
SITUATIONS: Final = st.fixed_dictionaries(
    {
        "is_playing": st.booleans(),
        "may_splice": st.booleans(),
        "delay_ms": st.floats(-300, 600),
        "network_ms": st.floats(0, 300),
        "floor_ms": st.floats(0, 50),
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
    "floor_ms": 10.0,
    "ahead": 240,
    "waiting": 0,
    "gap": 0,
    "follows": False,
    "is_concealing": False,
    "has_faded": False,
}


@given(SITUATIONS)
@example(OVERDUE)
def test_it_matters_whether_it_is_quiet_only_where_the_policy_asks_for_it(fields: dict[str, Any]) -> None:
    target_ms = min(max(fields["network_ms"], fields["floor_ms"]), CEILING_MS)
    quiet, loud = (
        cast("Situation", {**fields, "target_ms": target_ms, "is_quiet": is_quiet}) for is_quiet in (True, False)
    )
    assert asks_for_quiet(quiet) == asks_for_quiet(loud)
    assert asks_for_quiet(loud) or decided(quiet) == decided(loud)


def test_of_a_packet_that_is_overdue_it_matters() -> None:
    assert asks_for_quiet(cast("Situation", {**OVERDUE, "target_ms": 18.0, "is_quiet": True}))
