"""`streamer captions`: one room and who talks in it. Final lines go to the filter, too, where there is
one."""

import asyncio
import random
from collections.abc import Callable
from itertools import count
from time import perf_counter
from typing import Final

from streamer.captions.endpoints import Talkspurt
from streamer.captions.engine import Detectors
from streamer.captions.filter import Asked, Filter
from streamer.captions.recognition import Job, Recognition, Spoken, proper
from streamer.captions.talker import Talker
from streamer.client.events import Event, Left, Lost, Member, Received, Refused
from streamer.client.mailbox import Mailbox
from streamer.client.room import Room
from streamer.client.tasks import first_of
from streamer.errors import ConnectionLostError, DeniedError

FIRST_PARTIAL_S: Final = 0.6
"""Seconds of a talkspurt: the first word or two."""

PARTIAL_EVERY_S: Final = 1.0
"""Seconds of a talkspurt between two partial lines: a reader follows, and five talkers need one core."""

LOOK_S: Final = 0.05
"""Seconds between two looks at who has stopped talking."""

MOST_TALKERS: Final = 32
"""Whose voices are kept apart at once; each costs 2 MiB. Who was silent longest makes room."""


class RoomCaptions:
    """Captions one room, once it is entered. `say` gets words for who runs the program."""

    def __init__(
        self,
        room: Room,
        detector: Detectors,
        recognition: Recognition,
        say: Callable[[str], None],
        filter_: Filter | None = None,
    ) -> None:
        self._room = room
        self._detector = detector
        self._recognition = recognition
        self._say = say
        self._filter = filter_
        self._talkers: dict[int, Talker] = {}
        self._members: dict[int, Member] = {}
        self._spoken: dict[int, Spoken] = {}
        self._numbers = count(random.randrange(2**31))  # another captioner may write in the same room

    async def run(self) -> None:
        """Until the room is left for good. Raises DeniedError where we may not caption it, and what `Room`
        does."""
        packets, events = self._room.packets(), self._room.events()
        self._room.write_captions()
        await first_of(self._read(events), self._look(), self._hear(packets))

    async def _read(self, events: Mailbox[Event]) -> None:
        async for event in events:
            match event:
                case Refused(code, text) if code == "no-right":
                    raise DeniedError(text, code=code)
                case Refused(code, text):
                    self._say(f"The relay refused a caption: {text}")
                case Left(member):
                    self._forget(member.talker_id)
                case Lost():
                    for talker_id in list(self._talkers):
                        self._forget(talker_id)

    async def _hear(self, packets: Mailbox[Received]) -> None:
        async for received in packets:
            self._on_packet(received)

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            for talker_id, talker in list(self._talkers.items()):
                self._end(talker_id, talker, talker.look(perf_counter()))

    def _on_packet(self, received: Received) -> None:
        captured_ms = self._room.captured_ms(received)
        if captured_ms is None:  # the relay's clock is not known yet: a moment later it is
            return
        talker_id = received.member.talker_id
        talker = self._talkers.pop(talker_id, None) or self._new_talker()
        self._talkers[talker_id] = talker  # who talked last is last
        self._members[talker_id] = received.member
        ended = talker.push(received.packet, received.arrived_s, captured_ms)
        self._end(talker_id, talker, ended)
        if talker.talkspurt and talker.talkspurt.has_words:
            self._go_on(talker_id, talker, talker.talkspurt)

    def _new_talker(self) -> Talker:
        while len(self._talkers) >= MOST_TALKERS:
            self._forget(next(iter(self._talkers)))
        return Talker(self._detector())

    def _forget(self, talker_id: int) -> None:
        talker = self._talkers.pop(talker_id, None)
        if talker:
            self._end(talker_id, talker, talker.finish())
        self._members.pop(talker_id, None)

    def _go_on(self, talker_id: int, talker: Talker, talkspurt: Talkspurt) -> None:
        """A partial line, where one is due."""
        spoken = self._line(talker_id, talker, talkspurt)
        if talkspurt.duration_s >= spoken.due_s:
            spoken.due_s = talkspurt.duration_s + PARTIAL_EVERY_S
            self._order(talker_id, talker, spoken, final=False)

    def _end(self, talker_id: int, talker: Talker, ended: list[Talkspurt]) -> None:
        for talkspurt in ended:
            spoken = self._line(talker_id, talker, talkspurt)
            self._order(talker_id, talker, spoken, final=True)
            del self._spoken[talker_id]

    def _line(self, talker_id: int, talker: Talker, talkspurt: Talkspurt) -> Spoken:
        spoken = self._spoken.get(talker_id)
        if spoken is None or spoken.talkspurt is not talkspurt:
            spoken = Spoken(talkspurt, next(self._numbers), talker.captured_ms(talkspurt.position))
            spoken.due_s = FIRST_PARTIAL_S
            self._spoken[talker_id] = spoken
        return spoken

    def _order(self, talker_id: int, talker: Talker, spoken: Spoken, *, final: bool) -> None:
        member, end_ms = self._members[talker_id], talker.captured_ms(spoken.talkspurt.end)
        end_ms = max(end_ms, spoken.start_ms)

        def tell(words: str) -> None:
            self._tell(member, spoken, words, end_ms, final=final)

        job = Job(spoken, spoken.talkspurt.samples, end_ms, final, tell)
        self._recognition.add((id(self), talker_id), job)

    def _tell(self, member: Member, spoken: Spoken, words: str, end_ms: int, *, final: bool) -> None:
        if not words and not (final and spoken.is_shown):
            return
        spoken.is_shown = True
        if self._send(member, words, spoken.number, spoken.start_ms, end_ms, final=final) and final and words:
            self._ask(member, spoken, words, end_ms)

    def _ask(self, member: Member, spoken: Spoken, words: str, end_ms: int) -> None:
        """What the filter makes of it is a line of its own, behind the original."""
        if self._filter is None:
            return

        def tell(answer: str) -> None:
            line = proper(answer, spoken.talkspurt.duration_s + len(words))
            if line:
                self._send(member, line, next(self._numbers), spoken.start_ms, end_ms, final=True)

        self._filter.offer(Asked(words, tell))

    def _send(
        self, member: Member, text: str, number: int, start_ms: int, end_ms: int, *, final: bool
    ) -> bool:
        """Returns True if there is a connection."""
        try:
            self._room.send_caption(member, text, id=number, start_ms=start_ms, end_ms=end_ms, final=final)
        except ConnectionLostError:
            if final:
                self._say("A line could not be sent: the connection is lost")
            return False
        return True
