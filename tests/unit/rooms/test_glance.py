"""What the person at the relay sees of a room at one glance: who talks, and whose voice comes latest."""

from types import SimpleNamespace
from typing import Any

from streamer.relay.rooms.glance import slowest, talking

NOW_US = 60_000_000


def member(name: str, voiced_ms_ago: int, clock_ms_ago: int | None = None, age_ms: int = 0) -> Any:
    received_us = NOW_US - 1_000 * (clock_ms_ago or 0)
    clock = {"received_us": received_us, "server_us": received_us - 1_000 * age_ms}
    last_clock = None if clock_ms_ago is None else clock
    return SimpleNamespace(name=name, voiced_us=NOW_US - 1_000 * voiced_ms_ago, last_clock=last_clock)


def test_an_announcement_talks_although_it_has_no_clock() -> None:
    assert talking([member("Announcement", 10)], NOW_US) == [("Announcement", None)]


def test_somebody_who_has_just_fallen_silent_does_not_talk_whatever_the_clock_says() -> None:
    assert talking([member("Ada", 600, clock_ms_ago=100)], NOW_US) == []


def test_the_slowest_is_the_one_whose_voice_is_oldest_of_those_who_tell_their_clock() -> None:
    told = [member("Ada", 10, 400, age_ms=30), member("Ben", 10, 400, age_ms=80)]
    members = [*told, member("Cy", 10, 2_000, age_ms=900)]
    talkers = talking(members, NOW_US)
    assert [name for name, _ in talkers] == ["Ada", "Ben", "Cy"]
    assert slowest(talkers) == ("Ben", 80.0)
    assert slowest(talking([member("Announcement", 10)], NOW_US)) is None
