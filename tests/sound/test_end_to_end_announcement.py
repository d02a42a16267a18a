"""An announcement on the sound rig: it arrives intact at a phone, and a cancelled one falls silent."""

import numpy as np
import pytest
from announced import announce_and_cancel, announce_whole
from audio_rig import Rig
from following import EXCERPT, Followed
from house_calls import HouseCalls
from phone import UNPROCESSED, Phones
from processes import RelayProcess
from sound import SAMPLE_RATE

pytestmark = [pytest.mark.sound, pytest.mark.browser]

SPOKEN_S = 30.0
INTACT = 0.95
"""Of the sound, in a few attempts together: what a busy machine conceals is another part each time; what is
cut off never arrives."""
ATTEMPTS = 3
TWICE = 0.05
SILENT_MS = 900
"""A busy machine may be late; what is not cancelled goes on for half a minute."""


def test_an_announcement_arrives_intact_and_a_cancelled_one_falls_silent(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    phones.start(rig, 0, relay.authority).open(relay.link + UNPROCESSED).join("Anna")
    rig.wait_attached(0)
    wire = rig.speaker(0)
    with rig.record() as recording, HouseCalls(relay) as house:
        arrived, told = np.zeros(int(SPOKEN_S * SAMPLE_RATE), bool), []
        while arrived.mean() < INTACT:
            assert len(told) < ATTEMPTS, f"it did not arrive intact: {told}"
            whole = announce_whole(recording, wire, house, SPOKEN_S)
            assert whole.heard
            told.append(str(whole.heard))
            arrived |= places(whole.heard, len(arrived))
        assert whole.heard.repeated < TWICE, told
        assert whole.ends_ms > 1000 * SPOKEN_S
        cancelled = announce_and_cancel(recording, wire, house)
        assert cancelled.ends_ms < SILENT_MS


def places(heard: Followed, samples: int) -> np.ndarray:
    """Which of so many samples of what was said are heard."""
    found = np.zeros(samples + EXCERPT, bool)
    for place in heard.said_at:
        found[place : place + EXCERPT] = True
    return found[:samples]
