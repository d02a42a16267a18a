"""Mouth to ear by sound itself, on the rig: cables bring loudspeakers to a microphone, and the wires know the truth."""

import json
import re
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pairs import Scene, desktop, join
from phone import Phone, Phones
from processes import RelayProcess, StreamerProcess
from rig import Recording, Rig

from streamer.measure.acoustic import echo_delays, find_chirps

pytestmark = pytest.mark.sound

HERE, THERE = 0, 1
OFF_MS = 1


@contextmanager
def air(rig: Rig) -> Iterator[None]:
    with rig.copy(rig.speaker(HERE), rig.microphone(HERE)), rig.copy(rig.speaker(THERE), rig.microphone(HERE)):
        yield


def truth_ms(rig: Rig, recording: Recording, count: int) -> list[float]:
    """What is on the microphone's wire: every chirp, and the same one again."""
    echoes = echo_delays(find_chirps(recording.wire(rig.microphone(HERE))), count)
    return [echo / 48 for echo in echoes if echo is not None]


@pytest.mark.browser
def test_a_phone_measures_in_the_air_what_the_wires_say(tmp_path: Path, relay: RelayProcess) -> None:
    with Rig(members=2) as rig, Phones(tmp_path) as phones, air(rig):
        scene = Scene(tmp_path, rig, relay)
        with desktop(scene, THERE):
            phone = join(phones, scene, HERE, echo_cancelling=True)
            with rig.record() as recording:
                words = measured_by_page(phone)
        said = re.search(r"the ear of desk 1: (\d+) ms .*?(\d+) of 8 chirps", words)
        assert said, words
        delays = truth_ms(rig, recording, 8)
    assert int(said[2]) >= 7
    assert abs(int(said[1]) - statistics.median_low(delays)) <= OFF_MS, (words, delays)


def measured_by_page(phone: Phone) -> str:
    phone.press("Measure the delay in the air")
    phone.page.get_by_role("button", name="Stop measuring").wait_for()
    phone.page.get_by_role("button", name="Measure the delay in the air").wait_for(timeout=40_000)
    return phone.page.locator("#air-words").inner_text()


def measure(scene: Scene, *options: str) -> dict[str, Any]:
    """What `streamer measure` finds here."""
    arguments = ("measure", scene.relay.link, "--json", "--ca", scene.relay.authority, *options)
    environment = scene.rig.environment(HERE)
    with StreamerProcess(scene.folder / "here", *arguments, environment=environment) as process:
        scene.rig.attach(process.pid, HERE)
        process.wait(40)
    answer: dict[str, Any] = json.loads(process.log[process.log.index("{") : process.log.rindex("}") + 1])
    return answer


@pytest.mark.browser
def test_the_terminal_measures_in_the_air_with_a_phone(tmp_path: Path, relay: RelayProcess) -> None:
    with Rig(members=2) as rig, Phones(tmp_path) as phones, air(rig):
        scene = Scene(tmp_path, rig, relay)
        join(phones, scene, THERE, echo_cancelling=True)
        with rig.record() as recording:
            answer = measure(scene, "--acoustic", "--chirps", "5")
        delays = truth_ms(rig, recording, 5)
    assert answer["lost"] <= 1
    assert abs(answer["delay_ms"]["p50"] - statistics.median_low(delays)) <= OFF_MS


def test_through_the_sound_card_and_a_loop_cable_the_terminal_measures_what_the_wire_says(
    tmp_path: Path, relay: RelayProcess
) -> None:
    with Rig(members=1) as rig, rig.copy(rig.speaker(HERE), rig.microphone(HERE)), rig.record() as recording:
        answer = measure(Scene(tmp_path, rig, relay), "--device", "--chirps", "5")
        delays = truth_ms(rig, recording, 5)
    assert answer["lost"] <= 1
    assert abs(answer["delay_ms"]["p50"] - statistics.median_low(delays)) <= OFF_MS


def test_without_a_cable_there_is_no_number_and_the_reason_is_said(tmp_path: Path, relay: RelayProcess) -> None:
    arguments = ("measure", relay.link, "--device", "--chirps", "1", "--ca", relay.authority)
    with Rig(members=1) as rig:
        process = StreamerProcess(tmp_path, *arguments, environment=rig.environment(HERE), exit_code=1)
        with process:
            rig.attach(process.pid, HERE)
            process.wait(30)
    assert "the microphone heard nothing at all" in process.log
    assert "Nothing could be measured" in process.log
