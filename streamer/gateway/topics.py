"""The topics of a gateway, below a prefix such as `streamer`:

    PREFIX/device/NAME/telemetry        from a device: a JSON object of its readings
    PREFIX/device/NAME/telemetry/KEY    from a device: one reading
    PREFIX/device/NAME/status           from a device: online, or offline, which is also its last will
    PREFIX/device/NAME/notice           from a device: what everybody should know
    PREFIX/device/NAME/result           from a device: what became of a command
    PREFIX/device/NAME/command          to a device: JSON {id, name, arguments, deadline_ms, sender}
    PREFIX/device/NAME/reply            to a device: JSON {id, action, name}, who answered its notice
    PREFIX/room/ROOM/status, talking, talkers, members, names, notice     from the room
    PREFIX/room/ROOM/announce           to the room: a text to be told and spoken
"""

from dataclasses import dataclass
from typing import Final

from streamer.errors import SetupError

_WILDCARDS: Final = frozenset("+#\0")
MAX_PREFIX_CHARACTERS: Final = 100
"""A topic is at most 65,535 bytes; this leaves room for names in any script, and for people to read it."""


@dataclass(frozen=True, slots=True)
class Topics:
    """Of one room. `also` are patterns of other topics with readings, in which `+` is the name of the
    device."""

    prefix: str
    room: str
    also: tuple[str, ...] = ()

    def check(self) -> None:
        """Raises SetupError if nothing can be subscribed to below `prefix`, or by a pattern."""
        is_topic = self.prefix and len(self.prefix) <= MAX_PREFIX_CHARACTERS and self.prefix.isprintable()
        if not is_topic or set(self.prefix) & _WILDCARDS or self.prefix[0] in "$/" or self.prefix[-1] == "/":
            raise SetupError(
                f"a prefix of topics is at most {MAX_PREFIX_CHARACTERS} characters without + # $ and /"
            )
        if not self.room.isprintable() or set(self.room) & {*_WILDCARDS, "/"}:
            raise SetupError(
                f"{self.room!a:.80} is no name of a room: it contains /, + or #, or can't be printed"
            )
        for pattern in self.also:
            parts = pattern.split("/")
            if parts.count("+") != 1 or any(set(part) & _WILDCARDS for part in parts if part != "+"):
                raise SetupError(
                    f"{pattern}: a pattern of topics has one + in place of the device's name, and no #"
                )

    @property
    def subscribed(self) -> list[str]:
        kinds = ("telemetry", "telemetry/+", "status", "notice", "result")
        devices = [f"{self.prefix}/device/+/{kind}" for kind in kinds]
        return [*devices, self.of_room("announce"), *self.also]

    def of_room(self, kind: str) -> str:
        return f"{self.prefix}/room/{self.room}/{kind}"

    def of_device(self, name: str, kind: str) -> str:
        return f"{self.prefix}/device/{name}/{kind}"

    def parse(self, topic: str) -> tuple[str, str, str] | None:
        """Returns device, kind and key of what came on `topic`, empty where the topic lacks it; None if it is
        not ours.

        A topic of the room has no device. What contains a wildcard is no topic (MQTT 5, 4.7.1): a broker that
        delivers it means harm, for what is answered there would be for others.
        """
        if set(topic) & _WILDCARDS:
            return None
        if topic == self.of_room("announce"):
            return "", "announce", ""
        below = topic.removeprefix(f"{self.prefix}/device/")
        if below != topic:
            name, kind, key = (*below.split("/", 2), "", "")[:3]
            return name, kind, key
        for pattern in self.also:
            name = _matched(pattern.split("/"), topic.split("/"))
            if name:
                return name, "telemetry", ""
        return None

    def sender_of(self, topic: str) -> str:
        """The device that something on `topic` is of; empty for none."""
        parsed = self.parse(topic)
        return parsed[0] if parsed else ""


def _matched(pattern: list[str], topic: list[str]) -> str:
    """What stands in the place of the + in `pattern`; empty if `topic` does not match."""
    if len(pattern) != len(topic):
        return ""
    if any(wanted not in ("+", found) for wanted, found in zip(pattern, topic, strict=True)):
        return ""
    return topic[pattern.index("+")]
