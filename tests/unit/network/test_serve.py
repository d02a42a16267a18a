"""A relay whose computer gets another address while people talk, in a network namespace of its own. Needs
root."""

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from audio_rig import wait_until
from computer import Computer, RelayThere, a_computer
from processes import StreamerProcess
from sound import speech
from test_wav_files import write

OLD, NEW = "10.78.1.1", "10.78.2.1"
SIX = 6
PATIENCE_S = 60
"""For what takes a second or two on an idle machine."""


@pytest.fixture
def computer(tmp_path: Path) -> Iterator[Computer]:
    with a_computer(tmp_path) as computer:
        computer.add_network("wifi0", OLD)
        yield computer


def test_somebody_who_talks_stays_and_who_comes_gets_the_new_address(
    tmp_path: Path, computer: Computer
) -> None:
    words = tmp_path / "words.wav"
    write(words, speech(), 48_000)
    with ExitStack() as everybody:
        relay = everybody.enter_context(RelayThere(tmp_path / "relay", computer))
        assert f"→ {OLD}" in relay.log
        assert f"http://{OLD}:8443/#room=home" in relay.log
        for number in range(SIX):
            options = (
                "--ca",
                str(relay.authority),
                "--input",
                str(words),
                "--stay",
                "--output",
                f"heard-{number}.wav",
            )
            home = tmp_path / f"talker-{number}"
            talker = StreamerProcess(home, "talk", relay.link, *options, program=computer.streamer)
            everybody.enter_context(talker)
        wait_until(lambda: relay.health(OLD)["members"] == SIX, PATIENCE_S, relay.complaint)
        computer.add_network("wifi1", NEW)
        wait_until(lambda: f"→ {NEW}" in relay.log, PATIENCE_S, relay.complaint)
        assert "have changed" in relay.log
        link = re.findall(r"^https://\S+$", relay.log, re.MULTILINE)[-2].replace(OLD, NEW)
        assert f"https://{NEW}:8443/#room=home" in link
        late = StreamerProcess(tmp_path / "late", "talk", link, *options, program=computer.streamer)
        everybody.enter_context(late)
        wait_until(lambda: relay.health(OLD)["members"] == SIX + 1, PATIENCE_S, relay.complaint)


def test_the_name_under_local_leads_to_the_address(tmp_path: Path, computer: Computer) -> None:
    with RelayThere(tmp_path / "relay", computer):
        name = f"{os.uname().nodename.split('.')[0].lower()}.local"
        wait_until(lambda: OLD in computer.addresses_of(name, OLD), PATIENCE_S, lambda: f"no {name}")
