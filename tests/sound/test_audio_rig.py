"""The rig itself: wires that don't mix, a recording in step, streams that go where they belong."""

import os
import signal
import subprocess

import numpy as np
import pytest
from attempts import first_good
from audio_rig import SAMPLE_RATE, Rig
from following import code, follow
from sound import level_dbfs

pytestmark = pytest.mark.sound

SAID_S = 3
MOST = 0.4
LATEST_MS = 5_000
STOPS = 5
STOP_MS = 150


def test_sound_is_on_its_own_wire_alone_as_it_was_played(rig: Rig) -> None:
    with rig.record() as recording:
        rig.play(rig.microphone(1), code(1, SAID_S)).wait()
        recording.wait_ms(100)
    heard = follow(code(1, SAID_S), recording.wire(rig.microphone(1)), LATEST_MS)
    print(f"on its wire: {heard}")
    assert heard.coverage() > MOST
    assert heard.gain_db == pytest.approx(0, abs=0.1)
    others = [rig.microphone(0), rig.microphone(2), *(rig.speaker(member) for member in range(3))]
    assert max(np.abs(recording.wire(wire)).max() for wire in others) == 0


def test_a_copy_loop_carries_a_voice_to_one_wire_alone(rig: Rig) -> None:
    with rig.record() as recording, rig.copy(rig.microphone(0), rig.speaker(1)):
        rig.play(rig.microphone(0), code(0, SAID_S)).wait()
        recording.wait_ms(500)
    heard = follow(recording.wire(rig.microphone(0)), recording.wire(rig.speaker(1)))
    print(f"copied: {heard}")
    assert heard.coverage() > MOST
    assert level_dbfs(recording.wire(rig.speaker(0))) < -90


def test_a_copy_loop_is_no_longer_after_it_stood_still(rig: Rig) -> None:
    def delay_ms() -> float:
        start = recording.length
        rig.play(rig.microphone(0), code(0, SAID_S)).wait()
        recording.wait_ms(500)
        heard = follow(recording.wire(rig.microphone(0), start), recording.wire(rig.speaker(1), start))
        print(f"copied: {heard}")
        return heard.delay_ms

    with rig.record() as recording, rig.copy(rig.microphone(0), rig.speaker(1)):
        before_ms = delay_ms()
        for _ in range(STOPS):
            for process in rig.processes[-3:]:
                process.send_signal(signal.SIGSTOP)
            recording.wait_ms(STOP_MS)
            for process in rig.processes[-3:]:
                process.send_signal(signal.SIGCONT)
            recording.wait_ms(STOP_MS)
        assert delay_ms() < before_ms + STOP_MS


def test_streams_of_an_attached_process_move_to_its_wires_and_others_stay_away(rig):
    script = "pacat --raw --channels=1 --rate=48000 --latency-msec=20 < {0} & parec > {1} & wait"
    command = ["sh", "-c", script.format("/dev/urandom", "/dev/null")]  # children, as a browser has
    process = subprocess.Popen(command, env=os.environ | rig.environment(), start_new_session=True)
    try:
        with rig.record() as recording:
            recording.wait_ms(300)
            everyone = [rig.speaker(member) for member in range(3)]
            assert [level_dbfs(recording.wire(wire)) < -90 for wire in everyone] == [True] * 3
            rig.attach(process.pid, member=2)
            rig.wait_attached(member=2)
            recording.wait_for_sound(rig.speaker(2), 5)
        assert level_dbfs(recording.wire(rig.speaker(0))) < -90
    finally:
        os.killpg(process.pid, 15)
        process.wait(5)


def test_the_rig_says_which_stream_is_missing(rig):
    with pytest.raises(AssertionError, match=r"no stream is on .*feed3"):
        rig.wait_attached(member=1, timeout_s=0.1)


def test_nothing_is_left_of_a_rig():
    with Rig(members=1) as rig, rig.record() as recording:
        recording.wait_ms(50)
        processes = [rig._pulseaudio, *rig.processes]
        assert all(process.poll() is None for process in processes)
    assert all(process.poll() is not None for process in processes)
    assert not rig._home.exists()
    assert recording.length > SAMPLE_RATE // 20


def test_what_a_rig_that_stands_still_has_spoilt_is_measured_again() -> None:
    sound = np.zeros(SAMPLE_RATE // 10, np.float32)
    with Rig(members=1) as rig:
        states = iter(("1", "0"))

        def measure() -> str:
            suspended = next(states)
            rig.pactl("suspend-sink", "bus", suspended)
            rig.play(rig.microphone(0), sound).wait()
            return suspended

        assert first_good(measure, lambda suspended: suspended == "0") == "0"
