"""Mouth to ear in the air, on the rig: two cables bring both members' loudspeakers to one's microphone."""

import json
import re
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pairs import Scene, desktop, join
from phone import Phones
from processes import RelayProcess, StreamerProcess
from rig import Recording, Rig

from streamer.measure.acoustic import echo_delays, find_chirps

pytestmark = [pytest.mark.sound, pytest.mark.browser]

HERE, THERE = 0, 1
OFF_MS = 1


@contextmanager
def air(rig: Rig) -> Iterator[Recording]:
    with (
        rig.copy(rig.speaker(HERE), rig.microphone(HERE)),
        rig.copy(rig.speaker(THERE), rig.microphone(HERE)),
        rig.record() as recording,
    ):
        yield recording


def truth_ms(rig: Rig, recording: Recording, count: int) -> list[float]:
    """What is on the microphone's wire: every chirp, and the same one again."""
    echoes = echo_delays(find_chirps(recording.wire(rig.microphone(HERE))), count)
    return [echo / 48 for echo in echoes if echo is not None]


def test_a_phone_measures_in_the_air_what_the_wires_say(tmp_path: Path, relay: RelayProcess) -> None:
    with Rig(members=2) as rig, Phones(tmp_path) as phones, air(rig) as recording:
        scene = Scene(tmp_path, rig, relay)
        with desktop(scene, THERE):
            phone = join(phones, scene, HERE, echo_cancelling=True)
            phone.press("Measure the delay in the air")
            phone.page.get_by_role("button", name="Stop measuring").wait_for()
            phone.page.get_by_role("button", name="Measure the delay in the air").wait_for(timeout=40_000)
            words = phone.page.locator("#air-words").inner_text()
        said = re.search(r"the ear of desk 1: (\d+) ms .*?(\d+) of 8 chirps", words)
        assert said, words
        delays = truth_ms(rig, recording, 8)
    assert int(said[2]) >= 7
    assert abs(int(said[1]) - statistics.median(delays)) <= OFF_MS, (words, delays)


def test_the_terminal_measures_in_the_air_with_a_phone(tmp_path: Path, relay: RelayProcess) -> None:
    with Rig(members=2) as rig, Phones(tmp_path) as phones, air(rig) as recording:
        join(phones, Scene(tmp_path, rig, relay), THERE, echo_cancelling=True)
        arguments = ("measure", relay.link, "--acoustic", "--chirps", "6", "--json", "--ca", relay.authority)
        with StreamerProcess(tmp_path / "here", *arguments, environment=rig.environment(HERE)) as process:
            rig.attach(process.pid, HERE)
            process.wait(30)
            answer = json.loads(process.log[process.log.index("{") :])
        delays = truth_ms(rig, recording, 6)
    assert answer["lost"] <= 1
    assert abs(answer["delay_ms"]["p50"] - statistics.median(delays)) <= OFF_MS
