"""Chat and notices of all relays. The last of each room are stored for an hour, for relays that come
later."""

import asyncio
import secrets
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any, Final, cast

from streamer.errors import ControlError
from streamer.relay.access.programs import clean_notice
from streamer.relay.access.sanitize import clean_chat, clean_name
from streamer.relay.cluster.cluster_room import ClusterRoom
from streamer.relay.cluster.messages import Written, key_of
from streamer.relay.rooms.chat_history import KEPT_S
from streamer.relay.rooms.room import MAX_TALKER_ID
from streamer.wire.messages import FromRelay
from streamer.wire.programs import Notice, Reply

MAX_UNSENT: Final = 256
"""Lines that wait while NATS is away."""

MAX_KNOWN: Final = 8_192
"""Ids of lines that are known: what is told twice, after another connection, is shown once."""

STORED: Final = 64
"""Of a room: as many as NATS keeps of one key, and a third of what fits into a welcome."""

Answer = Callable[[str, ClusterRoom, Reply], None]
"""Hands a reply to the relay that the notice came from."""

Store = Callable[[str, Written], Awaitable[None]]
"""Stores a line behind the others of its key. Raises BusError."""


class Lines:
    """What waits to be stored: a room's name, the line, and when it was said, in s."""

    def __init__(self, own_id: str, answer: Answer) -> None:
        self._own_id = own_id
        self._answer = answer
        self._known: OrderedDict[str, None] = OrderedDict()
        self._unsent: deque[tuple[str, Written, float]] = deque(maxlen=MAX_UNSENT)
        self._came = asyncio.Event()

    async def run(self, store: Store) -> None:
        """Until it is cancelled, or `store` fails: that line waits for the next connection."""
        self._came.set()
        while True:
            await self._came.wait()
            self._came.clear()
            while self._unsent:
                first = room, line, said_s = self._unsent[0]
                await store(key_of(room), {**line, "age_ms": int(1_000 * (monotonic() - said_s))})
                if self._unsent and self._unsent[0] is first:  # else it has made way for others meanwhile
                    self._unsent.popleft()

    def say(self, room: ClusterRoom, message: FromRelay) -> None:
        """Somebody here said it; everybody here has it already."""
        said = cast(dict[str, Any], message)
        is_notice = said["type"] == "notice"
        name = said["name"] if is_notice else room.member(said["talker_id"]).name
        line: Written = {
            "type": "line",
            "relay": self._own_id,
            "id": secrets.token_hex(8),
            "age_ms": 0,
            "talker_id": said["talker_id"],
            "name": name,
            "text": said["text"],
            "notice": said["id"] if is_notice else 0,
            "title": said.get("title", ""),
            "level": said.get("level", ""),
            "sound": said.get("sound", False),
            "actions": said.get("actions", []),
        }
        self._remember(line["id"])
        self._unsent.append((room.name, line, monotonic()))
        self._came.set()

    def is_news(self, line: Written) -> bool:
        return line["relay"] != self._own_id and line["id"][:32] not in self._known

    def take(self, room: ClusterRoom, line: Written, stored_s: float, *, is_new: bool) -> None:
        """Somebody said it elsewhere; what is not new goes into the history alone. Raises ControlError.

        It has been stored for `stored_s`.
        """
        self._remember(line["id"][:32])
        age_s = min(KEPT_S, max(0.0, line["age_ms"] / 1_000 + stored_s))
        if not 0 <= line["talker_id"] <= MAX_TALKER_ID or clean_name(line["name"][:256]) != line["name"]:
            raise ControlError("a line of another relay is nobody's", code="bad-field")
        if line["notice"]:
            self._take_notice(room, line, age_s, is_new=is_new)
            return
        text = clean_chat(line["text"])
        room.history.add(line["name"], text, monotonic() - age_s)
        if not is_new:
            return
        said = {"talker_id": line["talker_id"], "name": line["name"], "text": text}
        room.from_elsewhere(lambda: room.observe("chat", said))
        self._tell(room, {"type": "chat", "talker_id": line["talker_id"], "text": text})

    def _take_notice(self, room: ClusterRoom, line: Written, age_s: float, *, is_new: bool) -> None:
        clean = clean_notice(line["text"], line["title"], line["level"], line["actions"], sound=line["sound"])
        notice: Notice = {
            "type": "notice",
            "id": line["notice"],
            "talker_id": line["talker_id"],
            "name": line["name"],
            "title": clean.title,
            "text": clean.text,
            "level": clean.level,
            "sound": clean.sound,
            "actions": list(clean.actions),
        }
        relay = line["relay"]
        room.notices.keep(notice, lambda reply: self._answer(relay, room, reply))
        room.history.add(line["name"], clean.text, monotonic() - age_s, title=clean.title, level=clean.level)
        if is_new:
            self._tell(room, notice)

    def _tell(self, room: ClusterRoom, message: FromRelay) -> None:
        sender = room.remote(cast(int, message.get("talker_id", 0)))

        def tell() -> None:
            if sender:
                room.tell_others(message, sender)
            else:
                room.tell_all(message)

        room.from_elsewhere(tell)

    def _remember(self, line_id: str) -> None:
        self._known[line_id] = None
        while len(self._known) > MAX_KNOWN:
            self._known.popitem(last=False)
