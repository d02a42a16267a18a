"""`streamer gateway`: one member of a room, and behind it all devices of an MQTT broker.

Two connections, to the room and to the broker, come and go independently, and each is made again whenever it
is lost. What one side says while the other is away is handled by kind:

    readings      the newest wait, and are told when the room is back
    notices       wait in a bounded queue, and say that they are late
    commands      are refused while the broker is away, for they must not be obeyed later
    room states   are published again when the broker is back; `status` is offline while the room is away
    room notices  wait for the broker in a bounded queue
"""

import asyncio
import hashlib
import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streamer.client.events import Command, Event, Refused, Reply
from streamer.client.mailbox import Mailbox
from streamer.client.room import Room, join
from streamer.client.spoken_text import Announcer
from streamer.client.tasks import first_of
from streamer.client.unattended import Remarks, stay_for_ever
from streamer.client.way_in import entered
from streamer.gateway.broker import Broker, BrokerAddress, BrokerAwayError, LastWill, Message, check_library
from streamer.gateway.commands import Commands
from streamer.gateway.devices import Devices
from streamer.gateway.discovery import discovery
from streamer.gateway.notices import Notices
from streamer.gateway.payloads import PayloadError, name_of, notice_of, result_of, value_of, values_of
from streamer.gateway.publisher import Publisher
from streamer.gateway.room_state import RoomState
from streamer.gateway.topics import Topics
from streamer.wire.room_link import Address


@dataclass(frozen=True, slots=True)
class GatewayOptions:
    """`url` is the room's link; `discovery_prefix` is empty for no discovery by Home Assistant."""

    broker: BrokerAddress
    url: str
    name: str = "Gateway"
    ca_file: Path | None = None
    broker_ca_file: Path | None = None
    prefix: str = "streamer"
    also: tuple[str, ...] = ()
    discovery_prefix: str = "homeassistant"


class Gateway:
    """`run` until cancelled; `tell` gets a line for the log. Raises SetupError or StreamerError for bad
    options."""

    def __init__(self, options: GatewayOptions, tell: Callable[[str], None]) -> None:
        check_library()
        address = Address.parse(options.url)
        self._options = options
        self._tell = tell
        self._bad_payload = Remarks(tell)
        self._topics = Topics(options.prefix, address.room, options.also)
        self._topics.check()
        self._news = asyncio.Event()
        self._devices = Devices(self._news.set)
        whoami = f"{options.prefix}\n{address.origin}{address.path}\n{address.room}\n{options.name}"
        self._broker = Broker(
            options.broker,
            options.broker_ca_file,
            f"streamer-{hashlib.sha256(whoami.encode()).hexdigest()[:12]}",
            LastWill(self._topics.of_room("status"), "offline"),
            self._topics.subscribed,
            tell,
            self._topics.sender_of,
        )
        self._publisher = Publisher(self._broker, tell)
        self._state = RoomState(self._topics, self._publisher)
        self._notices = Notices(tell)
        self._announcer = Announcer(tell)
        self._commands = Commands(self._topics, self._devices, self._broker)
        self._answers: set[asyncio.Task[object]] = set()

    async def run(self) -> None:
        self._broker.on_message = self._on_message
        self._broker.on_here = self._publisher.show_all
        self._broker.on_away = self._devices.forget_readings
        if self._options.discovery_prefix:
            for topic, payload in discovery(self._topics, self._options.discovery_prefix).items():
                self._publisher.show(topic, payload)
        self._state.on_away()
        broker = asyncio.ensure_future(self._broker.run())
        try:
            await first_of(stay_for_ever(self._visit, self._tell), self._publisher.run(), _until(broker))
        finally:
            await self._leave_broker(broker)

    async def _leave_broker(self, broker: "asyncio.Future[None]") -> None:
        """Its last will is not said for one that leaves in order."""
        try:
            await self._broker.publish(self._topics.of_room("status"), "offline", retain=True)
        except BrokerAwayError:
            pass
        finally:
            broker.cancel()
            await asyncio.gather(broker, return_exceptions=True)

    async def _visit(self) -> None:
        """One session in the room."""
        options = self._options
        room = join(
            options.url,
            name=options.name,
            ca_file=options.ca_file,
            listening=not self._announcer.can_speak,
            wait=True,
        )
        events = room.events()
        try:
            async with entered(room, self._tell):
                await first_of(
                    self._follow(events),
                    self._tell_readings(room),
                    self._notices.run(room),
                    self._announcer.run(room),
                    room.until_closed(),
                )
        finally:
            self._state.on_away()

    async def _follow(self, events: Mailbox[Event]) -> None:
        async for event in events:
            self._state.take(event)
            if isinstance(event, Command):
                self._in_background(self._commands.pass_on(event))
            elif isinstance(event, Reply):
                self._pass_on_reply(event)
            elif isinstance(event, Refused):
                self._bad_payload(f"The relay refused something: {event.text}")

    def _pass_on_reply(self, reply: Reply) -> None:
        asker = self._notices.asker(reply)
        if asker and asker[0]:
            device, notice_id = asker
            told = {"id": notice_id, "action": reply.action, "name": reply.name}
            self._publisher.say(self._topics.of_device(device, "reply"), json.dumps(told, ensure_ascii=False))

    async def _tell_readings(self, room: Room) -> None:
        """The room keeps the pace that a relay takes, and tells all again by itself whenever it comes
        back."""
        self._devices.tell_all()
        while True:
            await self._news.wait()
            self._news.clear()
            for name, values in self._devices.untold():
                room.tell(values, device=name)

    def _on_message(self, message: Message) -> None:
        """What a device says must not stop the others from being heard, whatever it is."""
        try:
            self._take(message)
        except PayloadError as error:
            self._bad_payload(f"What came on the topic {message.topic[:200]} is left out: {error}")
        except Exception as error:  # a fault of ours; a retained message would else end each start
            words = f"{type(error).__name__}: {error}"
            self._bad_payload(
                f"What came on the topic {message.topic[:200]} failed here, and is left out: {words}"
            )

    def _take(self, message: Message) -> None:
        parsed = self._topics.parse(message.topic)
        if parsed is None:
            return
        device, kind, key = parsed
        match kind:
            case "telemetry" if not message.payload:
                pass  # somebody has removed what the broker retained
            case "telemetry":
                values = {name_of(key): value_of(message.payload)} if key else values_of(message.payload)
                self._devices.take_values(device, values)
            case "status":
                self._devices.take_status(device, message.payload)
            case "notice" | "result" | "announce" if message.retained:
                pass  # an old one: it was told, or answered, when it was new
            case "notice":
                self._notices.put(device, notice_of(message.payload))
            case "result":
                self._in_background(self._commands.take_result(device, result_of(message.payload)))
            case "announce":
                self._announce(message.payload)

    def _announce(self, payload: bytes) -> None:
        notice = notice_of(payload)
        self._notices.put("", notice)
        self._announcer.put(notice.text)

    def _in_background(self, answering: Coroutine[Any, Any, object]) -> None:
        task = asyncio.ensure_future(answering)
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)


async def _until(task: "asyncio.Future[None]") -> None:
    await asyncio.wait([task])
    task.result()
