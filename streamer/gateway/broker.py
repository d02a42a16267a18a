"""The connection to an MQTT broker, made again whenever it is lost; the only module that imports aiomqtt.

MQTT 5, for three things that version 3.1.1 lacks: a broker keeps what devices say while we are away, for as
long as we ask; a command that has expired reaches no device; and no message is longer than we take.
"""

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import random
from typing import Any, Final, Self
from urllib.parse import unquote, urlsplit

from streamer.cancellation import pass_cancellation_on
from streamer.client.unattended import Remarks, wait_s
from streamer.errors import SetupError, StreamerError
from streamer.gateway.fair_queue import FairQueue

MAX_MESSAGE_BYTES: Final = 65_536
"""Whatever a device says fits well; a picture on a topic of ours stays with the broker."""

KEPT_S: Final = 86_400
"""How long the broker keeps what devices say while the gateway is away: a day, in which somebody notices."""

MAX_QUEUED: Final = 4_096
"""Messages read and not yet handled; a broker keeps 1,000 for us by default, beside what it retains. Beyond
that, the device that says most loses its oldest."""

_MAX_PASSWORD_BYTES: Final = 65_535
"""What MQTT can say (section 3.1.3.6)."""

_KEEPALIVE_S: Final = 10
"""A cut cable shows after one and a half times that."""
_ANSWER_S: Final = 10.0
_SHOWN: Final = 200
"""Characters of a name that came from outside, in a line of the log."""
_PORTS: Final = {"mqtt": 1883, "mqtts": 8883}
_LOGGER: Final = logging.getLogger("streamer.gateway.mqtt")
"""The library's own words, about each packet: nobody reads them unless asked for."""
_LOGGER.addHandler(logging.NullHandler())


def read_password(path: Path) -> str:
    """The first line of a file. Raises SetupError where that is no text."""
    with path.open("rb") as file:
        line = file.readline(_MAX_PASSWORD_BYTES).rstrip(b"\r\n")
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise SetupError(f"{path} holds no password: its first line is not UTF-8") from None


class BrokerAwayError(StreamerError):
    """There is no connection to the broker now."""


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where a broker is: mqtt://[USER[:PASSWORD]@]HOST[:PORT], or mqtts:// with TLS."""

    host: str
    port: int
    secure: bool
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, url: str) -> Self:
        """Raises SetupError where `url` leads to no broker; its words hold no password."""
        example = "a broker's address looks like mqtt://HOST or mqtts://USER@HOST:8883"
        if not url.isprintable():
            raise SetupError(f"the address of the broker contains invalid characters; {example}")
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise SetupError(f"the address of the broker can't be read ({error}); {example}") from None
        if parts.scheme not in _PORTS:
            raise SetupError(f"the address of the broker does not begin with mqtt:// or mqtts://; {example}")
        if not parts.hostname or port == 0 or parts.path not in ("", "/") or parts.query or parts.fragment:
            raise SetupError(f"the address of the broker must be just host and port; {example}")
        user = unquote(parts.username) if parts.username is not None else None
        password = unquote(parts.password) if parts.password is not None else None
        secure = parts.scheme == "mqtts"
        return cls(parts.hostname, port or _PORTS[parts.scheme], secure, user, password)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.secure else 'mqtt'}://{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Message:
    """What came on a topic; `retained` means that it was said before we subscribed to it."""

    topic: str
    payload: bytes
    retained: bool


@dataclass(frozen=True, slots=True)
class LastWill:
    """What the broker says for us when we are gone without a word."""

    topic: str
    payload: str


class Broker:
    """`run` until cancelled. `on_message` gets what comes; `on_here` and `on_away` are awaited at each
    change."""

    def __init__(
        self,
        address: BrokerAddress,
        ca_file: Path | None,
        identifier: str,
        last_will: LastWill,
        topics: Sequence[str],
        tell: Callable[[str], None],
        sender_of: Callable[[str], str] = str,
    ) -> None:
        """By `identifier` the broker knows us from before; `sender_of` a topic is who says something there.

        Raises SetupError if `ca_file` holds no certificate.
        """
        self._address = address
        self._tls = _tls(ca_file) if address.secure else None
        self._identifier = identifier
        self._last_will = last_will
        self._topics = topics
        self._tell = tell
        self._sender_of = sender_of
        self._remarks = Remarks(tell)
        self._too_loud = Remarks(tell)
        self._too_odd = Remarks(tell)
        self._client: Any = None
        self.on_message: Callable[[Message], None] = lambda message: None
        self.on_here: Callable[[], Awaitable[None]] = _nothing
        self.on_away: Callable[[], None] = lambda: None

    @property
    def is_here(self) -> bool:
        return self._client is not None

    async def publish(
        self, topic: str, payload: str, *, retain: bool = False, expires_s: float | None = None
    ) -> None:
        """Returns when the broker has it; what can't be published is left out, in words.

        Raises BrokerAwayError where it may not have it.
        """
        import aiomqtt

        if self._client is None:
            raise BrokerAwayError("the MQTT broker is away")
        properties = None
        if expires_s is not None:
            properties = _properties("PUBLISH", MessageExpiryInterval=max(1, int(expires_s)))
        try:
            told = payload.encode(errors="replace")
            await self._client.publish(topic, told, qos=1, retain=retain, properties=properties)
        except ValueError as error:  # no client may say that; it would hold up what comes after it for ever
            self._too_odd(f"{topic[:_SHOWN]} can't be published ({error}), and is left out")
        except (aiomqtt.MqttError, OSError) as error:
            pass_cancellation_on()
            raise BrokerAwayError(f"the MQTT broker did not take it: {error}") from None
        pass_cancellation_on()

    async def run(self) -> None:
        import aiomqtt

        failures = 0
        while True:
            try:
                await self._run_connection()
            except (aiomqtt.MqttError, OSError) as error:
                words = str(error) or type(error).__name__
                pass_cancellation_on()
            if self._client is not None:
                failures = 0
                self._client = None
                self.on_away()
            failures += 1
            self._remarks(
                f"The MQTT broker {self._address} can't be reached: {words}. Trying again until it can"
            )
            await asyncio.sleep(wait_s(failures, random()))

    def _queue_type(self) -> type["asyncio.Queue[Any]"]:
        """The library's own leaves out the newest, of whoever it is, and writes a line about each."""
        sender_of, remarks = self._sender_of, self._too_loud

        class Arrived(asyncio.Queue[Any]):
            def _init(self, maxsize: int) -> None:
                self._queue = FairQueue[Any](maxsize)

            def full(self) -> bool:
                return False

            def _put(self, item: Any) -> None:
                loudest = self._queue.put(sender_of(str(item.topic)), item)
                if loudest is not None:
                    remarks(
                        f"{loudest[:_SHOWN] or 'Somebody'} says more than can be handled: its oldest is left "
                        "out"
                    )

            def _get(self) -> Any:
                return self._queue.pop()

        return Arrived

    async def _run_connection(self) -> None:
        """From connecting to the loss of the connection, which raises MqttError or OSError."""
        import aiomqtt

        will = aiomqtt.Will(self._last_will.topic, self._last_will.payload, qos=1, retain=True)
        client = aiomqtt.Client(
            self._address.host,
            self._address.port,
            username=self._address.user,
            password=self._address.password,
            logger=_LOGGER,
            identifier=self._identifier,
            protocol=aiomqtt.ProtocolVersion.V5,
            will=will,
            timeout=_ANSWER_S,
            keepalive=_KEEPALIVE_S,
            clean_start=False,
            queue_type=self._queue_type(),
            max_queued_incoming_messages=MAX_QUEUED,
            tls_context=self._tls,
            properties=_properties(
                "CONNECT", SessionExpiryInterval=KEPT_S, MaximumPacketSize=MAX_MESSAGE_BYTES
            ),
        )
        async with client:
            await client.subscribe([(topic, 2) for topic in self._topics])
            pass_cancellation_on()
            self._client = client
            self._remarks.forget()
            self._tell(f"The MQTT broker {self._address} is there")
            arriving = asyncio.ensure_future(self.on_here())
            try:
                async for message in client.messages:
                    payload = message.payload if isinstance(message.payload, bytes) else b""
                    self.on_message(Message(str(message.topic), payload, bool(message.retain)))
            finally:
                arriving.cancel()
                [error] = await asyncio.gather(arriving, return_exceptions=True)
                if isinstance(error, Exception) and not isinstance(error, BrokerAwayError):
                    raise error


async def _nothing() -> None:
    """Until somebody wants to know."""


def _properties(packet: str, **values: int) -> Any:
    """Of an MQTT 5 packet."""
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties

    properties: Any = Properties(getattr(PacketTypes, packet))  # type: ignore[no-untyped-call]
    for name, value in values.items():
        setattr(properties, name, value)
    return properties


def _tls(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise SetupError(f"{ca_file} is not a readable certificate authority (PEM): {error}") from None


def check_library() -> None:
    """Raises SetupError where aiomqtt is missing."""
    try:
        import aiomqtt  # noqa: F401
    except ImportError as error:
        raise SetupError(f"the gateway needs aiomqtt: `pip install 'streamer[gateway]'` ({error})") from None
