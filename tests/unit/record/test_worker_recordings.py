"""Recordings that a relay makes itself outlast the worker that has the room, and not the relay."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from cluster_fixture import until
from processes import RelayProcess
from psutil import STATUS_ZOMBIE, NoSuchProcess, Process, ZombieProcess
from recordings import faults_of, session_of
from workers_fixture import BACK, FAR_ROOM, FRONT, WorkersProcess, family_of

import streamer
from streamer.client.audio.codec import Encoder
from streamer.ogg.opus import OpusReader
from streamer.wire.room_link import Address

RECORDS = "records"
LEAST_KEPT = 10


def said(hertz: float) -> list[bytes]:
    """A second of a tone, as packets that no other tone has."""
    encoder, time_s = Encoder(), np.arange(48_000) / 48_000
    sound = (0.3 * np.sin(2 * np.pi * hertz * time_s)).astype(np.float32)
    return [encoder.encode(sound[at : at + 480]) for at in range(0, len(sound), 480)]


BEFORE, AFTER = said(440), said(1_000)
assert not set(BEFORE) & set(AFTER)


@asynccontextmanager
async def talking(room: streamer.Room, packets: list[bytes]) -> AsyncIterator[None]:
    """Again and again, also while the line is down."""

    async def talk() -> None:
        while True:
            for packet in packets:
                room.send_packet(packet)
                await asyncio.sleep(0.01)

    task = asyncio.create_task(talk())
    try:
        yield
    finally:
        task.cancel()


def files_in(home: Path) -> list[Path]:
    return list((home / RECORDS).glob("*/*.opus"))


def is_kept(home: Path, packets: list[bytes]) -> bool:
    """Some of it: on a busy machine some are lost between a member and the recorder."""
    kept = {payload for file in files_in(home) for payload, _ in OpusReader(file.read_bytes()).packets()}
    return len(kept.intersection(packets)) >= LEAST_KEPT


def recorders_of(relay: RelayProcess) -> list[Process]:
    return [each for each in family_of(relay.pid) if is_recorder(each)]


def is_recorder(process: Process) -> bool:
    """False once it has ended."""
    try:
        return process.is_running() and process.status() != STATUS_ZOMBIE and "record" in process.cmdline()
    except (NoSuchProcess, ZombieProcess):
        return False


def host_of(relay: WorkersProcess) -> streamer.Room:
    key = Address.parse(relay.host_link).key
    return streamer.join(f"{relay.origin}/#room={FAR_ROOM}&key={key}", name="Ada")


@pytest.mark.parametrize("killed", [BACK, FRONT], ids=["of the room", "of no room"])
async def test_a_recording_goes_on_in_the_same_file_when_a_worker_is_killed_until_the_host_ends_it(
    killed: int, tmp_path: Path
) -> None:
    with WorkersProcess(tmp_path, "--no-tls", "--record", str(tmp_path / RECORDS)) as relay:
        async with host_of(relay) as host, streamer.join(relay.link_to(FAR_ROOM), name="Ben") as ben:
            await relay.until_members(BACK, 2)
            host.send({"type": "record", "on": True})
            await until(lambda: ben.recording.on, lambda: f"it runs {recorders_of(relay)}")
            assert ben.recording.by == "Ada"
            async with talking(host, BEFORE):
                await until(lambda: is_kept(tmp_path, BEFORE))
            os.kill(relay.pid_of(killed), signal.SIGKILL)
            async with talking(host, AFTER):
                await until(lambda: is_kept(tmp_path, AFTER))
            await until(lambda: ben.recording.on and host.recording.on)
            await relay.until_members(BACK, 3)
            host.send({"type": "record", "on": False})
            await until(lambda: not ben.recording.on and not host.recording.on)
        [file] = files_in(tmp_path)
        await until(lambda: session_of(file.parent)["complete"] is True)
        assert faults_of(file) == []
        await until(lambda: not recorders_of(relay))


@pytest.mark.parametrize("kind", [RelayProcess, WorkersProcess], ids=["one process", "workers"])
async def test_no_recorder_outlives_a_relay_that_is_killed_and_what_it_has_is_complete(
    kind: type[RelayProcess], tmp_path: Path
) -> None:
    with kind(tmp_path, "--no-tls", "--record", str(tmp_path / RECORDS), exit_code=None) as relay:
        async with streamer.join(relay.host_link, name="Ada") as host:
            host.send({"type": "record", "on": True})
            async with talking(host, BEFORE):
                await until(lambda: is_kept(tmp_path, BEFORE))
            [recorder] = recorders_of(relay)
            Process(relay.pid).kill()
            await until(lambda: not is_recorder(recorder))
        [file] = files_in(tmp_path)
        assert session_of(file.parent)["complete"] is True
        assert is_kept(tmp_path, BEFORE)
