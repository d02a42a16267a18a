"""Fills a room cheaply: members that are sockets, not browsers; some of them talk, all in one thread."""

import asyncio
import ssl
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from itertools import count
from time import monotonic
from typing import Final
from urllib.parse import parse_qsl, urlsplit

import aiohttp
from processes import RelayProcess
from relay_fixture import Guest
from sound import speech

from streamer.audio_format import FRAME_MS, SAMPLES_PER_FRAME
from streamer.client.audio.codec import Encoder
from streamer.client.audio.samples import level_of
from streamer.wire.packet import TALKSPURT_START, Packet

NAMES: Final = (
    *("Ada", "Grace", "Maximiliane von Hohenstein", "Ben", "Çelik", "Joan", "Ólafur", "李小龍", "Nana Yaa", "Tim"),
    *("Rosa", "Emil", "Zoë", "Ivo", "Mina", "Paul", "Lea", "Omar", "Kiki", "Jürgen"),
    *("Noor", "Sam", "Tove", "Uma", "Viktor", "Wanda", "Xaver", "Yuki", "Anouk", "Ezra"),
)
MUTED: Final = "Ben"
CLOCK_EVERY: Final = 50
DEVICE_US: Final = 8_000
SENT_AFTER_US: Final = 14_000
ERROR_US: Final = 700
LEAVES_S: Final = 10


@contextmanager
def crowd(relay: RelayProcess, size: int, talkers: int = 0) -> Iterator[None]:
    """`size` more members in the relay's room until the end of the block; the first ones talk without a pause."""
    leaving = threading.Event()
    before = relay.healthz()["members"]
    _payloads()  # here, since making them takes a while
    with ThreadPoolExecutor(1) as thread:
        staying = thread.submit(asyncio.run, _stay(relay, NAMES[:size], talkers, leaving))
        try:
            relay.wait_for_members(before + size)
            yield
        finally:
            leaving.set()
            staying.result(LEAVES_S)


async def _stay(relay: RelayProcess, names: Sequence[str], talkers: int, leaving: threading.Event) -> None:
    trusting = ssl.create_default_context(cafile=str(relay.authority))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusting)) as http:
        guests = [await _enter(http, relay, name) for name in names]
        listening = [asyncio.create_task(_listen(guest)) for guest in guests]
        began = monotonic()
        for number in count():
            if leaving.is_set():
                break
            for guest in guests[:talkers]:
                await _talk(guest, number)
            await asyncio.sleep(began + number * FRAME_MS / 1000 - monotonic())
        for task in listening:
            task.cancel()


async def _enter(http: aiohttp.ClientSession, relay: RelayProcess, name: str) -> Guest:
    query = {**dict(parse_qsl(urlsplit(relay.link).fragment)), "name": name}
    guest = Guest(await http.ws_connect(f"{relay.origin}/ws", params=query, protocols=["streamer.v1"]))
    guest.welcome = await guest.text("welcome")
    if name == MUTED:
        await guest.socket.send_json({"type": "state", "muted": True, "away": False, "hand": False})
    return guest


async def _listen(guest: Guest) -> None:
    async for _ in guest.socket:
        pass


async def _talk(guest: Guest, number: int) -> None:
    """The packet of this number, and where it is due the clock behind it."""
    timestamp = number * SAMPLES_PER_FRAME
    payloads = _payloads()
    payload, level = payloads[(number + 37 * guest.welcome["talker_id"]) % len(payloads)]
    flags = 0 if number else TALKSPURT_START
    packet = Packet(number % 2**16, timestamp, payload, level=level, voice=True, flags=flags)
    await guest.socket.send_bytes(packet.serialize())
    if number % CLOCK_EVERY == 0:
        await guest.socket.send_json({"type": "clock", "timestamp": timestamp, **_times(guest, number)})


def _times(guest: Guest, number: int) -> dict[str, int]:
    server_us = guest.welcome["server_us"] + int(number * FRAME_MS * 1000)
    sent_us = server_us + SENT_AFTER_US
    return {"server_us": server_us, "device_us": DEVICE_US, "sent_us": sent_us, "error_us": ERROR_US}


@cache
def _payloads() -> list[tuple[bytes, int]]:
    """Each with its level."""
    encoder, samples = Encoder(), speech()
    whole = len(samples) - len(samples) % SAMPLES_PER_FRAME
    frames = samples[:whole].reshape(-1, SAMPLES_PER_FRAME)
    return [(encoder.encode(frame), level_of(frame)) for frame in frames]
