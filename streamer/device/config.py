"""The file that describes a device, TOML. What is wrong in it is said first, with the name of the field.

    link = "https://192.168.1.20:8443/#room=home&token=…"
    name = "Kitchen"
    ca = "ca.pem"

    [sound]
    device = "USB"             # "" is the default device, "none" is a device without sound
    volume = 80                # percent
    listen = true
    muted = false

    [talk]
    by = "file"                # "voice", "key", "file", "lines", or "never"
    file = "/run/button"       # by = "file": it holds `pressed` while the button is down
    pressed = "1"
    input = "/dev/input/event0"  # by = "key": where Linux tells of keys, and the code of one
    code = 57

    [sounds]                   # what the command `play` knows
    ring = "ring.wav"

    [commands]                 # programs that a command of that name starts
    open = ["/usr/local/bin/open-gate"]

    [telemetry]
    every_s = 10
    [telemetry.files]          # readings: the first line of a file each
    temperature_c = "/run/temperature"
"""

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, TypeVar, get_args

from streamer.errors import SetupError, StreamerError, in_words
from streamer.wire.control import MAX_COMMAND_CHARACTERS
from streamer.wire.room_link import Address

TalkBy = Literal["voice", "key", "file", "lines", "never"]
BUILT_IN: Final = ("mute", "volume", "play", "listen")
"""Commands that every device knows."""

NO_SOUND: Final = "none"
MAX_BYTES: Final = 65_536
"""A configuration of a page is 2,000 bytes; more is another file."""

MOST_NAMES: Final = 64
"""Sounds, commands and readings, of each: more would not fit what a relay keeps of one member."""

_EVERY_S: Final = (1, 3_600)
"""More often is a burden, and less often than once an hour is no sign of life."""
_PERCENT: Final = (0, 100)
_KEY_CODES: Final = (1, 767)
"""KEY_MAX of Linux, input-event-codes.h; 57 is the space bar."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class SoundConfig:
    """`device` is None for the default one; `volume` is in percent."""

    device: str | None = None
    is_off: bool = False
    volume: int = 80
    listen: bool = True
    muted: bool = False


@dataclass(frozen=True, slots=True)
class TalkConfig:
    by: TalkBy = "voice"
    file: Path | None = None
    pressed: str = "1"
    input: Path | None = None
    code: int = 57


@dataclass(frozen=True, slots=True)
class TelemetryConfig:
    every_s: float = 10.0
    files: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeviceConfig:
    link: str
    name: str
    ca: Path | None = None
    sound: SoundConfig = SoundConfig()
    talk: TalkConfig = TalkConfig()
    sounds: Mapping[str, Path] = field(default_factory=dict)
    commands: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    telemetry: TelemetryConfig = TelemetryConfig()


def read_config(path: Path) -> DeviceConfig:
    """Raises SetupError, which names the file and what is wrong in it. Paths are relative to the file."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise SetupError(f"the configuration can't be read: {in_words(error)}") from None
    try:
        if len(content) > MAX_BYTES:
            raise SetupError(f"it is longer than {MAX_BYTES:,} bytes")
        return _parse(tomllib.loads(content.decode()), path.absolute().parent)
    except UnicodeDecodeError:
        raise SetupError(f"{path}: it is not UTF-8") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SetupError(f"{path} is not TOML: {error}") from None
    except StreamerError as error:
        raise SetupError(f"{path}: {error}") from None


def _parse(document: dict[str, Any], folder: Path) -> DeviceConfig:
    top = Table(document, "", folder)
    link = top.text("link")
    if link is None:
        raise SetupError(
            "`link` is missing: the link to the room, as the relay or `streamer token create` prints it"
        )
    Address.parse(link)
    config = DeviceConfig(
        link=link,
        name=top.text("name") or "Device",
        ca=top.path("ca"),
        sound=_sound(top.table("sound")),
        talk=_talk(top.table("talk")),
        sounds=top.table("sounds").paths(),
        commands=_commands(top.table("commands")),
        telemetry=_telemetry(top.table("telemetry")),
    )
    top.finish()
    return config


def _sound(table: "Table") -> SoundConfig:
    device = table.text("device")
    sound = SoundConfig(
        device=device if device not in ("", NO_SOUND) else None,
        is_off=device == NO_SOUND,
        volume=int(table.number("volume", 80, *_PERCENT)),
        listen=table.flag("listen", True),
        muted=table.flag("muted", False),
    )
    table.finish()
    return sound


def _talk(table: "Table") -> TalkConfig:
    by = table.choice("by", get_args(TalkBy), "voice")
    talk = TalkConfig(
        by=by,
        file=table.path("file"),
        pressed=table.text("pressed") or "1",
        input=table.path("input"),
        code=int(table.number("code", 57, *_KEY_CODES)),
    )
    table.finish()
    needed = {"file": ("file", talk.file), "key": ("input", talk.input)}.get(by)
    if needed and needed[1] is None:
        raise SetupError(f'`talk.by = "{by}"` needs `talk.{needed[0]}`')
    return talk


def _commands(table: "Table") -> dict[str, tuple[str, ...]]:
    commands = table.lists()
    for name in commands:
        if name in BUILT_IN:
            raise SetupError(
                f"`commands.{name}` can't be given: every device knows {', '.join(BUILT_IN)} by itself"
            )
        if not 0 < len(name) <= MAX_COMMAND_CHARACTERS:
            raise SetupError(f"the name of a command has 1 to {MAX_COMMAND_CHARACTERS} characters")
    return commands


def _telemetry(table: "Table") -> TelemetryConfig:
    telemetry = TelemetryConfig(table.number("every_s", 10.0, *_EVERY_S), table.table("files").paths())
    table.finish()
    return telemetry


class Table:
    """A table of the document; each method takes one field out of it. Raises SetupError, which names the
    field."""

    def __init__(self, fields: dict[str, Any], name: str, folder: Path) -> None:
        self._fields = fields
        self._name = name
        self._folder = folder
        self._known: set[str] = set()

    def text(self, name: str) -> str | None:
        value: str | None = self._take(name, str, "a text in quotes")
        return value

    def flag(self, name: str, default: bool) -> bool:
        value = self._take(name, bool, "true or false")
        return default if value is None else value

    def number(self, name: str, default: float, least: float, most: float) -> float:
        value: float | None = self._take(name, (int, float), "a number")
        if value is not None and not least <= value <= most:
            raise SetupError(f"`{self._full(name)}` must be from {least:g} to {most:g}, not {value}")
        return default if value is None else value

    def choice(self, name: str, choices: tuple[Any, ...], default: Any) -> Any:
        value = self.text(name)
        if value is not None and value not in choices:
            raise SetupError(
                f"`{self._full(name)}` must be one of {', '.join(map(repr, choices))}, not {value!r}"
            )
        return default if value is None else value

    def path(self, name: str) -> Path | None:
        value = self.text(name)
        if value == "" or (value and "\0" in value):
            raise SetupError(f"`{self._full(name)}` is not a path")
        return None if value is None else self._folder / Path(value).expanduser()

    def table(self, name: str) -> "Table":
        return Table(
            self._take(name, dict, f"a table: [{self._full(name)}]") or {}, self._full(name), self._folder
        )

    def paths(self) -> dict[str, Path]:
        """All fields, each of which is a path."""
        self._check_count()
        return {name: path for name in self._fields if (path := self.path(name))}

    def lists(self) -> dict[str, tuple[str, ...]]:
        """All fields, each of which is a program with its arguments."""
        self._check_count()
        found = {}
        for name in self._fields:
            words = self._take(name, list, 'a program and its arguments: ["/bin/program", "argument"]') or []
            if not words or not all(isinstance(word, str) and word and "\0" not in word for word in words):
                raise SetupError(f"`{self._full(name)}` is not a list of a program and its arguments")
            found[name] = tuple(words)
        return found

    def finish(self) -> None:
        """Nothing may be left: a misspelt field would be silently without effect."""
        for name in self._fields:
            if name not in self._known:
                near = difflib.get_close_matches(name, self._known, 1)
                hint = f"; did you mean `{self._full(near[0])}`?" if near else ""
                raise SetupError(f"there is no field `{self._full(name)}`{hint}")

    def _take(self, name: str, kind: Any, what: str) -> Any:
        self._known.add(name)
        value = self._fields.get(name)
        is_number_wanted = isinstance(kind, tuple)
        if value is not None and (
            not isinstance(value, kind) or (is_number_wanted and isinstance(value, bool))
        ):
            raise SetupError(f"`{self._full(name)}` is not {what}")
        return value

    def _full(self, name: str) -> str:
        return f"{self._name}.{name}" if self._name else name

    def _check_count(self) -> None:
        if len(self._fields) > MOST_NAMES:
            raise SetupError(f"`{self._name}` has {len(self._fields)} fields, and {MOST_NAMES} are allowed")
