"""The microphone. Its callback only copies into a ring; the session takes whole frames out of it.

sounddevice is imported when a device is opened, so that everything with files works on a machine without
PortAudio.
"""

from contextlib import suppress
from time import perf_counter
from types import ModuleType
from typing import Any, Final, Protocol

import numpy as np

from streamer.audio_format import CHANNELS, SAMPLE_RATE, SAMPLES_PER_FRAME
from streamer.client.audio.device_choice import WHAT, Kind, choose_device
from streamer.client.audio.sample_ring import Ring
from streamer.client.audio.samples import Samples, in_channels
from streamer.client.audio.transmit_gate import Mode
from streamer.errors import AudioError

BLOCK_SAMPLES: Final = 240
SHORT_BLOCK_SAMPLES: Final = 120
"""For packets shorter than 10 ms: the device gets two blocks as short, and the program twice as many
callbacks."""

_RING_SAMPLES: Final = SAMPLE_RATE // 2
_STALE_SAMPLES: Final = SAMPLE_RATE * 6 // 100
"""60 ms. More than this in the ring means that this program stalled: that sound is stale, and is dropped."""

_POLL_S: Final = 0.001
"""A frame is waited for in such steps where nothing tells that it is there: 1 ms more delay at most."""


class Source(Protocol):
    """Where a voice comes from, a packet at a time. `now` is in seconds of perf_counter()."""

    @property
    def name(self) -> str: ...

    @property
    def mode(self) -> Mode:
        """What of it the others get."""

    @property
    def ended(self) -> bool:
        """No more frames will come."""

    def start(self, now: float) -> None:
        """What sounds from now on counts."""

    def pop(self, now: float, n_samples: int = SAMPLES_PER_FRAME) -> tuple[int, Samples] | None:
        """The position of the next sample, and the next `n_samples`; None while they aren't complete.

        A source that works in frames of 10 ms gives those, whatever it is asked for.
        """

    def wait_s(self, now: float) -> float:
        """How long to wait before it makes sense to pop again."""

    def captured_at(self, position: int) -> float:
        """When the sample `position` entered the microphone."""

    @property
    def piece_samples(self) -> int:
        """How long the pieces are in which it hands its sound over."""

    @property
    def latency_s(self) -> float | None:
        """How long a sample takes from the microphone to here, as the device reports it; None where it
        doesn't."""

    def close(self) -> None: ...


class Microphone:
    """A Source. Raises AudioError where there is no such device.

    Where it has one channel and more are asked for, all are equal.
    """

    mode: Mode = "free"
    ended = False

    def __init__(
        self, device: str | None = None, channels: int = CHANNELS, block_samples: int = BLOCK_SAMPLES
    ) -> None:
        self.piece_samples = block_samples
        self._ring = Ring(_RING_SAMPLES, channels)
        self._channels = channels
        self._captured = 0
        self._popped = 0
        self._anchor = (0, perf_counter())
        self.overflows = 0
        self.latency_s: float | None = None
        self._stream, self.remark = open_stream("input", device, self._on_block, channels, block_samples)
        self.name = device_name(self._stream)

    def start(self, now: float) -> None:
        self._skip(self._ring.level_samples)

    def pop(self, now: float, n_samples: int = SAMPLES_PER_FRAME) -> tuple[int, Samples] | None:
        if self._ring.level_samples > _STALE_SAMPLES:
            self._skip(self._ring.level_samples - n_samples)
        samples = self._ring.pop(n_samples)
        if samples is None:
            if not is_running(self._stream):
                raise AudioError(f"The microphone ({self.name}) was disconnected")
            return None
        position = self._popped + self._ring.overrun_samples
        self._popped += n_samples
        return position, samples

    def wait_s(self, now: float) -> float:
        return _POLL_S

    def captured_at(self, position: int) -> float:
        anchor, at = self._anchor
        return at + (position - anchor) / SAMPLE_RATE

    def close(self) -> None:
        close_stream(self._stream)

    def _skip(self, n_samples: int) -> None:
        self._ring.skip(n_samples)
        self._popped += n_samples

    def _on_block(self, block: Any, n_samples: int, time: Any, status: Any) -> None:
        self.latency_s = time.currentTime - time.inputBufferAdcTime
        self._anchor = (self._captured, perf_counter() - self.latency_s)
        samples = np.frombuffer(block, dtype=np.float32)
        copies = self._channels * n_samples // len(samples)
        self._ring.push(in_channels(np.repeat(samples, copies), self._channels))
        self._captured += n_samples
        self.overflows += bool(status.input_overflow)


def open_stream(
    kind: Kind, device: str | None, callback: Any, channels: int, block_samples: int = BLOCK_SAMPLES
) -> tuple[Any, str]:
    """A running stream in blocks of `block_samples`, and what to tell about the choice of it. Raises
    AudioError.

    An input has fewer `channels` where the device has fewer.
    """
    sounddevice = import_sounddevice()
    raw_stream = sounddevice.RawInputStream if kind == "input" else sounddevice.RawOutputStream
    try:
        number, remark = choose_device(sounddevice, device, kind)
        if kind == "input":
            channels = min(channels, sounddevice.query_devices(number, kind)["max_input_channels"])
        stream = raw_stream(
            samplerate=SAMPLE_RATE,
            blocksize=block_samples,
            device=number,
            channels=channels,
            dtype="float32",
            latency=2 * block_samples / SAMPLE_RATE if block_samples < BLOCK_SAMPLES else "low",
            callback=callback,
        )
        stream.start()
    except (sounddevice.PortAudioError, ValueError) as error:
        raise AudioError(_describe_unopened(kind, device, error)) from error
    return stream, remark


def import_sounddevice() -> ModuleType:
    """Raises AudioError where PortAudio is missing."""
    try:
        import sounddevice
    except (ImportError, OSError) as error:
        raise AudioError(
            f"PortAudio is missing ({error}): install the package libportaudio2 "
            "(`sudo apt-get install libportaudio2`), or use --input FILE.wav and --output FILE.wav instead"
        ) from error
    module: ModuleType = sounddevice
    return module


def device_name(stream: Any) -> str:
    sounddevice = import_sounddevice()
    with suppress(sounddevice.PortAudioError, ValueError):  # it may have gone away meanwhile
        return str(sounddevice.query_devices(stream.device)["name"])
    return "unknown"


def is_running(stream: Any) -> bool:
    """False too where the device has gone, and PortAudio has an error for that."""
    with suppress(import_sounddevice().PortAudioError):
        return bool(stream.active)
    return False


def close_stream(stream: Any) -> None:
    with suppress(import_sounddevice().PortAudioError):  # of a device that has gone
        stream.close()


def list_devices() -> str:
    """One line a device: its number and name, either of which `--device` takes, and what it can do."""
    lines = [f"{device['index']:3}  {device['name']}  ({_abilities(device)})" for device in _query_devices()]
    return "\n".join(lines) or "There are no sound devices here: use --input FILE.wav and --output FILE.wav."


def default_devices() -> tuple[str | None, str | None]:
    """The names of the default microphone and loudspeaker; None for one that does not exist."""
    names = {device["index"]: str(device["name"]) for device in _query_devices()}
    microphone, loudspeaker = import_sounddevice().default.device
    return names.get(microphone), names.get(loudspeaker)


def _query_devices() -> list[dict[str, Any]]:
    sounddevice = import_sounddevice()
    try:
        return list(sounddevice.query_devices())
    except sounddevice.PortAudioError as error:
        raise AudioError(f"The sound devices can't be listed ({error})") from error


def _abilities(device: dict[str, Any]) -> str:
    kinds = {"microphone": device["max_input_channels"], "loudspeaker": device["max_output_channels"]}
    return " and ".join(kind for kind, channels in kinds.items() if channels) or "neither in nor out"


def _describe_unopened(kind: Kind, device: str | None, error: Exception) -> str:
    which = f"The {WHAT[kind]} {device} can't be opened" if device else f"There is no {WHAT[kind]} that works"
    return f"{which} ({error}): see --list-devices, or use --{kind} FILE.wav instead of a sound card"
