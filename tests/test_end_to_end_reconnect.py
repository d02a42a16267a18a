"""The relay is away for some seconds, and comes back: how soon two phones talk again, and what of."""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from phone import Phone, Phones, anna_and_ben
from processes import RelayProcess
from rig import Recording, Rig
from sound import EXCERPT, SAMPLE_RATE, noise, when_said

pytestmark = [pytest.mark.sound, pytest.mark.browser]

ANNA, BEN = range(2)
BEFORE_S, AWAY_S, AFTER_S = 2, 5, 4
AUDIBLE = 0.01
BACK_MS = 1_000
OLD_MS = 500


class Absence:
    """Anna makes noise all the time, the relay is away for a while; what Ben heard from its return on."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig

    @contextmanager
    def recorded(self) -> Iterator[Recording]:
        with self._rig.record() as recording:
            playing = self._rig.play(self._rig.microphone(ANNA), noise(BEFORE_S + AWAY_S + AFTER_S + 2))
            recording.wait_for_sound(self._rig.speaker(BEN), 5)
            recording.wait_ms(1_000 * BEFORE_S)
            yield recording
            self.returned = recording.length
            recording.wait_ms(1_000 * AFTER_S)
            playing.stop()
            self._said = recording.wire(self._rig.microphone(ANNA))
            self._heard = recording.wire(self._rig.speaker(BEN))

    @cached_property
    def ages_ms(self) -> list[tuple[float, float]]:
        """When after the return something of Anna is heard, and how old it is then."""
        latest_ms = 1_000 * (AWAY_S + AFTER_S)
        ages = []
        for position in range(self.returned, len(self._heard) - EXCERPT, EXCERPT):
            if np.abs(self._heard[position : position + EXCERPT]).max() < AUDIBLE:
                continue
            moment = when_said(self._said, self._heard, position, latest_ms)
            if moment is not None:
                ages.append((ms(position - self.returned), ms(position - moment)))
        return ages

    def check(self, *phones: Phone) -> None:
        back_ms, _ = self.ages_ms[0]
        oldest_ms = max(age for _, age in self.ages_ms)
        print(f"heard again {back_ms:.0f} ms after the return; what is heard is {oldest_ms:.0f} ms old at most")
        assert back_ms <= BACK_MS
        assert oldest_ms <= OLD_MS
        for phone in phones:
            assert sorted(phone.page.locator("#roster .name").all_inner_texts()) == ["Anna", "Ben"]


def ms(samples: int) -> float:
    return samples * 1000 / SAMPLE_RATE


def test_after_a_restart_of_the_relay_all_talk_again_within_a_second(tmp_path: Path, rig: Rig, phones: Phones) -> None:
    absence = Absence(rig)
    with ExitStack() as relays:
        relay = relays.enter_context(RelayProcess(tmp_path / "relay", exit_code=-signal.SIGKILL))
        both = anna_and_ben(phones, rig, relay)
        port = urlsplit(relay.link).port
        with absence.recorded() as recording:
            os.kill(relay.pid, signal.SIGKILL)
            recording.wait_ms(1_000 * AWAY_S)
            relays.enter_context(RelayProcess(tmp_path / "relay", "--port", str(port)))
        absence.check(*both)


def test_after_a_relay_that_stood_still_all_talk_again_within_a_second(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    absence = Absence(rig)
    both = anna_and_ben(phones, rig, relay)
    with absence.recorded() as recording:
        os.kill(relay.pid, signal.SIGSTOP)
        recording.wait_ms(1_000 * AWAY_S)
        os.kill(relay.pid, signal.SIGCONT)
    absence.check(*both)
