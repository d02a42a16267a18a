"""Captions, as a program reads or writes them: part of `Room` (docs/python-api.md, Captions).

What was asked for is asked again by itself after a lost connection.
"""

from collections.abc import Callable
from typing import Final

from streamer.audio_format import SAMPLE_RATE
from streamer.client.delay.relay_clock import RelayClock
from streamer.client.events import Caption, Captioning, Event, KeepCaptions, Member, Received
from streamer.wire import captions
from streamer.wire.captions import MAX_CAPTION_CHARACTERS
from streamer.wire.control import MAX_ROOM
from streamer.wire.messages import FromClient, MemberClock
from streamer.wire.packet import samples_ahead

_LONGEST_US: Final = 10_000_000
"""Nothing is heard ten seconds after it was said."""


class Captions:
    """`send` passes a message to the relay, or raises ConnectionLostError; `try_send` drops it where there is
    none."""

    def __init__(
        self,
        member: Callable[[int], Member | None],
        send: Callable[[FromClient], None],
        try_send: Callable[[FromClient], None],
        emit: Callable[[Event], None],
    ) -> None:
        self._member = member
        self._send = send
        self._try_send = try_send
        self._emit = emit
        self._reads = self._writes = False
        self._clocks: dict[int, MemberClock] = {}
        self.is_on = self.are_kept = False

    def read(self, *, on: bool) -> None:
        self._reads = on
        self._try_send({"type": "captions", "on": on})

    def write(self, *, on: bool) -> None:
        self._writes = on
        self._try_send({"type": "captioning", "on": on})

    def send(
        self, member: Member, text: str, number: int, start_ms: int, end_ms: int, *, final: bool
    ) -> None:
        if not (text or final) or len(text) > MAX_CAPTION_CHARACTERS:
            raise ValueError(f"a caption has 1 to {MAX_CAPTION_CHARACTERS} characters, not {len(text):,}")
        if end_ms < start_ms:
            raise ValueError(f"a caption can't end at {end_ms} ms, before it starts at {start_ms} ms")
        self._send(
            {
                "type": "caption",
                "talker_id": member.talker_id,
                "id": number,
                "start_ms": start_ms,
                "end_ms": end_ms,
                "text": text,
                "final": final,
            }
        )

    def on_clock(self, clock: MemberClock) -> None:
        """Of a member who talks; another one who gets this id later tells its own."""
        if self._member(clock["talker_id"]):
            self._clocks[clock["talker_id"]] = clock
        if len(self._clocks) > MAX_ROOM:
            self._clocks = {who: kept for who, kept in self._clocks.items() if self._member(who)}

    def captured_us(self, received: Received, arrived_us: int) -> int:
        """In µs of the relay's clock, as `arrived_us`, which it is where the talker tells nothing that can be
        true."""
        clock = self._clocks.get(received.packet.talker_id)
        if clock is None:
            return arrived_us
        ahead = samples_ahead(received.packet.timestamp, clock["timestamp"])
        captured_us = clock["server_us"] + ahead * 1_000_000 // SAMPLE_RATE
        return captured_us if 0 <= arrived_us - captured_us < _LONGEST_US else arrived_us

    def on_welcome(self, *, keeps: bool = False) -> None:
        """Where somebody captions, the relay says so next."""
        self._show(on=False)
        self.are_kept = keeps
        self._clocks.clear()
        if self._reads:
            self.read(on=True)
        if self._writes:
            self.write(on=True)

    def on_message(self, message: captions.Captioning | captions.Caption | captions.KeepCaptions) -> None:
        if message["type"] == "keep_captions":
            self.are_kept = message["on"]
            self._emit(KeepCaptions(self._member(message["talker_id"]), message["on"]))
            return
        if message["type"] == "captioning":
            self._show(on=message["on"])
            return
        if len(message["text"]) > MAX_CAPTION_CHARACTERS:
            return
        self._emit(
            Caption(
                self._member(message["talker_id"]),
                message["name"],
                message["text"],
                message["id"],
                message["start_ms"],
                message["end_ms"],
                message["final"],
            )
        )

    def _show(self, *, on: bool) -> None:
        if on != self.is_on:
            self.is_on = on
            self._emit(Captioning(on))


class WithCaptions:
    """The methods of `Room` that are about captions."""

    _captions: Captions

    @property
    def clock(self) -> RelayClock:
        """What is known of the relay's clock and the round trip to it; another one after each lost
        connection."""
        raise NotImplementedError

    def captured_ms(self, received: Received) -> int | None:
        """When a packet of `packets` entered its talker's microphone, in ms of the relay's clock.

        It is when the packet came, where the talker does not tell; None where the relay's clock is not known
        yet.
        """
        arrived_us = self.clock.relay_us(received.arrived_s * 1e6)
        return None if arrived_us is None else self._captions.captured_us(received, arrived_us) // 1000

    @property
    def has_captions(self) -> bool:
        """True if somebody captions this room: what is said in it is written down."""
        return self._captions.is_on

    @property
    def keeps_captions(self) -> bool:
        """True if final captions are kept in the chat; the host decides that."""
        return self._captions.are_kept

    def read_captions(self, on: bool = True) -> None:
        """Asks for captions, which come as `Caption` events; or no longer."""
        self._captions.read(on=on)

    def write_captions(self, on: bool = True) -> None:
        """Tells everybody that we write down what is said, which needs that right; or no longer.

        Where we may not, `Refused` follows.
        """
        self._captions.write(on=on)

    def send_caption(
        self,
        member: Member,
        text: str,
        *,
        id: int,  # noqa: A002 (its name in `Caption`)
        start_ms: int,
        end_ms: int,
        final: bool,
    ) -> None:
        """Sends a line of what `member` said, from `start_ms` to `end_ms` of the relay's clock.

        Each line has an `id` of ours: what is sent later with it replaces what was before, until it is
        `final`. A final line of no text withdraws it. Where we may not, `Refused` follows. Raises
        ConnectionLostError while there is no connection, ValueError for more than 500 characters.
        """
        self._captions.send(member, text, id, start_ms, end_ms, final=final)
