"""The relay is away for some seconds, and comes back: two phones talk again, and nothing from before is
heard.

How soon that is, is measured by `scripts/bench exact`.
"""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import pytest
from audio_rig import Rig
from following import code, follow
from phone import UNPROCESSED, Phone, Phones
from playwright.sync_api import expect
from processes import RelayProcess
from sound import SAMPLE_RATE

pytestmark = [pytest.mark.sound, pytest.mark.browser]

ANNA, BEN = range(2)
BEFORE_S, AWAY_S = 1, 5
RETURNS_S: Final = 20
"""A second is enough where the machine has time."""
STALE_MS: Final = 1_000 * AWAY_S / 2
"""What is said last before an absence is older than that after it."""
ENOUGH: Final = 25
"""Excerpts of 20 ms, after which a voice is back."""


class Family(NamedTuple):
    rig: Rig
    phones: list[Phone]
    relay: RelayProcess
    relays: ExitStack
    home: Path


@pytest.fixture(scope="module")
def family(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Family]:
    home = tmp_path_factory.mktemp("family")
    with Rig(2) as rig, ExitStack() as relays, Phones(home / "phones") as phones:
        relay = relays.enter_context(RelayProcess(home / "relay", exit_code=None))
        for member, name in enumerate(("Anna", "Ben")):
            phones.start(rig, member, relay.authority).open(relay.link + UNPROCESSED).join(name)
            rig.wait_attached(member)
        yield Family(rig, phones.all, relay, relays, home)


def check_absence(family: Family, leave: Callable[[], None], return_: Callable[[], None]) -> None:
    rig = family.rig
    with rig.record() as recording:
        playing = rig.play(rig.microphone(ANNA), code(ANNA, BEFORE_S + AWAY_S + 2 * RETURNS_S))
        recording.wait_for_sound(rig.speaker(BEN), 10)
        recording.wait_ms(1_000 * BEFORE_S)
        leave()
        recording.wait_ms(1_000 * AWAY_S)
        return_()
        returned = recording.length
        for _ in range(RETURNS_S):
            recording.wait_ms(1_000)
            start = max(0, returned - AWAY_S * SAMPLE_RATE)
            wires = [recording.wire(wire, start) for wire in (rig.microphone(ANNA), rig.speaker(BEN))]
            heard = follow(*wires, latest_ms=2_000 * AWAY_S)
            after = heard.heard_at + start > returned
            if after.sum() > ENOUGH:
                break
        playing.stop()
    assert after.sum() > ENOUGH, f"nothing is heard {RETURNS_S} s after the return"
    first_ms = (heard.heard_at[after][0] + start - returned) * 1000 / SAMPLE_RATE
    oldest_ms = heard.delays_ms[after].max()
    print(f"heard again {first_ms:.0f} ms after the return, of what was said {oldest_ms:.0f} ms ago at most")
    assert oldest_ms < STALE_MS
    for phone in family.phones:
        names = phone.names()
        expect(names).to_have_count(2)
        assert sorted(names.all_inner_texts()) [1:] == ["You"]


def test_after_a_relay_that_stood_still_all_talk_again_and_nothing_stale_is_heard(family: Family) -> None:
    pid = family.relay.pid
    check_absence(family, lambda: os.kill(pid, signal.SIGSTOP), lambda: os.kill(pid, signal.SIGCONT))


def test_after_a_restart_of_the_relay_all_talk_again_and_nothing_stale_is_heard(family: Family) -> None:
    port = str(urlsplit(family.relay.link).port)
    again = RelayProcess(family.home / "relay", "--port", port)
    check_absence(
        family,
        lambda: os.kill(family.relay.pid, signal.SIGKILL),
        lambda: family.relays.enter_context(again) and None,
    )
