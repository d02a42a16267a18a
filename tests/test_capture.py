import subprocess
import sys

import pytest

from streamer.client import capture
from streamer.client.capture import Microphone, list_devices
from streamer.client.playout import Speaker
from streamer.client.samples import silence
from streamer.errors import AudioError

WITHOUT_PORTAUDIO = """
import ctypes.util
ctypes.util.find_library = lambda name: None
from streamer.client import session
from streamer.client.capture import list_devices
from streamer.errors import AudioError
try:
    list_devices()
except AudioError as error:
    print(error)
"""


def test_without_portaudio_one_is_told_what_to_install_and_what_works_without() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT_PORTAUDIO], capture_output=True, text=True, check=True)
    assert "PortAudio is missing" in done.stdout
    assert "libportaudio2" in done.stdout
    assert "--input FILE.wav" in done.stdout


@pytest.mark.parametrize("device", ["no such device", "999"])
def test_a_device_that_is_not_there_is_named(device: str) -> None:
    with pytest.raises(AudioError, match=f"No microphone is called {device}.*--list-devices"):
        Microphone(device)
    with pytest.raises(AudioError, match=f"No loudspeaker is called {device}.*--output FILE"):
        Speaker(lambda n_samples, now: silence(n_samples), device)


def test_a_machine_without_devices_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture.import_sounddevice(), "query_devices", list)
    assert "no sound devices" in list_devices()


def test_devices_are_listed_with_what_they_can_do(monkeypatch: pytest.MonkeyPatch) -> None:
    devices = [
        {"index": 0, "name": "Built-in", "max_input_channels": 2, "max_output_channels": 2},
        {"index": 1, "name": "USB", "max_input_channels": 1, "max_output_channels": 0},
    ]
    monkeypatch.setattr(capture.import_sounddevice(), "query_devices", lambda: devices)
    assert list_devices().splitlines() == ["  0  Built-in  (microphone and loudspeaker)", "  1  USB  (microphone)"]
