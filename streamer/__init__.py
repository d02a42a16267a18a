"""streamer: talk to everyone on your Wi-Fi, and see how long a voice takes.

    async with streamer.join(url, name="Robot") as room:
        await room.play("hello.wav")

What is named in `__all__` is the interface for programs (docs/python-api.md); it stays as it is. Its modules
are imported when one of its names is asked for, so that a relay starts without a client.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from streamer.client.audio.microphone import Microphone
    from streamer.client.audio.speaker import Speaker
    from streamer.client.audio.wav_files import FilePlayout
    from streamer.client.ears import Ear
    from streamer.client.events import (
        Back,
        Caption,
        Captioning,
        Changed,
        Chat,
        Command,
        Entered,
        Event,
        Floor,
        Heard,
        Hint,
        Joined,
        KeepCaptions,
        Knocks,
        Left,
        Locked,
        Lost,
        Member,
        Missed,
        Muted,
        NewLink,
        Notice,
        OnlyHosts,
        Received,
        Recording,
        Refused,
        Reply,
        Result,
        Talking,
        Telemetry,
        Trouble,
        Turn,
    )
    from streamer.client.programs import SentNotice
    from streamer.client.room import Room, join
    from streamer.errors import (
        AudioError,
        CertificateError,
        ConnectionLostError,
        DeniedError,
        RefusedError,
        SentAwayError,
        StreamerError,
    )
    from streamer.terminal_text import one_line

__version__: Final = "0.1.0"

_HOMES: Final = {
    "client.audio.microphone": ("Microphone",),
    "client.audio.speaker": ("Speaker",),
    "client.audio.wav_files": ("FilePlayout",),
    "client.ears": ("Ear",),
    "client.events": (
        "Back", "Caption", "Captioning", "Changed", "Chat", "Command", "Entered", "Event", "Floor",
        "Heard", "Hint", "Joined", "KeepCaptions", "Knocks", "Left", "Locked", "Lost", "Member", "Missed",
        "Muted",
        "NewLink", "Notice", "OnlyHosts",
        "Received", "Recording", "Refused", "Reply", "Result", "Talking", "Telemetry", "Trouble", "Turn",
    ),
    "client.programs": ("SentNotice",),
    "client.room": ("Room", "join"),
    "errors": (
        "AudioError", "CertificateError", "ConnectionLostError", "DeniedError", "RefusedError",
        "SentAwayError", "StreamerError",
    ),
    "terminal_text": ("one_line",),
}  # fmt: skip
"""The module of each public name."""

_HOME_OF: Final = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "AudioError", "Back", "Caption", "Captioning", "CertificateError", "Changed", "Chat", "Command",
    "ConnectionLostError",
    "DeniedError", "Ear", "Entered", "Event", "FilePlayout", "Floor", "Heard", "Hint", "Joined",
    "KeepCaptions", "Knocks",
    "Left", "Locked", "Lost", "Member", "Microphone", "Missed", "Muted", "NewLink", "Notice", "OnlyHosts",
    "Received", "Recording", "Refused", "RefusedError", "Reply", "Result", "Room", "SentAwayError",
    "SentNotice",
    "Speaker", "StreamerError", "Talking", "Telemetry", "Trouble", "Turn", "__version__", "join",
    "one_line",
]  # fmt: skip

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        home = _HOME_OF.get(name)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{home}"), name)
