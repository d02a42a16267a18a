"""What a device does when a member of the room tells it to.

    mute    {on: bool}            nobody hears it, push to talk or not; on is true if it is left out
    volume  {percent: 0 … 100}    how loud its loudspeaker is
    play    {sound: NAME}         plays a sound of its configuration on its loudspeaker
    listen  {on: bool}            starts or stops playing what the room says; on is true if it is left out

and the programs of its configuration.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from streamer.client.audio.samples import Samples
from streamer.client.events import Command
from streamer.device.config import BUILT_IN
from streamer.device.programs import ProgramRunner
from streamer.device.sound import Loudspeaker
from streamer.device.state import DeviceState
from streamer.wire.programs import Outcome, Values

Answer = tuple[Outcome, str]

_FIELDS: Final[Mapping[str, frozenset[str]]] = {
    "mute": frozenset({"on"}),
    "volume": frozenset({"percent"}),
    "play": frozenset({"sound"}),
    "listen": frozenset({"on"}),
}


MAX_OFFERED_CHARACTERS: Final = 1_000
"""Of the names of commands, and of those of sounds: together half of what a relay keeps of a device."""


def offers_of(sounds: Iterable[str], programs: Iterable[str]) -> Values:
    """What a device reports of what it can be told, for a page that offers it: names with commas between."""
    sounds = list(sounds)
    built_in = [name for name in BUILT_IN if name != "play" or sounds]
    return {"commands": _listed([*built_in, *programs]), "sounds": _listed(sounds)}


def _listed(names: Iterable[str]) -> str:
    """Whole names only; one with a comma in it can't be told apart."""
    found = ""
    for name in names:
        longer = f"{found}, {name}" if found else name
        if "," not in name and len(longer) <= MAX_OFFERED_CHARACTERS:
            found = longer
    return found


class ArgumentError(Exception):
    """An argument of a command can't be used; says why."""


class DeviceCommands:
    def __init__(
        self,
        state: DeviceState,
        loudspeaker: Loudspeaker,
        sounds: Mapping[str, Samples],
        programs: Mapping[str, tuple[str, ...]],
    ) -> None:
        self._state = state
        self._loudspeaker = loudspeaker
        self._sounds = sounds
        self._programs = programs
        self._runner = ProgramRunner()

    async def obey(self, command: Command) -> Answer:
        """What became of it, and why in words. It has been done, as far as it can be, when this returns."""
        name, arguments = command.name, command.arguments
        if command.device:
            return "unknown", "This is one device, with none behind it"
        if name in self._programs:
            return await self._runner.run(self._programs[name], arguments, command.sender, command.deadline_s)
        if name not in BUILT_IN:
            known = ", ".join([*BUILT_IN, *self._programs])
            return "unknown", f"There is no command of this name; there are {known}"
        try:
            return self._obey_built_in(name, arguments)
        except ArgumentError as error:
            return "refused", str(error)

    def _obey_built_in(self, name: str, arguments: Mapping[str, Any]) -> Answer:
        surplus = set(arguments) - _FIELDS[name]
        if surplus:
            raise ArgumentError(f"{name} has no argument {min(surplus)[:40]!r}")
        match name:
            case "mute":
                self._state.set_muted(_flag(arguments))
            case "volume":
                self._loudspeaker.volume = _percent(arguments)
                self._state.changed()
            case "listen":
                self._loudspeaker.listens = _flag(arguments)
                self._state.changed()
            case _:
                self._play(arguments)
        return "done", ""

    def _play(self, arguments: Mapping[str, Any]) -> None:
        name = arguments.get("sound")
        if not isinstance(name, str) or name not in self._sounds:
            known = f"there are {', '.join(self._sounds)}" if self._sounds else "it has none"
            raise ArgumentError(f"This device has no such sound; {known}")
        if not self._state.has_speaker:
            raise ArgumentError("This device has no loudspeaker now")
        if not self._loudspeaker.play(self._sounds[name]):
            raise ArgumentError("Too many sounds are playing already: wait for one to end")


def _flag(arguments: Mapping[str, Any]) -> bool:
    value = arguments.get("on", True)
    if not isinstance(value, bool):
        raise ArgumentError('"on" is true or false')
    return value


def _percent(arguments: Mapping[str, Any]) -> int:
    value = arguments.get("percent")
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 100:
        raise ArgumentError('"percent" is a number from 0 to 100')
    return round(value)
