from types import ModuleType, SimpleNamespace

import pytest
from without_libraries import said_without_libraries

from streamer.client.audio import microphone as capture
from streamer.client.audio.device_choice import Kind, choose_device
from streamer.client.audio.microphone import Microphone, list_devices
from streamer.client.audio.samples import silence
from streamer.client.audio.speaker import Speaker
from streamer.errors import AudioError


def test_without_portaudio_one_is_told_what_to_install_and_what_works_without() -> None:
    told = said_without_libraries(
        "from streamer.client import talk_and_listen; from streamer.client.audio import microphone; "
        "microphone.list_devices()"
    )
    assert "PortAudio is missing" in told
    assert "libportaudio2" in told
    assert "--input FILE.wav" in told


@pytest.mark.parametrize("device", ["no such device", "999"])
def test_a_device_that_is_not_there_is_named(device: str) -> None:
    with pytest.raises(AudioError, match=f"No microphone is called {device}.*--list-devices"):
        Microphone(device)
    with pytest.raises(AudioError, match=f"No loudspeaker is called {device}.*--output FILE"):
        Speaker(lambda n_samples, now: silence(n_samples), device)


def a_sound_card(monkeypatch: pytest.MonkeyPatch, *devices: str) -> ModuleType:
    """Each device is its name, with < for a microphone, > for a loudspeaker, and @ for the number of its host
    API."""
    known = []
    for index, device in enumerate(devices):
        name, _, host_api = device.strip("<>").partition(" @")
        sides = {"max_input_channels": int("<" in device), "max_output_channels": int(">" in device)}
        known.append({"index": index, "name": name, "hostapi": int(host_api or 0), **sides})
    sounddevice = capture.import_sounddevice()
    monkeypatch.setattr(sounddevice, "query_devices", lambda: known)
    monkeypatch.setattr(sounddevice, "query_hostapis", lambda number: {"name": ("ALSA", "JACK")[number]})
    monkeypatch.setattr(sounddevice, "default", SimpleNamespace(hostapi=0))
    return sounddevice


USB = ("Built-in<>", "usb mic front<", "usb mic back<", "usb speaker>")


@pytest.mark.parametrize(
    ("devices", "device", "microphone", "loudspeaker"),
    [
        (USB, "usb mic front", 1, None),
        (USB, "USB MIC BACK", 2, None),
        (USB, "back usb", 2, None),
        (USB, "2", 2, None),
        (USB, "built", 0, 0),
        (USB, "speaker", None, 3),
        (("usb<", "usb mic<"), "usb", 0, None),
        (("usb @0<", "usb @1<"), "usb", 0, None),
        (("usb @0<", "usb @1<"), "usb, jack", 1, None),
        (("a 1<", "b<"), "1", 1, None),
    ],
)
def test_a_device_is_found_by_its_number_its_whole_name_or_words_of_it(
    monkeypatch: pytest.MonkeyPatch,
    devices: tuple[str, ...],
    device: str,
    microphone: int | None,
    loudspeaker: int | None,
) -> None:
    card = a_sound_card(monkeypatch, *devices)
    for kind, wanted in (("input", microphone), ("output", loudspeaker)):
        number, remark = choose_device(card, device, kind)
        assert number == wanted
        assert bool(remark) == (wanted is None)  # the default one instead is never silent


@pytest.mark.parametrize(
    ("devices", "device", "kind", "words"),
    [
        (
            USB,
            "usb",
            "input",
            r"usb matches several microphones: 1 \(usb mic front\), 2 \(usb mic back\); choose",
        ),
        (USB, "mic", "input", "several microphones"),
        (("usb @0<", "usb @0<"), "usb", "input", "several microphones"),
        (("out one>", "out two>"), "out", "output", "several loudspeakers"),
        (USB, "9", "input", "No microphone is called 9: they are numbered from 0 to 3"),
        (USB, "-1", "output", "No loudspeaker is called -1"),
        (USB, "²", "output", "No loudspeaker is called ²"),
        (USB, "bluetooth", "input", "No microphone is called bluetooth"),
    ],
)
def test_what_could_be_several_devices_or_none_is_never_guessed(
    monkeypatch: pytest.MonkeyPatch, devices: tuple[str, ...], device: str, kind: Kind, words: str
) -> None:
    with pytest.raises(AudioError, match=words):
        choose_device(a_sound_card(monkeypatch, *devices), device, kind)


def test_the_other_direction_still_works_where_one_is_unclear(monkeypatch: pytest.MonkeyPatch) -> None:
    assert choose_device(a_sound_card(monkeypatch, *USB), "usb", "output") == (3, "")


def test_a_machine_without_devices_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture.import_sounddevice(), "query_devices", list)
    assert "no sound devices" in list_devices()


def test_devices_are_listed_with_what_they_can_do(monkeypatch: pytest.MonkeyPatch) -> None:
    devices = [
        {"index": 0, "name": "Built-in", "max_input_channels": 2, "max_output_channels": 2},
        {"index": 1, "name": "USB", "max_input_channels": 1, "max_output_channels": 0},
    ]
    monkeypatch.setattr(capture.import_sounddevice(), "query_devices", lambda: devices)
    assert list_devices().splitlines() == [
        "  0  Built-in  (microphone and loudspeaker)",
        "  1  USB  (microphone)",
    ]
