"""What a relay bears, so that no peer takes it from the others."""

import sys
from dataclasses import dataclass, field
from typing import Final, Self

from streamer.websocket.connection import Limits
from streamer.wire.control import MAX_TEXT_BYTES

NO_LIMIT: Final = 1e9


def _option(default: float, text: str) -> float:
    value: float = field(default=default, metadata={"help": text})
    return value


@dataclass(frozen=True, slots=True)
class RelayLimits:
    """Each is an option of `streamer serve`, of the same name and with the text that stands here."""

    deadline_ms: float = _option(120, "Voice that has waited longer for a listener is shed.")
    max_members: float = _option(100, "Members in a room.")
    max_per_address: float = _option(64, "WebSocket connections from one address.")
    max_handshakes: float = _option(256, "Connections that are not WebSockets yet; beyond, the oldest is hung up on.")
    max_handshakes_per_address: float = _option(64, "The same, from one address.")
    requests_per_s: float = _option(200, "HTTP requests a second from one address; further ones wait.")
    max_echo: float = _option(16, "Members of the room echo, which asks for no invite.")
    max_echo_per_address: float = _option(4, "The same, from one address.")
    handshake_s: float = _option(10, "Seconds that a connection has to become a WebSocket, or to have its answer.")
    max_message_bytes: float = _option(MAX_TEXT_BYTES, "A message's size; closes with 1009.")
    messages_per_s: float = _option(500, "Messages a second from one connection; closes with 4429.")
    bytes_per_s: float = _option(262_144, "Bytes a second from one connection; closes with 4429.")
    deliveries_per_s: float = _option(
        120_000, "Packets a second that one room hands out; what is beyond waits, and is shed when it is late."
    )
    ping_s: float = _option(20, "Seconds of quiet after which a peer is pinged.")
    idle_s: float = _option(60, "Seconds of quiet after which a connection is closed, with 4408.")

    def of_connection(self) -> Limits:
        return Limits(
            max_message_bytes=int(self.max_message_bytes),
            messages_per_s=self.messages_per_s,
            bytes_per_s=self.bytes_per_s,
            ping_s=self.ping_s,
            idle_s=self.idle_s,
        )

    @classmethod
    def none(cls) -> Self:
        """For benchmarks, where all load comes from one address."""
        names = (
            "max_members",
            "max_per_address",
            "max_handshakes",
            "max_handshakes_per_address",
            "requests_per_s",
            "max_echo",
            "max_echo_per_address",
            "messages_per_s",
            "bytes_per_s",
            "deliveries_per_s",
        )
        return cls(**dict.fromkeys(names, NO_LIMIT))


def raise_file_limit() -> None:
    """As many open files, so as many connections, as the system lets this process have."""
    if sys.platform == "win32":
        return
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
