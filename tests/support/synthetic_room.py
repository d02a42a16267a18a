"""Fills a room cheaply: members that are sockets, not browsers; some of them talk, all in one thread."""

import asyncio
import ssl
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
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
    *(
        "Ada",
        "Grace",
        "Maximiliane von Hohenstein",
        "Ben",
        "Çelik",
        "Joan",
        "Ólafur",
        "李小龍",
        "Nana Yaa",
        "Tim",
    ),
    *("Rosa", "Emil", "Zoë", "Ivo", "Mina", "Paul", "Lea", "Omar", "Kiki", "Jürgen"),
    *("Noor", "Sam", "Tove", "Uma", "Viktor", "Wanda", "Xaver", "Yuki", "Anouk", "Ezra"),
)
MUTED: Final = "Ben"
CLOCK_EVERY: Final = 50
DEVICE_US: Final = 8_000
VERY_SLOW_US: Final = 1_300_000
SLOW: Final = ((170_000, "[data-speed*=slow]"), (VERY_SLOW_US, "[data-speed=very-slow]"))
"""How long a talker's device takes, in µs, and what the page then says. On a busy machine all the rest is
slow, too."""
SENT_AFTER_US: Final = 14_000
ERROR_US: Final = 700
LEAVES_S: Final = 10


@dataclass
class Crowd:
    """What the members do; a test may change it while they are there."""

    talkers: int
    """The first so many talk without a pause."""
    device_us: int = DEVICE_US
    """From a talker's mouth to its program."""
    error_us: int = ERROR_US
    """How far off its clock may be."""
    leaving: threading.Event = field(default_factory=threading.Event)


@contextmanager
def crowd(relay: RelayProcess, size: int, talkers: int = 0) -> Iterator[Crowd]:
    """`size` more members in the relay's room until the end of the block; the first ones talk without a
    pause."""
    members = Crowd(talkers)
    before = relay.healthz()["members"]
    payloads()  # here, since making them takes a while
    with ThreadPoolExecutor(1) as thread:
        staying = thread.submit(asyncio.run, _stay(relay, NAMES[:size], members))
        try:
            relay.wait_for_members(before + size)
            yield members
        finally:
            members.leaving.set()
            staying.result(LEAVES_S)


async def _stay(relay: RelayProcess, names: Sequence[str], members: Crowd) -> None:
    trusting = ssl.create_default_context(cafile=str(relay.authority))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusting)) as http:
        guests = [await _enter(http, relay, name) for name in names]
        listening = [asyncio.create_task(_listen(guest)) for guest in guests]
        began, talked = monotonic(), 0
        for number in count():
            if members.leaving.is_set():
                break
            talking = members.talkers
            for place, guest in enumerate(guests[:talking]):
                await _talk(guest, number, place >= talked, members)
            talked = talking
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


async def _talk(guest: Guest, number: int, starts: bool, members: Crowd) -> None:
    """The packet of this number, and where it is due the clock behind it."""
    timestamp = number * SAMPLES_PER_FRAME
    encoded = payloads()
    payload, level = encoded[(number + 37 * guest.welcome["talker_id"]) % len(encoded)]
    flags = TALKSPURT_START if starts else 0
    packet = Packet(number % 2**16, timestamp, payload, level=level, voice=True, flags=flags)
    await guest.socket.send_bytes(packet.serialize())
    if starts or number % CLOCK_EVERY == 0:
        await guest.socket.send_json(
            {"type": "clock", "timestamp": timestamp, **_times(guest, number, members)}
        )


def _times(guest: Guest, number: int, members: Crowd) -> dict[str, int]:
    device_us, error_us = members.device_us, members.error_us
    sent_us = guest.welcome["server_us"] + int(number * FRAME_MS * 1000) + SENT_AFTER_US
    server_us = sent_us - SENT_AFTER_US + DEVICE_US - device_us
    return {"server_us": server_us, "device_us": device_us, "sent_us": sent_us, "error_us": error_us}


@cache
def payloads() -> list[tuple[bytes, int]]:
    """Each with its level."""
    encoder, samples = Encoder(), speech()
    whole = len(samples) - len(samples) % SAMPLES_PER_FRAME
    frames = samples[:whole].reshape(-1, SAMPLES_PER_FRAME)
    return [(encoder.encode(frame), level_of(frame)) for frame in frames]
