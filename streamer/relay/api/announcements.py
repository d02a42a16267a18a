"""`/rooms/{room}/announcements`: a sound, or a text, said to a room at its own pace; and stopped again."""

import asyncio
import itertools
from dataclasses import dataclass
from time import time_ns
from typing import Any, Final, NamedTuple

from aiohttp import web

from streamer.errors import AudioError, ControlError, RefusedError
from streamer.relay.access.invites import Right
from streamer.relay.access.names import distinguish
from streamer.relay.access.sanitize import MAX_NAME_CHARACTERS, clean_chat, clean_name
from streamer.relay.api.bodies import answer, check_lengths, id_of, read_object, refusal_of, room_of
from streamer.relay.api.callers import HOST, Caller, Callers
from streamer.relay.api.speech import LANGUAGES, MAX_SPEECH_CHARACTERS, speak
from streamer.relay.background import surviving
from streamer.relay.network.visitor import visitor_of
from streamer.relay.rooms.announcer import READ_FIRST, Announcer
from streamer.relay.rooms.lobby import Lobby
from streamer.relay.rooms.ogg_opus import OggOpus, is_ogg_opus
from streamer.relay.rooms.room import Room
from streamer.sounds import Piece, Sound, Studio
from streamer.websocket.sink import Flusher

MAX_SOUND_BYTES: Final = 16_777_216
"""Nearly three minutes of WAV in mono at 48 kHz, and hours of Ogg Opus."""

UPLOAD_S: Final = 60.0
"""For all of it to arrive, and be answered."""

MOST: Final = 4
"""At once, in all rooms, with those that still arrive: each takes 16 MiB at most, and a few percent of a
processor."""

SOUND_TYPES: Final = (
    "audio/wav",
    "audio/x-wav",
    "audio/wave",
    "audio/vnd.wave",
    "audio/ogg",
    "application/ogg",
)
_WANTED: Final = {"text": str}
_OPTIONAL: Final = {"language": str, "name": str}


@dataclass(slots=True, eq=False)
class _Spoken:
    """One that is being said now."""

    id: int
    caller_id: str
    room: Room
    announcer: Announcer
    task: asyncio.Task[None] | None = None


class _Opened(NamedTuple):
    """A sound, of which the `first` pieces are read."""

    sound: Sound
    first: list[Piece]


class AnnouncementsApi:
    """`studio` reads what is no Ogg Opus; None where there is no codec."""

    def __init__(self, callers: Callers, lobby: Lobby, flusher: Flusher, studio: Studio | None) -> None:
        self._callers = callers
        self._lobby = lobby
        self._flusher = flusher
        self._studio = studio
        self._ids = itertools.count(time_ns() // 1_000_000)
        self._spoken: dict[int, _Spoken] = {}
        self._arriving = 0

    def add_to(self, router: web.UrlDispatcher, prefix: str) -> None:
        router.add_post(f"{prefix}/rooms/{{room}}/announcements", self._announce)
        router.add_delete(f"{prefix}/rooms/{{room}}/announcements/{{id}}", self._cancel)

    def end(self) -> None:
        """The relay goes."""
        for spoken in list(self._spoken.values()):
            if spoken.task:
                spoken.task.cancel()

    async def _announce(self, request: web.Request) -> web.StreamResponse:
        name = room_of(request)
        caller = self._callers.caller(request)
        caller.check("speak", name)
        self._lobby.room(name)
        if len(self._spoken) + self._arriving >= MOST:
            message = f"{MOST} announcements are being made already: wait for one to end"
            raise RefusedError(message, status=429, code="too-many")
        self._arriving += 1
        try:
            opened, asked = await self._receive(request)
            try:
                spoken = self._begin(caller, self._lobby.room(name), opened, asked or caller.name)
            except RefusedError:
                opened.sound.close()
                raise
        finally:
            self._arriving -= 1
        body = {
            "id": spoken.id,
            "talker_id": spoken.announcer.talker_id,
            "name": spoken.announcer.name,
            "duration_s": round(opened.sound.duration_s, 3),
        }
        return answer(body, status=201, Location=f"announcements/{spoken.id}")

    async def _receive(self, request: web.Request) -> tuple[_Opened, str]:
        """The sound, and the name that the talker is to have."""
        if request.content_type == "application/json":
            fields = await read_object(request, _WANTED, _OPTIONAL)
            content = await asyncio.to_thread(speak, *_speech(fields))
            return await self._open(content), _name(fields.get("name", ""))
        if request.content_type not in SOUND_TYPES:
            kinds = "audio/wav, audio/ogg, or application/json with a text"
            raise RefusedError(f"the body must be {kinds}", status=415, code="bad-type")
        asked = _name(request.query.get("name", ""))
        visitor = visitor_of(request)
        if visitor:
            visitor.take_long(MAX_SOUND_BYTES + 65_536, UPLOAD_S)
        return await self._open(await _read_all(request)), asked

    async def _open(self, content: bytes) -> _Opened:
        studio = OggOpus if is_ogg_opus(content) else self._studio
        if studio is None:
            raise RefusedError("there is no codec here: send Ogg Opus", status=503, code="no-codec")
        try:
            return await asyncio.to_thread(_begin_reading, studio, content)
        except AudioError as error:
            raise RefusedError(str(error), status=422, code="not-audio") from None
        except OSError as error:
            message = f"there is no place for the sound on the relay's computer: {error.strerror or error}"
            raise RefusedError(message, status=503, code="not-stored") from None

    def _begin(self, caller: Caller, room: Room, opened: _Opened, name: str) -> _Spoken:
        right = Right.HOST if "moderate" in caller.scopes else Right.GUEST
        own = distinguish(name, room.names)
        token_id = "" if caller.id == HOST else caller.id
        announcer = Announcer(own, right, caller.scopes, token_id, self._flusher)
        room.join(announcer)
        spoken = _Spoken(next(self._ids), caller.id, room, announcer)
        spoken.task = task = asyncio.create_task(self._say(spoken, opened))
        announcer.on_sent_away = lambda: _cancel(task)
        self._spoken[spoken.id] = spoken
        return spoken

    async def _say(self, spoken: _Spoken, opened: _Opened) -> None:
        try:
            with surviving("an announcement"):
                await spoken.announcer.say(spoken.room, *opened)
        finally:
            self._spoken.pop(spoken.id, None)
            spoken.room.leave(spoken.announcer)
            opened.sound.close()

    async def _cancel(self, request: web.Request) -> web.StreamResponse:
        """It is silent when this is answered."""
        name = room_of(request)
        caller = self._callers.caller(request)
        caller.check("speak", name)
        spoken = self._spoken.get(id_of(request))
        if spoken is None or spoken.room.name != name:
            raise RefusedError(
                "no announcement with this id is being played", status=404, code="no-announcement"
            )
        if spoken.caller_id != caller.id and "moderate" not in caller.scopes:
            raise RefusedError("another token has begun this announcement", status=403, code="no-scope")
        if spoken.task:
            spoken.task.cancel()
            await asyncio.wait([spoken.task])
        return web.Response(status=204)


def _begin_reading(studio: Studio, content: bytes) -> _Opened:
    """In a thread, and all of it in one: on a busy computer each wait for a thread takes some ms. Raises
    AudioError."""
    sound = studio(content)
    try:
        return _Opened(sound, sound.read(READ_FIRST))
    except BaseException:
        sound.close()
        raise


def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()


def _speech(fields: dict[str, Any]) -> tuple[str, str]:
    check_lengths(fields, {"text": MAX_SPEECH_CHARACTERS, "name": MAX_NAME_CHARACTERS})
    language = fields.get("language", LANGUAGES[0])
    if language not in LANGUAGES:
        raise RefusedError(f"the language is one of {', '.join(LANGUAGES)}", status=400, code="bad-body")
    try:
        return clean_chat(fields["text"]), language
    except ControlError as error:
        raise refusal_of(error) from None


def _name(asked: str) -> str:
    """Empty where none is asked for; else as others see it."""
    return clean_name(asked) if asked else ""


async def _read_all(request: web.Request) -> bytes:
    content = bytearray()
    async for chunk in request.content.iter_any():
        content += chunk
        if len(content) > MAX_SOUND_BYTES:
            raise RefusedError(f"a sound has at most {MAX_SOUND_BYTES} bytes", status=413, code="too-big")
    if request.content_length is not None and len(content) < request.content_length:
        raise RefusedError("the body ended early", status=400, code="bad-request")
    return bytes(content)
