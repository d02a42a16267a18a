"""Finds the device that `--device` means."""

from types import ModuleType
from typing import Any, Final, Literal

from streamer.errors import AudioError

Kind = Literal["input", "output"]

WHAT: Final[dict[Kind, str]] = {"input": "microphone", "output": "loudspeaker"}
_HOW_TO_CHOOSE: Final = "choose one with --device and its number or its full name"


def choose_device(sounddevice: ModuleType, device: str | None, kind: Kind) -> tuple[int | None, str]:
    """The number of `device`, and what to tell about it; None is the default one. Raises AudioError.

    A name is one of `--list-devices`, or words of it. `device` may be of the other kind alone: who names a
    microphone gets the usual loudspeaker, and is told. What could be several is never guessed.
    """
    if not device:
        return None, ""
    devices = list(sounddevice.query_devices())
    matching = [each for each in devices if _is_called(device, each, _host_api(sounddevice, each))]
    able = [each for each in matching if each[f"max_{kind}_channels"]]
    exact = [each for each in able if device.casefold() in _whole_names(each, _host_api(sounddevice, each))]
    found = exact or able
    if len(found) > 1:
        usual = [each for each in exact if each["hostapi"] == sounddevice.default.hostapi]
        found = usual if len(usual) == 1 else found
    if len(found) > 1:
        raise AudioError(f"{device} matches several {WHAT[kind]}s: {_several(found)}; {_HOW_TO_CHOOSE}")
    if found:
        return int(found[0]["index"]), ""
    if not matching:
        raise AudioError(_describe_missing(kind, device, len(devices)))
    others = "" if len(matching) == 1 else f" ({_several(matching)})"
    return None, f"No {WHAT[kind]} is called {device}{others}: using the default one"


def _is_called(device: str, known: dict[str, Any], host_api: str) -> bool:
    """Is it the number, the whole name, or are all words in the name and that of the host API?"""
    if device.isascii() and device.isdecimal():
        return bool(int(device) == known["index"])
    whole: str = f"{known['name']}, {host_api}".casefold()
    return all(word in whole for word in device.casefold().split())


def _whole_names(known: dict[str, Any], host_api: str) -> tuple[str, str]:
    return known["name"].casefold(), f"{known['name']}, {host_api}".casefold()


def _host_api(sounddevice: ModuleType, known: dict[str, Any]) -> str:
    return str(sounddevice.query_hostapis(known["hostapi"])["name"])


def _several(devices: list[dict[str, Any]]) -> str:
    return ", ".join(f"{each['index']} ({each['name']})" for each in devices)


def _describe_missing(kind: Kind, device: str, count: int) -> str:
    there = f"they are numbered from 0 to {count - 1}; see" if device.isdecimal() and count else "see"
    return f"No {WHAT[kind]} is called {device}: {there} --list-devices, or use --{kind} FILE.wav instead"
