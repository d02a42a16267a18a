"""From a file to a file, for machines without a sound card."""

import os
import re
import signal
import tempfile
import time
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from attempts import first_good
from audio_rig import wait_until
from following import Followed, code, follow
from processes import START_S, RelayProcess, StreamerProcess
from scipy.io import wavfile
from sound import SAMPLE_RATE, Samples, speech, tone, tone_dbfs

SAID_S = 4
MOST = 0.4
TWICE = 0.05
"""A client that a busy machine wakes late has lost what it should have said or heard by then."""
UNBROKEN_MS = 180
"""Twice what is possible where every tenth packet is missing."""

SUSPENDED_S = 6

APART_DB = 10
"""A note that is stretched or cut in places spreads its pitch; in virtual time (test_talk_and_listen.py) it
is 30."""


def write_wav(path: Path, samples: Samples) -> Path:
    wavfile.write(path, SAMPLE_RATE, (samples * 32767).astype(np.int16))
    return path


def read_wav(path: Path) -> Samples:
    rate, samples = wavfile.read(path)
    assert rate == SAMPLE_RATE
    return samples.astype(np.float32) / 32768


def a_file(
    relay: RelayProcess, home: Path, command: str, *options: str | Path, exit_code: int = 0
) -> StreamerProcess:
    return StreamerProcess(home, command, relay.link, "--ca", relay.authority, *options, exit_code=exit_code)


def wait_written(path: Path, seconds: float) -> None:
    size = seconds * SAMPLE_RATE * 2
    wait_until(lambda: path.stat().st_size > size, seconds + START_S, lambda: f"{path} does not grow")


def from_file_to_file(relay: RelayProcess, folder: Path) -> Samples:
    folder.mkdir()
    said, heard = write_wav(folder / "a.wav", code(0, SAID_S)), folder / "b.wav"
    with a_file(relay, folder / "listener", "listen", "--output", heard):
        relay.wait_for_members(1)
        with a_file(relay, folder / "talker", "talk", "--input", said) as talker:
            relay.wait_for_members(2)
            talker.wait(SAID_S + START_S)
    relay.wait_for_members(0)
    return read_wav(heard)


def test_what_one_file_says_is_in_the_other(relay: RelayProcess, tmp_path: Path) -> None:
    heard = from_file_to_file(relay, tmp_path / "files")
    found = follow(code(0, SAID_S), heard, latest_ms=10_000)
    print(found)
    assert found.coverage() > MOST
    assert found.repeated < TWICE
    assert found.longest_unbroken_ms >= UNBROKEN_MS
    assert follow(code(1, SAID_S), heard, latest_ms=10_000).coverage() == 0


def test_a_file_s_left_is_heard_on_the_left_and_its_right_on_the_right(
    relay: RelayProcess, tmp_path: Path
) -> None:
    said = write_wav(tmp_path / "a.wav", np.stack((tone(440, 3), tone(660, 3)), axis=1))
    stereo, mono = tmp_path / "b.wav", tmp_path / "c.wav"
    with (
        a_file(relay, tmp_path / "stereo", "listen", "--music", "--output", stereo),
        a_file(relay, tmp_path / "mono", "listen", "--output", mono),
    ):
        relay.wait_for_members(2)
        with a_file(relay, tmp_path / "talker", "talk", "--music", "--input", said) as talker:
            talker.wait(START_S)
    left, right = read_wav(stereo).T
    assert tone_dbfs(left, 440) - tone_dbfs(left, 660) > APART_DB
    assert tone_dbfs(right, 660) - tone_dbfs(right, 440) > APART_DB
    assert tone_dbfs(read_wav(mono), 440) == pytest.approx(tone_dbfs(read_wav(mono), 660), abs=3)


def through_the_echo(relay: RelayProcess, folder: Path) -> Samples:
    said, heard = write_wav(folder / "a.wav", code(0, 2)), folder / "b.wav"
    options = (relay.echo_link, "--ca", relay.authority, "--input", said, "--output", heard, "--stay")
    with StreamerProcess(folder / "talker", "talk", *options):
        relay.wait_for_members(1)
        wait_written(heard, 4.5)
    relay.wait_for_members(0)
    return read_wav(heard)


def test_the_echo_room_says_a_file_again_one_second_later(relay: RelayProcess, tmp_path: Path) -> None:
    def echoed() -> Followed:
        folder = Path(tempfile.mkdtemp(dir=tmp_path))
        return follow(code(0, 2), through_the_echo(relay, folder), latest_ms=4_000)

    # The relay must be in time for four seconds on end.
    found = first_good(echoed, lambda found: found.coverage() > MOST)
    assert 1_000 <= found.delay_ms < 2_000


def test_a_relay_that_is_stopped_ends_who_says_a_file(relay: RelayProcess, tmp_path: Path) -> None:
    said = write_wav(tmp_path / "a.wav", speech())
    with a_file(relay, tmp_path / "talker", "talk", "--input", said, exit_code=1) as talker:
        relay.wait_for_members(1)
        relay.interrupt()
        talker.wait(START_S)
        assert "shutting down" in talker.log


def test_a_talker_that_was_suspended_goes_on_with_its_file_and_does_not_flood_the_room(
    relay: RelayProcess, tmp_path: Path
) -> None:
    said = write_wav(tmp_path / "a.wav", speech()[: 2 * SAMPLE_RATE])
    with a_file(relay, tmp_path / "talker", "talk", "--input", said) as talker:
        relay.wait_for_members(1)
        os.kill(talker.pid, signal.SIGSTOP)
        time.sleep(SUSPENDED_S)
        os.kill(talker.pid, signal.SIGCONT)
        talker.wait(START_S)


def test_on_the_relay_s_own_computer_its_authority_is_known(relay: RelayProcess, tmp_path: Path) -> None:
    with StreamerProcess(relay.home, "listen", relay.link, "--output", tmp_path / "b.wav"):
        relay.wait_for_members(1)


def test_elsewhere_the_error_says_where_the_authority_is(relay: RelayProcess, tmp_path: Path) -> None:
    arguments = ("listen", relay.link, "--output", tmp_path / "b.wav")
    with StreamerProcess(tmp_path / "elsewhere", *arguments, exit_code=1) as listener:
        listener.wait(START_S)
    (where,) = re.findall(r"http://\S+/ca\.pem", listener.log)
    with urllib.request.urlopen(where, timeout=5) as answer:
        assert answer.read() == relay.authority.read_bytes()
