"""What is said in a room, written down: part of messages.py (PROTOCOL.md, Captions).

Times are in ms of the relay's clock.
"""

from typing import Final, Literal, TypedDict

MAX_CAPTION_CHARACTERS: Final = 500
"""Of one line: twelve seconds of the fastest speech are about 300."""


class AskCaptions(TypedDict):
    """From who wants to read along, or no longer."""

    type: Literal["captions"]
    on: bool


class Captioning(TypedDict):
    """From who captions, with that right; from the relay, to all: whether anybody captions this room."""

    type: Literal["captioning"]
    on: bool


class _Line(TypedDict):
    talker_id: int
    id: int
    start_ms: int
    end_ms: int
    text: str
    final: bool


class WriteCaption(_Line):
    """A line of what `talker_id` said; the next one with this `id` replaces it, until it is `final`."""

    type: Literal["caption"]


class Caption(_Line):
    """To who reads along; `name` is the talker's."""

    type: Literal["caption"]
    name: str


class SetKeepCaptions(TypedDict):
    """From the host."""

    type: Literal["keep_captions"]
    on: bool


class KeepCaptions(TypedDict):
    """The host `talker_id` has decided that what is captioned is kept in the chat, or no longer."""

    type: Literal["keep_captions"]
    talker_id: int
    on: bool
