"""A room at one glance, for the person at the relay: how many people, who talks, and whose voice comes
latest."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from streamer.relay.rooms.member import Member
from streamer.relay.rooms.talking import is_talking

FRESH_US: Final = 1_200_000
"""A talker tells its clock every half second; two messages in a row may come late."""


@dataclass(frozen=True, slots=True)
class Glance:
    """`slowest` is a talker, and how old in ms its voice is when it arrives here; None where that is not
    known."""

    people: int = 0
    elsewhere: int = 0
    """People in other rooms of this relay."""
    talkers: tuple[str, ...] = ()
    slowest: tuple[str, float] | None = None
    locked: bool = False
    knocks: tuple[str, ...] = ()


def talking(members: Sequence[Member], now_us: int) -> list[tuple[str, float | None]]:
    """Who talks at `now_us` of the relay's clock, in the order of joining, each with the age of its voice in
    ms.

    None where a talker has not told its clock lately: an announcement has none.
    """
    return [(member.name, _age_ms(member, now_us)) for member in members if is_talking(member, now_us)]


def slowest(talkers: Sequence[tuple[str, float | None]]) -> tuple[str, float] | None:
    return max(
        ((name, age) for name, age in talkers if age is not None), key=lambda each: each[1], default=None
    )


def _age_ms(member: Member, now_us: int) -> float | None:
    clock = member.last_clock
    if not clock or now_us - clock["received_us"] >= FRESH_US:
        return None
    return max(0.0, (clock["received_us"] - clock["server_us"]) / 1000)
