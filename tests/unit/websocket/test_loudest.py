"""The loudest of many voices are heard, and no word is cut off. Times are simulated."""

from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.websocket.loudest import LoudestTalkers

PLACES: Final = 3
SPARE: Final = 2
PACKET_US: Final = 10_000
NEAR, FAR, CLAIMED = 25, 45, 0
"""−dBov: of a mouth at its microphone, of one across the table, and of one that lies."""


class Sent(NamedTuple):
    at_ms: int
    talker: str
    passed: bool


class Talk:
    """Everybody of `levels` talks by `words`: (from, to) in ms, each word without a pause."""

    def __init__(self, places: int = PLACES) -> None:
        self.choice = LoudestTalkers(places)
        self.sent: list[Sent] = []

    def hold(self, words: dict[str, list[tuple[int, int]]], levels: dict[str, int], until_ms: int) -> None:
        for at_ms in range(1_000, until_ms, PACKET_US // 1000):
            for talker, level in levels.items():
                if any(start <= at_ms < end for start, end in words[talker]):
                    passed = self.choice.admits(talker, level, True, at_ms * 1000)
                    self.sent.append(Sent(at_ms, talker, passed))

    def heard(self, talker: str, after_ms: int = 0, until_ms: int = 1 << 30) -> list[bool]:
        return [s.passed for s in self.sent if s.talker == talker and after_ms <= s.at_ms < until_ms]

    def voices_at_once(self) -> int:
        return max(Counter(sent.at_ms for sent in self.sent if sent.passed).values())


def talk_without_end(*talkers: str) -> dict[str, list[tuple[int, int]]]:
    return {talker: [(1_000, 1 << 30)] for talker in talkers}


def words_of(start_ms: int, until_ms: int, word_ms: int = 500, pause_ms: int = 200) -> list[tuple[int, int]]:
    return [(at, at + word_ms) for at in range(start_ms, until_ms, word_ms + pause_ms)]


def test_up_to_the_places_everybody_is_heard() -> None:
    talk = Talk()
    talk.hold(talk_without_end("a", "b", "c"), {"a": NEAR, "b": FAR, "c": 126}, 5_000)
    assert all(sent.passed for sent in talk.sent)


def test_a_packet_without_voice_is_heard_too_where_there_is_a_place() -> None:
    choice = LoudestTalkers(PLACES)
    assert all(choice.admits("a", 127, False, at) for at in range(10**6, 5 * 10**6, PACKET_US))


def test_of_many_who_talk_in_words_the_loudest_are_heard_in_the_long_run() -> None:
    names = [f"{number:02}" for number in range(20)]
    levels = {name: 28 + 2 * number for number, name in enumerate(names)}
    words = {name: words_of(1_000 + 37 * number, 30_000) for number, name in enumerate(reversed(names))}
    talk = Talk()
    talk.hold(words, levels, 30_000)
    share = {name: sum(talk.heard(name, 10_000)) / len(talk.heard(name, 10_000)) for name in names}
    assert min(share[name] for name in names[:2]) > 0.95
    assert max(share[name] for name in names[8:]) < 0.5
    assert talk.voices_at_once() <= PLACES + SPARE


def test_who_begins_loudly_is_heard_from_the_first_packet_on_and_takes_the_place_of_the_weakest() -> None:
    words = talk_without_end("a", "b", "far") | {"new": [(3_000, 6_000)]}
    words["far"] = words_of(1_000, 10_000)
    talk = Talk()
    talk.hold(words, {"a": NEAR, "b": NEAR, "far": FAR, "new": NEAR}, 6_000)
    assert all(talk.heard("new"))
    assert not any(talk.heard("far", 4_500))


def test_who_loses_a_place_ends_the_word() -> None:
    words = talk_without_end("a", "b") | {"far": [(1_000, 4_000), (4_200, 9_000)], "new": [(3_000, 9_000)]}
    talk = Talk()
    talk.hold(words, {"a": NEAR, "b": NEAR, "far": FAR, "new": NEAR}, 9_000)
    assert all(talk.heard("far", 0, 4_000))
    assert not any(talk.heard("far", 4_700))


def test_who_is_not_loud_enough_ends_the_word_and_is_let_in_amid_none() -> None:
    words = talk_without_end("a", "b", "c") | {"far": words_of(2_000, 10_000)}
    talk = Talk()
    talk.hold(words, {"a": NEAR, "b": NEAR, "c": NEAR, "far": FAR}, 10_000)
    for start, end in words["far"]:
        heard = talk.heard("far", start, min(end, 10_000))
        assert len(set(heard)) <= 1, f"the word from {start} to {end} ms was heard in part"


def test_two_who_are_alike_do_not_take_turns_at_each_word() -> None:
    names = ("a", "b", "c", "d")
    talk = Talk()
    words = {name: words_of(1_000 + 90 * number, 15_000) for number, name in enumerate(names)}
    talk.hold(words, dict(zip(names, (30, 31, 29, 30), strict=True)), 15_000)
    assert all(talk.heard("a")), "a had a place first, and nobody is louder by the margin"


def test_nobody_keeps_a_place_by_claiming_to_be_loud() -> None:
    liars = ("x", "y", "z")
    talk = Talk()
    words = talk_without_end(*liars) | {"honest": words_of(30_000, 60_000)}
    talk.hold(words, dict.fromkeys(liars, CLAIMED) | {"honest": NEAR}, 60_000)
    heard = talk.heard("honest", 32_000)
    assert sum(heard) > 0.9 * len(heard)


def test_somebody_who_is_silent_for_a_second_gives_the_place_up() -> None:
    talk = Talk()
    words = talk_without_end("a", "b") | {"c": [(1_000, 2_000)], "far": [(3_200, 9_000)]}
    talk.hold(words, {"a": NEAR, "b": NEAR, "c": NEAR, "far": FAR}, 9_000)
    assert all(talk.heard("far"))


def test_a_pinned_talker_is_always_heard_and_takes_no_place() -> None:
    talk = Talk()
    talk.choice.pin("far", True)
    names = ("a", "b", "c", "far")
    talk.hold(talk_without_end(*names), dict.fromkeys(names, NEAR) | {"far": 120}, 9_000)
    assert all(talk.heard(name) for name in names)
    assert all(all(talk.heard(name)) for name in names)
    talk.choice.pin("far", False)
    assert not talk.choice.admits("far", 120, True, 9_010_000)


def test_who_left_is_forgotten_and_leaves_the_place() -> None:
    talk = Talk()
    talk.hold(talk_without_end("a", "b", "c"), {"a": NEAR, "b": NEAR, "c": NEAR}, 2_000)
    for name in ("a", "b", "c"):
        talk.choice.discard(name)
    assert len(talk.choice) == 0
    assert talk.choice.admits("d", FAR, True, 2_010_000)


def test_there_is_a_place_for_one_at_least() -> None:
    with pytest.raises(ValueError, match="there must be a place for somebody to talk, not 0"):
        LoudestTalkers(0)


def packets() -> st.SearchStrategy[list[tuple[int, int, bool, int]]]:
    talker, level, gap_us = st.integers(0, 12), st.integers(0, 127), st.integers(0, 400_000)
    return st.lists(st.tuples(talker, level, st.booleans(), gap_us), max_size=300)


@given(packets(), st.integers(1, 4))
def test_however_they_talk_no_more_than_the_places_and_the_spare_ones_are_heard(
    packets: list[tuple[int, int, bool, int]], places: int
) -> None:
    """Those who were heard within less than any pause are heard at once."""
    choice = LoudestTalkers(places)
    passed: list[tuple[int, int]] = []
    now_us = 10**6
    for talker, level, is_voice, gap_us in packets:
        now_us += gap_us
        if choice.admits(talker, level, is_voice, now_us):
            passed.append((now_us, talker))
    for at_us, _ in passed:
        assert len(set(recent(passed, at_us))) <= places + SPARE


def recent(passed: list[tuple[int, int]], at_us: int) -> Iterator[int]:
    """Who was heard in this very moment: between two moments anybody may have paused."""
    return (talker for when_us, talker in passed if when_us == at_us)
