"""What is said about recording a room: part of messages.py (PROTOCOL.md, Recording)."""

from typing import Literal, TypedDict


class SayRecording(TypedDict):
    """From a recorder: whether it records the room from now on."""

    type: Literal["recording"]
    on: bool


class AskRecorder(TypedDict):
    """From the host: that the relay's own recorder begins, or ends."""

    type: Literal["record"]
    on: bool


class LeaveMeOut(TypedDict):
    """Whether this member is in no recording."""

    type: Literal["leave-me-out"]
    on: bool


OfRecording = SayRecording | AskRecorder | LeaveMeOut
"""What a client may send of it."""


class Recording(TypedDict):
    """Whether this room is recorded, by whom, and who is left out of it."""

    type: Literal["recording"]
    on: bool
    by: str
    left_out: list[int]
