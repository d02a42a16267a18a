"""The connection to a NATS server, from connecting to its loss; the only module that imports nats.

A lost connection is not mended: it ends, and its owner opens another. So nothing that was said before the
loss is sent after it, and what is watched is read anew from its beginning.
"""

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from streamer.cancellation import pass_cancellation_on
from streamer.errors import SetupError, StreamerError
from streamer.relay.background import surviving
from streamer.relay.cluster.address import ClusterAddress

CONNECT_S: Final = 2
"""A server of the same network answers within 10 ms; one that is busy gets two hundred times that."""

ANSWER_S: Final = 2.0
"""For a stored value to be acknowledged: a hundred times what a NATS server takes on a network that works."""

PING_S: Final = 1
"""A cut cable is noticed after two pings without an answer; `heard` of the cluster notices it at the
latest."""

MAX_WAITING: Final = 2_048
MAX_WAITING_BYTES: Final = 2_097_152
"""Of one subscription, read and not yet handled; what comes beyond is dropped by the library, and counted."""

_LOGGER: Final = logging.getLogger("streamer.cluster.nats")

Handle = Callable[[str, bytes], None]
"""Is told the last part of the subject, and what was said."""

YIELD_EVERY: Final = 16
"""Messages in a row: about half a millisecond of work. Then the voice of members may pass."""


@dataclass(frozen=True, slots=True)
class Entry:
    """`value` is None where it was deleted; `stored_s` is of NATS' wall clock. `is_new` came after the
    snapshot."""

    key: str
    value: bytes | None
    revision: int
    stored_s: float
    is_new: bool


Changed = Callable[[Entry], None]


class BusError(StreamerError):
    """The NATS server is away, or did not take what it was given."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """A key-value store. `ttl_s` 0 keeps its values for good; `on_disk` ones outlive the NATS server."""

    name: str
    ttl_s: float = 0
    on_disk: bool = False
    history: int = 1


class Bus:
    """`open`, then use; `lost` is set when the connection is gone. All may raise BusError."""

    def __init__(self, address: ClusterAddress) -> None:
        self._address = address
        self._stores: dict[str, Any] = {}
        self._nats: Any = None
        self._jetstream: Any = None
        self.lost = asyncio.Event()
        self.dropped = 0
        """Messages that came faster than they were handled."""

    async def open(self, name: str) -> None:
        from nats.aio.client import Client

        address = self._address
        options: dict[str, Any] = {}
        if address.secure:
            options["tls"] = ssl.create_default_context(cafile=address.ca_file)
        if address.user is not None:
            options |= {"user": address.user, "password": address.password or ""}
        if address.credentials:
            options["user_credentials"] = str(address.credentials)
        self._nats = Client()
        try:
            async with asyncio.timeout(2 * CONNECT_S):
                await self._nats.connect(
                    str(address),
                    name=name,
                    allow_reconnect=False,
                    connect_timeout=CONNECT_S,
                    ping_interval=PING_S,
                    max_outstanding_pings=2,
                    no_echo=True,
                    error_cb=self._on_error,
                    disconnected_cb=self._on_lost,
                    closed_cb=self._on_lost,
                    **options,
                )
        except Exception as error:  # the library passes on whatever its parts raise
            pass_cancellation_on()
            raise BusError(_words(error)) from None
        pass_cancellation_on()
        self._jetstream = self._nats.jetstream(timeout=ANSWER_S)

    async def close(self) -> None:
        self.lost.set()
        try:
            async with asyncio.timeout(1):
                await self._nats.close()
        except Exception as error:
            _LOGGER.debug("closing: %s", error)

    @property
    def is_here(self) -> bool:
        return not self.lost.is_set() and self._nats is not None and bool(self._nats.is_connected)

    async def publish(self, subject: str, data: bytes) -> None:
        """At most once, stored nowhere."""
        await _done(self._nats.publish(subject, data))

    async def subscribe(self, subject: str, handle: Handle) -> Any:
        """Returns what `unsubscribe` takes."""

        count = 0

        async def take(message: Any) -> None:
            nonlocal count
            with surviving("a message of another relay"):
                handle(message.subject.rpartition(".")[2], message.data)
            count += 1
            if count % YIELD_EVERY == 0:
                await asyncio.sleep(0)

        bounds = {"pending_msgs_limit": MAX_WAITING, "pending_bytes_limit": MAX_WAITING_BYTES}
        return await _done(self._nats.subscribe(subject, cb=take, **bounds))

    async def unsubscribe(self, subscription: Any) -> None:
        await _done(subscription.unsubscribe())

    async def make(self, bucket: Bucket) -> None:
        """Have it; one that is there already is used as it is."""
        from nats.js.api import StorageType
        from nats.js.errors import BadRequestError

        storage = StorageType.FILE if bucket.on_disk else StorageType.MEMORY
        options = {
            "bucket": bucket.name,
            "ttl": bucket.ttl_s or None,
            "history": bucket.history,
            "storage": storage,
        }
        try:
            store = await _done(self._jetstream.create_key_value(**options), BadRequestError)
        except BadRequestError:  # made by hand, of another size
            store = await _done(self._jetstream.key_value(bucket.name))
        self._stores[bucket.name] = store

    async def put(self, bucket: Bucket, key: str, value: bytes | None) -> None:
        """None deletes it."""
        store = self._stores[bucket.name]
        await _done(store.delete(key) if value is None else store.put(key, value))

    async def put_if(self, bucket: Bucket, key: str, value: bytes, revision: int) -> int:
        """Only where it is still at `revision`, 0 for not there. Returns the new revision, 0 where it was
        not.

        What has expired is not there, though nobody was told of that.
        """
        from nats.js.errors import KeyWrongLastSequenceError

        store = self._stores[bucket.name]
        try:
            put = store.update(key, value, revision) if revision else store.create(key, value)
            return int(await _done(put, KeyWrongLastSequenceError))
        except KeyWrongLastSequenceError:
            pass
        has_expired = revision != 0 and await self.get(bucket, key) is None
        return await self.put_if(bucket, key, value, 0) if has_expired else 0

    async def get(self, bucket: Bucket, key: str) -> tuple[bytes, int] | None:
        """The value and its revision."""
        from nats.js.errors import KeyNotFoundError

        try:
            entry = await _done(self._stores[bucket.name].get(key), KeyNotFoundError)
        except KeyNotFoundError:
            return None
        return entry.value or b"", entry.revision

    async def watch(self, bucket: Bucket, changed: Changed) -> "asyncio.Task[None]":
        """Returns when all that is there was told; the task tells what comes after that, until it is
        cancelled."""
        store = self._stores[bucket.name]
        watcher = await _done(store.watchall(include_history=bucket.history > 1))
        complete = asyncio.Event()

        async def follow() -> None:
            count = 0
            async for entry in watcher:
                if entry is None:
                    complete.set()
                    continue
                value = None if entry.operation in ("DEL", "PURGE") else entry.value or b""
                stored_s = entry.created.timestamp() if entry.created else 0.0
                with surviving("a value of another relay"):
                    changed(Entry(entry.key, value, entry.revision or 0, stored_s, complete.is_set()))
                count += 1
                if count % YIELD_EVERY == 0:
                    await asyncio.sleep(0)

        task = asyncio.create_task(follow())
        try:
            async with asyncio.timeout(2 * ANSWER_S):
                await complete.wait()
        except BaseException as error:
            task.cancel()
            if isinstance(error, TimeoutError):
                raise BusError(f"it does not tell what is in {bucket.name}") from None
            raise
        return task

    async def _on_error(self, error: Exception) -> None:
        self.dropped += type(error).__name__ == "SlowConsumerError"
        _LOGGER.debug("%s", error)

    async def _on_lost(self) -> None:
        self.lost.set()


async def _done(call: Awaitable[Any], *passed_on: type[Exception]) -> Any:
    """What a call of the library gives. It raises BusError, or what is `passed_on`."""
    try:
        result = await call
    except passed_on:
        raise
    except Exception as error:  # the library passes on whatever its parts raise
        pass_cancellation_on()
        raise BusError(_words(error)) from None
    pass_cancellation_on()
    return result


def _words(error: Exception) -> str:
    """In one line; the library's words hold no password."""
    if isinstance(error, TimeoutError) and not str(error):
        return "it does not answer"
    return " ".join(str(error).split())[:200] or type(error).__name__


def check_library() -> None:
    """Raises SetupError where nats-py is missing."""
    try:
        import nats  # noqa: F401
    except ImportError as error:
        raise SetupError(
            f"several relays need nats-py: `pip install 'streamer[cluster]'` ({error})"
        ) from None
