"""Desktop clients that talk from a file or only listen, on a relay where everything goes wrong at random.

    scripts/bench crowd [--minutes 10] [--rooms 10] [--seed N]

In each room two talk and two listen; one client of each room comes by a slow link. Every few seconds some
clients are stopped for 0.1 to 5 s, or the relay is killed and started again. In all rooms by turns, a member
sends random but well-formed packets. Wanted: no client ends, and each hears a voice again within 2 s after it
goes on, or after the relay is back. What all say is a tone of 200 Hz, and that is what must be heard. A
machine that is too busy shows in "calm": the longest that somebody heard nothing while nothing happened. Two
slow cores carry five rooms.
"""

import argparse
import asyncio
import bisect
import logging
import multiprocessing
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import wave
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from time import monotonic
from typing import Any, Final

import numpy as np

sys.path.extend([str(Path(__file__).parent), str(Path(__file__).parents[1] / "support")])
from audio_rig import wait_until
from printed_links import PrintedLinks
from processes import STREAMER, ServeProcess
from raw_peer import BINARY, PEOPLE, Peer, Target

RATE: Final = 48_000
TONE_HZ: Final = 200
WINDOW_BYTES: Final = 2 * RATE // 10
TONE_SHARE: Final = 0.3
"""Of the power of a tenth of a second; noise has 0.02."""
HEARS_WITHIN_S: Final = 2.0
PATIENCE_S: Final = 20.0
"""After which a client counts as deaf."""
AFTERGLOW_S: Final = 0.3
"""In which what waited in a pipe or in a client may still come out."""
CALM_S: Final = 4.0
KILL_EVERY: Final = 6
"""Each so manieth thing that happens is the relay's end."""
TALKSPURT_S: Final = 0.5
PACKET_MS: Final = 20
"""The longest that a client sends: with half as many packets, a machine carries more clients."""
SLOW_BYTES_PER_S: Final = 40_000
SLOW_DELAY_S: Final = 0.08
DURATIONS: Final = (1, 2, 4, 8, 16, 24)


class Client:
    """`streamer talk --input` or `listen`: what it hears comes by its standard output."""

    def __init__(self, command: str, link: str, home: Path, *options: str | Path) -> None:
        self.name, self._heard = home.name, [0.0]
        self.room, self.talks = home.name.split("-")[0], command == "talk"
        home.mkdir()
        self.log = home / "log"
        self._process = subprocess.Popen(
            [STREAMER, command, link, "--name", self.name, "--output", "-", *options],
            env={**os.environ, "HOME": str(home), "XDG_DATA_HOME": str(home), "COLUMNS": "200"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self.log.open("wb"),
        )
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self._process.stdout
        self._process.stdout.read(44)
        while len(block := self._process.stdout.read(WINDOW_BYTES)) == WINDOW_BYTES:
            if is_tone(np.frombuffer(block, "<i2")):
                self._heard.append(monotonic())

    @property
    def heard_at(self) -> float:
        """When it heard a voice last; 0 before it did."""
        return self._heard[-1]

    def heard_after(self, moment: float) -> float | None:
        """When it first heard a voice after a moment."""
        at = bisect.bisect_right(self._heard, moment)
        return self._heard[at] if at < len(self._heard) else None

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def stop_for(self, seconds: float) -> float:
        """When it went on."""
        self._process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        self._process.send_signal(signal.SIGCONT)
        return monotonic()

    def end(self) -> None:
        self._process.kill()
        self._process.wait()


def is_tone(samples: np.ndarray[Any, Any]) -> bool:
    power = np.abs(np.fft.rfft(samples)) ** 2
    at = TONE_HZ * len(samples) // RATE
    return bool(power[1:].sum() > 1e6 and power[at - 1 : at + 2].sum() > TONE_SHARE * power[1:].sum())


def slow_link(port: int, stack: ExitStack) -> int:
    """A port that leads to the relay with a delay, and SLOW_BYTES_PER_S each way."""
    server = stack.enter_context(socket.create_server((PEOPLE, 0)))

    def carry(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(4_096):
                time.sleep(len(data) / SLOW_BYTES_PER_S)
                threading.Timer(SLOW_DELAY_S, send, (target, data)).start()
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def send(target: socket.socket, data: bytes) -> None:
        with suppress(OSError):
            target.sendall(data)

    def accept() -> None:
        with suppress(OSError):
            while True:
                client, _ = server.accept()
                with suppress(OSError):
                    relay = socket.create_connection((PEOPLE, port))
                    for ends in ((client, relay), (relay, client)):
                        threading.Thread(target=carry, args=ends, daemon=True).start()
                    continue
                client.close()

    threading.Thread(target=accept, daemon=True).start()
    return int(server.getsockname()[1])


class Relay:
    """`streamer serve`, killed and started again in the same place."""

    def __init__(self, home: Path, rooms: list[str]) -> None:
        with socket.create_server((PEOPLE, 0)) as free:
            self.port = free.getsockname()[1]
        options = [option for room in rooms for option in ("--room", room)]
        self._command = ("serve", "--host", PEOPLE, "--port", str(self.port), *options)
        self._home = home
        self.start()

    def start(self) -> None:
        self._process = ServeProcess(self._home, *self._command)
        self._process.__enter__()

    def kill(self) -> None:
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait(10)

    @property
    def links(self) -> PrintedLinks:
        return self._process.links

    def end(self) -> None:
        self._process.interrupt()


def odd_member(port: int, keys: dict[str, str], seed: int) -> None:
    """A process of its own: a room by turns, and packets in which only the form is right."""
    random_ = random.Random(seed)

    async def visit(room: str) -> None:
        peer = await Peer.enter(Target(port, keys, tls=True), room, PEOPLE, "Odd")
        reading = asyncio.create_task(peer.packets(lambda packet: None))
        for _ in range(random_.randrange(50, 400)):
            header = bytes([0x10, random_.randrange(256), 0, 0]) + random_.randbytes(3)
            header += bytes([random_.choice(DURATIONS)]) + random_.randbytes(4)
            peer.send(BINARY, header + random_.randbytes(random_.randrange(1, 300)))
            await asyncio.sleep(random_.choice((0, 0.005, 0.02)))
        peer.writer.close()
        await reading

    async def main() -> None:
        while True:
            with suppress(OSError, asyncio.IncompleteReadError):
                await visit(random_.choice([*keys]))
            await asyncio.sleep(0.1)

    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # it complains of each write to who hung up
    asyncio.run(main())


class Crowd:
    """All clients, what happened to them, and how long each took to hear again."""

    def __init__(self, relay: Relay, clients: list[Client], seed: int) -> None:
        self.relay, self.clients, self.faults = relay, clients, list[str]()
        self.took: dict[str, list[float]] = {"stopped": [], "killed": []}
        self.calm_s = 0.0
        self._random = random.Random(seed)

    def happen(self, number: int) -> None:
        if number % KILL_EVERY == 0:
            self.relay.kill()
            time.sleep(self._random.uniform(0.1, 5))
            self.relay.start()
            self._await("killed", self.clients, dict.fromkeys(self.clients, monotonic()))
        else:
            some = self._random.sample(self.clients, self._random.randint(1, max(1, len(self.clients) // 5)))
            lengths = {client: self._random.uniform(0.1, 5) for client in some}
            with ThreadPoolExecutor(len(some)) as pool:
                went_on = dict(zip(some, pool.map(lambda one: one.stop_for(lengths[one]), some), strict=True))
            self._await("stopped", some, {one: self._can_hear_from(one, went_on) for one in some})
        self._be_calm()

    def _can_hear_from(self, one: Client, went_on: dict[Client, float]) -> float:
        """When it had gone on, and so had somebody who talks to it."""
        talkers = [each for each in self.clients if each.room == one.room and each.talks and each is not one]
        return max(went_on[one], min(went_on.get(talker, 0.0) for talker in talkers))

    def _await(self, what: str, some: list[Client], since: dict[Client, float]) -> None:
        end = monotonic() + PATIENCE_S
        waiting = list(some)
        while waiting and monotonic() < end:
            time.sleep(0.02)
            for client in tuple(waiting):
                if heard_at := client.heard_after(since[client] + AFTERGLOW_S):
                    waiting.remove(client)
                    self.took[what].append(heard_at - since[client])
        late = [client.name for client in waiting]
        self.faults += [f"{name} heard nothing for {PATIENCE_S:.0f} s ({what})" for name in late]
        ended = [client for client in self.clients if not client.is_alive]
        self.faults += [f"{client.name} ended: {client.log.read_text()[-300:]}" for client in ended]

    def _be_calm(self) -> None:
        end = monotonic() + CALM_S
        while monotonic() < end:
            time.sleep(0.1)
            self.calm_s = max(self.calm_s, *(monotonic() - client.heard_at for client in self.clients))


def write_tone(path: Path, seconds: float) -> Path:
    """In syllables, as voice activity wants it, and silent for a part of each second, as people are."""
    at = np.arange(RATE)
    second = (
        0.3 * np.sin(2 * np.pi * TONE_HZ * at / RATE) * (1 + 0.5 * np.sin(2 * np.pi * 4 * at / RATE)) / 1.5
    )
    second[int(TALKSPURT_S * RATE) :] = 0
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        for _ in range(int(seconds)):
            file.writeframes((second * 32767).astype("<i2").tobytes())
    return path


def gather(folder: Path, relay: Relay, seconds: float, stack: ExitStack) -> list[Client]:
    tone, authority = write_tone(folder / "tone.wav", seconds), folder / "relay/streamer/ca.pem"
    slow, talks = slow_link(relay.port, stack), ("--input", tone, "--stay", "--packet-ms", str(PACKET_MS))
    clients = []
    for room, link in relay.links.to_talk.items():
        by_slow_link = link.replace(f":{relay.port}/", f":{slow}/")
        for number in range(4):
            command, options = ("talk", talks) if number < 2 else ("listen", ())
            home, url = folder / f"{room}-{command}-{number}", by_slow_link if number == 3 else link
            clients.append(Client(command, url, home, "--ca", authority, *options))
            stack.callback(clients[-1].end)
    return clients


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--rooms", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rooms = [f"room{number}" for number in range(options.rooms)]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name, ExitStack() as stack:
        relay = Relay(Path(name) / "relay", rooms)
        stack.callback(relay.end)
        keys = {room: link.split("key=")[1] for room, link in relay.links.to_talk.items()}
        clients = gather(Path(name), relay, 60 * options.minutes + 300, stack)
        wait_until(lambda: all(client.heard_at for client in clients), 120, lambda: silent(clients))
        odd = multiprocessing.get_context("fork").Process(
            target=odd_member, args=(relay.port, keys, options.seed), daemon=True
        )
        odd.start()
        stack.callback(odd.kill)
        crowd, end, number = Crowd(relay, clients, options.seed), monotonic() + 60 * options.minutes, 0
        while monotonic() < end and not crowd.faults:
            number += 1
            crowd.happen(number)
    return report(crowd, number)


def silent(clients: list[Client]) -> str:
    return "; ".join(
        f"{client.name}: {client.log.read_text()[-200:]}" for client in clients if not client.heard_at
    )


def report(crowd: Crowd, number: int) -> int:
    print(
        f"{len(crowd.clients)} clients, {number} times something happened; calm: {crowd.calm_s:.2f} s at most"
    )
    for what, took in crowd.took.items():
        if took:
            median, worst = np.median(took), max(took)
            late = sum(each > HEARS_WITHIN_S for each in took)
            print(
                f"{what}: {len(took)} heard again after {median:.2f} s (worst {worst:.2f}); {late} too late"
            )
            crowd.faults += [f"{late} heard again too late ({what})"] if late else []
    print("\n".join(crowd.faults) or "all lived")
    return 1 if crowd.faults else 0


if __name__ == "__main__":
    sys.exit(main())
