"""A room without a relay: what one would say is put in, and what is sent to it is kept."""

from typing import Any, Final

from streamer.client.ears import Ear
from streamer.client.events import Event
from streamer.client.mailbox import Mailbox
from streamer.client.room import Room, join
from streamer.client.terminal.words import Words

URL: Final = "http://127.0.0.1:1/#room=kitchen"


class Kept:
    """Stands in for the line to a relay."""

    def __init__(self) -> None:
        self.control: list[Any] = []
        self.packets: list[bytes] = []
        self.shed, self.is_over_http = 0, False
        self.say = self.send_control = self.control.append
        self.send_packet = self.packets.append


class OfflineRoom:
    """`room` is a real one: what happens in it is in `events`, and in words in `told`; `sent` is what it
    sends."""

    def __init__(self, *messages: Any, **wanted: Any) -> None:
        self.room: Room = join(URL, name="Ada", **wanted)
        self.line = Kept()
        self.sent = self.line.control
        self.room._session._line = self.line  # type: ignore[assignment]
        self.told: list[str] = []
        self.words = Words(self.told.append)
        self._reader: Mailbox[Event] = self.room.events()
        self.events: list[Event] = []
        self.hear(*messages)

    def hear(self, *messages: Any, now: float = 0.0) -> None:
        """What the relay says."""
        for message in messages:
            self.room._dispatcher.on_control(message, now)
            self._take_in()

    def hear_packet(self, packet: bytes, now: float = 0.0) -> None:
        self.room._roster.on_packet(packet, now)
        self._take_in()

    def lose(self) -> None:
        """The connection."""
        self.room._dispatcher.on_lost()
        self._take_in()

    def ear(self) -> Ear:
        return self.room.ear()

    def _take_in(self) -> None:
        while self._reader._items:
            event = self._reader._items.popleft()
            self.events.append(event)
            self.words.on_event(event)
