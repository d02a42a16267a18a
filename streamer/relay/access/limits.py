"""The limits of a relay, so that no peer can use it up for the others. docs/architecture.md says where each
one is."""

import sys
from dataclasses import dataclass, field
from typing import Final, Self

from streamer.websocket.budget import Limits
from streamer.wire.control import MAX_TEXT_BYTES

NO_LIMIT: Final = 1e9
"""More than any benchmark reaches."""


def _option(default: float, text: str) -> float:
    value: float = field(default=default, metadata={"help": text})
    return value


def _count(default: int, text: str, least: int = 1) -> float:
    """A whole number."""
    value: float = field(default=default, metadata={"help": text, "least": least})
    return value


@dataclass(frozen=True, slots=True)
class RelayLimits:
    """Each field is an option of `streamer serve` with the same name; its text here is the option's help."""

    deadline_ms: float = _option(
        120, "Drop voice that a listener has not taken after this many milliseconds."
    )
    max_members: float = _count(100, "Most members in a room.")
    max_per_address: float = _count(64, "Most connections of members from one address.")
    max_handshakes: float = _count(
        256, "Most connections that have not joined yet; beyond this, the oldest is closed."
    )
    max_handshakes_per_address: float = _count(
        64, "Most connections from one address that have not joined yet."
    )
    requests_per_s: float = _option(200, "HTTP requests per second from one address; further requests wait.")
    max_echo: float = _count(16, "Most members of the room echo, which needs no invitation.")
    max_echo_per_address: float = _count(4, "Most members of the room echo from one address.")
    handshake_s: float = _option(10, "Seconds that a connection may take to join, or to get its answer.")
    max_message_bytes: float = _count(
        MAX_TEXT_BYTES, "Bytes per message; a longer one closes the connection (1009)."
    )
    messages_per_s: float = _option(500, "Messages per second from one connection; more close it (4429).")
    bytes_per_s: float = _option(262_144, "Bytes per second from one connection; more close it (4429).")
    deliveries_per_s: float = _option(
        120_000, "Packets per second that one room delivers; more wait, and are dropped when they are late."
    )
    loudest: float = _count(
        6, "Most voices that a room hears at once: the loudest. 0 for all of them.", least=0
    )
    ping_s: float = _option(20, "Ping a connection after this many seconds without a message.")
    idle_s: float = _option(60, "Close a connection after this many seconds without a message (4408).")
    drain_s: float = _option(10, "Seconds that members have to move to another relay before this one stops.")

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
        """Returns limits that nothing reaches: for benchmarks, where all load comes from one address."""
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
            "loudest",
        )
        return cls(**dict.fromkeys(names, NO_LIMIT))


def raise_file_limit() -> None:
    """Raise the number of open files, and so of connections, to what the system allows this process."""
    if sys.platform == "win32":
        return
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
