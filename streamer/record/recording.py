"""One recording: a file for each talker, `session.json`, and what was written, as WebVTT; all with the same
zero time.

    session.json   who was there, who talked when, and in which file
    01-Anna.opus   what Anna sent, packet by packet, with coded silence in between
    chat.vtt       what was written
    captions.vtt   what was said, where somebody captions

Times come in as seconds of any clock that does not jump; `zero_s` is when the recording began. A talker is
known by its name, which nobody else in the room has at the same time: who comes back has another talker_id,
and the same file. Who asks to be left out is in none of the files, as if never there.
"""

import json
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from streamer import __version__
from streamer.audio_format import SAMPLE_RATE
from streamer.errors import SetupError
from streamer.record import webvtt
from streamer.record.folder import Folder, file_name_of
from streamer.record.track import Track
from streamer.wire.packet import Packet

SESSION: Final = "session.json"
CHAT: Final = "chat.vtt"
CAPTIONS: Final = "captions.vtt"
FORMAT: Final = 1
"""Of session.json."""

MAX_TRACKS: Final = 256
"""Files of talkers. Whoever comes again and again by other names fills no disk with them."""

MAX_VISITS: Final = 10_000
"""Comings and goings that session.json tells of."""

PAGE_S: Final = 0.5
"""A page of each talker; with what is held back, a crash loses less than a second."""

SHOWN_S: Final = 5.0
"""For how long a player shows what was written."""

CapturedAt = Callable[[int, int], float | None]
"""When a talker_id captured a timestamp, in s of the recording's clock; None while that is not known."""


class _Talker:
    def __init__(self, name: str, file: str, track: Track, first_s: float) -> None:
        self.name = name
        self.file = file
        self.track = track
        self.first_s = first_s
        self.last_s = first_s
        self.is_begun = False
        self.unwritten = b""
        """What the disk did not take: the end may find a place for it."""
        self.channels = 0

    def describe(self) -> dict[str, Any]:
        track = self.track
        return {
            "file": self.file,
            "name": self.name,
            "first_s": round(self.first_s, 3),
            "last_s": round(self.last_s, 3),
            "channels": self.channels,
            "packets": track.packets,
            "lost": track.lost,
            "left_out": {"late": track.late, "unreadable": track.unreadable, "too_fast": track.too_fast},
        }


class Recording:
    """Into `folder`. Methods that write raise SetupError where the disk does not take it."""

    def __init__(
        self, folder: Folder, room: str, zero_s: float, captured: CapturedAt, began: datetime | None = None
    ) -> None:
        self._folder = folder
        self._room = room
        self._zero_s = zero_s
        self._captured = captured
        self._began = began or datetime.now(UTC)
        self._talkers: dict[str, _Talker] = {}
        self._files = 0
        self._visits: list[dict[str, Any]] = []
        self._here: dict[str, dict[str, Any]] = {}
        self._left_out: set[str] = set()
        self._wrote_s = zero_s
        self._has_news = True
        """For session.json."""
        self.not_recorded = 0
        """Packets of talkers beyond MAX_TRACKS."""
        self._write_session()

    @property
    def tracks(self) -> int:
        return len(self._talkers)

    def push(self, talker_id: int, name: str, packet: Packet, arrived_s: float) -> None:
        """A packet that came at `arrived_s`."""
        if name in self._left_out:
            return
        talker = self._talkers.get(name) or self._add(name, arrived_s)
        if talker is None:
            self.not_recorded += 1
            return
        talker.last_s = arrived_s - self._zero_s
        talker.track.push(packet, talker_id, self._position(arrived_s))

    def meet(self, names: set[str], now_s: float) -> None:
        """These are in the room now, and nobody else."""
        for name in self._here.keys() - names:
            self._here.pop(name)["left_s"] = self._at(now_s)
            self._has_news = True
        for name in sorted(names - self._here.keys() - self._left_out):
            self._arrive(name, now_s)

    def _arrive(self, name: str, now_s: float) -> None:
        self._here[name] = {"name": name, "joined_s": self._at(now_s), "left_s": None}
        self._has_news = True
        if len(self._visits) < MAX_VISITS:
            self._visits.append(self._here[name])

    def leave_out(self, names: set[str]) -> None:
        """Those who are left out from now on; what was kept of them is deleted."""
        new, self._left_out = names - self._left_out, set(names)
        for name in new:
            self._forget(name)
        if new:
            self._folder.cut(SESSION, self._session())
            self._has_news = False

    def wrote(self, name: str, text: str, now_s: float) -> None:
        """Somebody wrote something."""
        at_s = now_s - self._zero_s
        self._add_cue(CHAT, name, text, at_s, at_s + SHOWN_S)

    def captioned(self, name: str, text: str, begin_s: float, end_s: float) -> None:
        """Somebody said something, from `begin_s` to `end_s`."""
        self._add_cue(CAPTIONS, name, text, begin_s - self._zero_s, end_s - self._zero_s)

    def tick(self, now_s: float) -> None:
        """To be called some times a second: writes what is due."""
        for talker in self._talkers.values():
            talker.track.place(self._position(now_s))
        if now_s - self._wrote_s >= PAGE_S:
            self._wrote_s = now_s
            for talker in self._talkers.values():
                self._write(talker)
            self._write_session()

    def close(self, now_s: float) -> None:
        """All files end together. Raises SetupError where the disk is full: what is written plays all the
        same."""
        self._folder.free_reserve()
        for talker in self._talkers.values():
            talker.track.finish(self._position(now_s))
        length = max([self._position(now_s), *(talker.track.length for talker in self._talkers.values())])
        failures: list[SetupError] = []
        for talker in self._talkers.values():
            self._trying(failures, partial(self._write, talker, talker.track.end(length)))
        self.meet(set(), now_s)
        self._trying(failures, partial(self._write_session, length))
        if failures:
            raise failures[0]

    @staticmethod
    def _trying(failures: list[SetupError], work: Callable[[], None]) -> None:
        try:
            work()
        except SetupError as error:
            failures.append(error)

    def _add(self, name: str, now_s: float) -> _Talker | None:
        if len(self._talkers) >= MAX_TRACKS:
            return None
        self._files += 1
        file = file_name_of(name, self._files, ".opus")
        tags = {"TITLE": name, "ALBUM": self._room, "DATE": self._began.date().isoformat()}
        track = Track(secrets.randbits(32), tags, self._captured_position)
        self._talkers[name] = talker = _Talker(name, file, track, now_s - self._zero_s)
        return talker

    def _captured_position(self, talker_id: int, timestamp: int) -> float | None:
        captured_s = self._captured(talker_id, timestamp)
        return None if captured_s is None else (captured_s - self._zero_s) * SAMPLE_RATE

    def _write(self, talker: _Talker, rest: bytes = b"") -> None:
        track = talker.track
        if not track.channels:
            return
        talker.unwritten += track.take() + rest
        if not talker.is_begun:
            self._folder.create(talker.file, track.header())
            talker.is_begun = self._has_news = True
        elif track.channels != talker.channels:
            self._folder.overwrite_beginning(talker.file, track.head_page())
        talker.channels = track.channels
        self._folder.append(talker.file, talker.unwritten)
        talker.unwritten = b""

    def _add_cue(self, file: str, name: str, text: str, begin_s: float, end_s: float) -> None:
        if name in self._left_out:
            return
        content = webvtt.cue(begin_s, end_s, name, text)
        if (self._folder.path / file).exists():
            self._folder.append(file, content)
        else:
            self._folder.create(file, webvtt.HEADER + content)

    def _forget(self, name: str) -> None:
        talker = self._talkers.pop(name, None)
        if talker:
            self._folder.remove(talker.file)
        self._here.pop(name, None)
        self._visits = [visit for visit in self._visits if visit["name"] != name]
        self._has_news = True
        for file in (CHAT, CAPTIONS):
            if (self._folder.path / file).exists():
                self._folder.cut(file, webvtt.without_speaker(self._folder.read(file), name))

    def _write_session(self, length: int | None = None) -> None:
        """Where there is something new to tell, and at the end."""
        if self._has_news or length is not None:
            self._folder.replace(SESSION, self._session(length))
            self._has_news = False

    def _session(self, length: int | None = None) -> bytes:
        session = {
            "format": FORMAT,
            "program": f"streamer {__version__}",
            "room": self._room,
            "began": self._began.isoformat(timespec="milliseconds"),
            "complete": length is not None,
            "length_s": None if length is None else length / SAMPLE_RATE,
            "sample_rate": SAMPLE_RATE,
            "tracks": [talker.describe() for talker in self._talkers.values() if talker.is_begun],
            "members": self._visits,
        }
        return json.dumps(session, indent=1, ensure_ascii=False).encode(errors="replace")

    def _position(self, at_s: float) -> int:
        return round((at_s - self._zero_s) * SAMPLE_RATE)

    def _at(self, now_s: float) -> float:
        return round(now_s - self._zero_s, 3)
