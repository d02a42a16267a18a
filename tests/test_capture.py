import pytest
from without_libraries import said_without_libraries

from streamer.client import capture
from streamer.client.capture import Microphone, list_devices
from streamer.client.playout import Speaker
from streamer.client.samples import silence
from streamer.errors import AudioError


def test_without_portaudio_one_is_told_what_to_install_and_what_works_without() -> None:
    told = said_without_libraries("from streamer.client import capture, session; capture.list_devices()")
    assert "PortAudio is missing" in told
    assert "libportaudio2" in told
    assert "--input FILE.wav" in told


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
