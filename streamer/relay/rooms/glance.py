"""A room at one glance, for the person at the relay: how many people, who talks, and whose voice comes latest."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from streamer.relay.rooms.member import Member

TALKS_US: Final = 1_200_000
"""A talker tells its clock every half second; two messages in a row may come late."""


@dataclass(frozen=True, slots=True)
class Glance:
    """`slowest` is a talker, and how old in ms its voice is when it arrives here; None where nobody talks."""

    people: int = 0
    elsewhere: int = 0
    """People in other rooms of this relay."""
    talkers: tuple[str, ...] = ()
    slowest: tuple[str, float] | None = None
    locked: bool = False
    knocks: tuple[str, ...] = ()


def talking(members: Sequence[Member], now_us: int) -> list[tuple[str, float]]:
    """Who talks at `now_us` of the relay's clock, in the order of joining, each with the age of its voice in ms."""
    found = []
    for member in members:
        clock = member.last_clock
        if clock and now_us - clock["received_us"] < TALKS_US:
            found.append((member.name, max(0.0, (clock["received_us"] - clock["server_us"]) / 1000)))
    return found
