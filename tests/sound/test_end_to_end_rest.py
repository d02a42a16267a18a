"""A phone that is alone in a room lets its loudspeaker rest, and hears whoever comes."""

from pathlib import Path
from typing import Final

import pytest
from audio_rig import Rig, Stream, wait_until
from phone import UNPROCESSED, Phones
from processes import RelayProcess, StreamerProcess
from sound import speech

from streamer.client.audio.wav_writer import WavWriter

pytestmark = [pytest.mark.sound, pytest.mark.browser]

RESTS_S: Final = 60.0
"""It does so after ten seconds; a busy machine may be late."""
TIMES_SAID: Final = 8
"""Of a sentence of five seconds."""
HEARD_S: Final = 30.0
CUE_MS: Final = 3_000
"""After that, what is heard is no cue of who came."""


def test_the_loudspeaker_rests_while_nobody_is_there_and_whoever_comes_is_heard(
    rig: Rig, relay: RelayProcess, phones: Phones, tmp_path: Path
) -> None:
    phone = phones.start(rig, 0, relay.authority).open(relay.link + UNPROCESSED).join("Anna")
    rig.wait_attached(0)
    wait_until(lambda: not loudspeakers(rig), RESTS_S, lambda: f"still: {rig.streams()}")
    assert rig.streams(), "the microphone is open"
    arguments = ("talk", relay.link, "--ca", relay.authority, "--input", words(tmp_path), "--name", "Ben")
    with rig.record() as recording, StreamerProcess(tmp_path / "ben", *arguments):
        wait_until(lambda: loudspeakers(rig), RESTS_S, lambda: f"the loudspeaker stays off: {rig.streams()}")
        recording.wait_ms(CUE_MS)
        recording.wait_for_sound(rig.speaker(0), HEARD_S, start=recording.length)
    assert phone.page.get_by_text("has paused the sound").count() == 0
    assert phone.errors == []


def loudspeakers(rig: Rig) -> list[Stream]:
    return [stream for stream in rig.streams() if stream.kind == "sink-input"]


def words(folder: Path) -> Path:
    path, sentence = folder / "words.wav", speech()
    writer = WavWriter(path, channels=1)
    for _ in range(TIMES_SAID):
        writer.write(sentence)
    writer.close()
    return path
