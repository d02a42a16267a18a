"""A room in which everybody talks: the desktop's clients, each a process of its own, and one browser on the
rig."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from audio_rig import Playback, Rig
from processes import RelayProcess, StreamerProcess
from sound import Samples, speech
from unwatched import Unwatched, unwatched
from words_file import words_file

from streamer.audio_format import SAMPLE_RATE

MEMBER: Final = 0
MAY_JOIN: Final = "document.querySelector('#join-form:not([hidden])') !== null"
JOIN: Final = "document.querySelector('#name').value = 'Phone'; document.querySelector('#join').click()"


@dataclass(frozen=True)
class Room:
    rig: Rig
    relay: RelayProcess
    browser: Unwatched

    def say(self, seconds: float) -> Playback:
        """Into the browser's microphone, from now on."""
        return self.rig.play(self.rig.microphone(MEMBER), words_for(seconds))


@contextmanager
def room(folder: Path, talkers: int, seconds: float) -> Iterator[Room]:
    """Talkers have something to say for so long; the browser cancels echoes, as it does for everybody."""
    with ExitStack() as stack:
        rig = stack.enter_context(Rig(members=1))
        relay = stack.enter_context(RelayProcess(folder / "relay"))
        words = words_file(folder, seconds)
        for number in range(talkers):
            arguments = (
                "talk",
                relay.link,
                "--ca",
                relay.authority,
                "--input",
                words,
                "--name",
                f"Talker {number}",
            )
            stack.enter_context(StreamerProcess(folder / f"talker-{number}", *arguments))
        browser = stack.enter_context(unwatched(folder / "browser", rig, MEMBER, relay.authority, relay.link))
        browser.wait_for(MAY_JOIN)
        browser.evaluate(JOIN)
        rig.wait_attached(MEMBER)
        relay.wait_for_members(talkers + 1)
        yield Room(rig, relay, browser)


def words_for(seconds: float) -> Samples:
    sentence = speech()
    return np.tile(sentence, 1 + int(seconds * SAMPLE_RATE / len(sentence)))
