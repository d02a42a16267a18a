"""What the broker is told, in order: states, of which only the newest counts, and events, of which each does.

While the broker is away both wait. When it is back, every state is published again, for it may have forgotten
them.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from streamer.gateway.broker import Broker, BrokerAwayError

MAX_WAITING: Final = 256
"""Events; a room says fewer in an hour, unless something is wrong there."""


class Publisher:
    """`run` until cancelled; `tell` gets a line for the log."""

    def __init__(self, broker: Broker, tell: Callable[[str], None]) -> None:
        self._broker = broker
        self._tell = tell
        self._states: dict[str, str] = {}
        self._unsent: dict[str, None] = {}
        self._events: deque[tuple[str, str]] = deque()
        self._dropped = 0
        self._news = asyncio.Event()

    def show(self, topic: str, payload: str) -> None:
        """A state, which the broker keeps for whoever subscribes later."""
        if self._states.get(topic) == payload:
            return
        self._states[topic] = payload
        self._unsent[topic] = None
        self._news.set()

    def say(self, topic: str, payload: str) -> None:
        """An event. If too many are waiting for the broker, the oldest is dropped, and that is told."""
        if len(self._events) >= MAX_WAITING:
            self._events.popleft()
            self._dropped += 1
        self._events.append((topic, payload))
        self._news.set()

    async def show_all(self) -> None:
        """The broker is there again."""
        if self._dropped:
            self._tell(f"{self._dropped} events of the room are lost: the MQTT broker was away for too long")
            self._dropped = 0
        self._unsent.update(dict.fromkeys(self._states))
        self._news.set()

    async def run(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                await self._publish_all()
            except BrokerAwayError:  # what was not sent stays; `show_all` wakes us
                continue

    async def _publish_all(self) -> None:
        while self._broker.is_here and (self._unsent or self._events):
            if self._unsent:
                topic = next(iter(self._unsent))
                payload = self._states[topic]
                await self._broker.publish(topic, payload, retain=True)
                if self._states[topic] == payload:
                    self._unsent.pop(topic, None)
                continue
            topic, payload = self._events[0]
            await self._broker.publish(topic, payload)
            if self._events and self._events[0] == (topic, payload):
                self._events.popleft()
