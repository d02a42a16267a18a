"""`streamer record` as a process, at a real relay: what it leaves after the end, a kill, and a full disk."""

import asyncio
import os
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from processes import RelayProcess
from recordings import RATE, decode, faults_of, session_of
from relay_fixture import HOST_KEY, KEY, House

import streamer
from streamer.client.audio.codec import Encoder
from streamer.errors import StreamerError
from streamer.ogg.opus import OpusReader
from streamer.ogg.opus_packets import SILENCE
from streamer.record.mixdown import mixdown

PATIENCE_S = 60


def recorder(
    house: House, output: Path, limit_bytes: int | None = None, key: str = HOST_KEY
) -> subprocess.Popen[str]:
    def limit() -> None:
        if limit_bytes:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))

    command = [
        sys.executable,
        "-m",
        "streamer",
        "record",
        f"{house.url}/#room=home&key={key}",
        "--output",
        str(output),
    ]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=limit)


async def wait_until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            await asyncio.sleep(0.05)


async def talk_for(room: streamer.Room, seconds: float, payloads: list[bytes]) -> None:
    encoder, tone = Encoder(), (0.3 * np.sin(2 * np.pi * 440 * np.arange(480) / RATE)).astype(np.float32)
    for _ in range(round(seconds * 100)):
        payloads.append(encoder.encode(tone))
        room.send_packet(payloads[-1])
        await asyncio.sleep(0.01)


def spoken_in(path: Path) -> list[bytes]:
    silences = set(SILENCE.values())
    return [payload for payload, _ in OpusReader(path.read_bytes()).packets() if payload not in silences]


async def until_recorded(room: streamer.Room) -> None:
    await wait_until(lambda: room.recording.on)


async def test_a_recording_holds_what_was_sent_and_is_mixed_down(tmp_path: Path) -> None:
    async with House.open() as house:
        link = f"{house.url}/#room=home&key={KEY}"
        async with (
            streamer.join(link, name="../Anna") as anna,
            streamer.join(link, name="Ben") as ben,
            streamer.join(link, name="Shy") as shy,
        ):
            shy.leave_me_out()
            process = recorder(house, tmp_path / "out")
            await until_recorded(anna)
            sent: dict[str, list[bytes]] = {"Anna": [], "Ben": [], "Shy": []}
            anna.write("Hello")
            shy.write("nothing of me")
            talks = [(anna, "Anna"), (ben, "Ben"), (shy, "Shy")]
            await asyncio.gather(*(talk_for(room, 2, sent[name]) for room, name in talks))
            process.send_signal(signal.SIGINT)
            assert await asyncio.to_thread(process.wait, PATIENCE_S) == 0, (
                process.stderr and process.stderr.read()
            )
            await wait_until(lambda: not anna.recording.on)
    out = tmp_path / "out"
    assert sorted(file.name for file in out.iterdir()) == [
        "01-Anna.opus",
        "02-Ben.opus",
        "chat.vtt",
        "session.json",
    ]
    lengths = set()
    for file, name in (("01-Anna.opus", "Anna"), ("02-Ben.opus", "Ben")):
        assert faults_of(out / file) == []
        assert spoken_in(out / file) == sent[name]
        lengths.add(len(decode(out / file)))
    assert len(lengths) == 1
    length_s = lengths.pop() / RATE
    everything = b"".join(file.read_bytes() for file in out.iterdir())
    assert b"Shy" not in everything
    assert b"nothing of me" not in everything
    assert b"Hello" in (out / "chat.vtt").read_bytes()
    tracks = session_of(out)["tracks"]
    assert [track["name"] for track in tracks] == ["../Anna", "Ben"]  # type: ignore[attr-defined]
    for ending in (".opus", ".wav", ".flac", ".mka"):
        mixed = mixdown(out, tmp_path / f"mixed{ending}", {"Ben": -6.0} if ending != ".mka" else {})
        probe = [
            "ffprobe",
            "-v",
            "error",
            "-show_entries",
            "stream=codec_name:format=duration",
            "-of",
            "csv",
            mixed,
        ]
        said = subprocess.run(probe, capture_output=True, text=True, check=True).stdout
        assert said.count("stream,") == (2 if ending == ".mka" else 1)
        assert float(re.findall(r"format,([\d.]+)", said)[0]) == pytest.approx(length_s, abs=0.1)
    with pytest.raises(StreamerError, match="Nora"):
        mixdown(out, tmp_path / "other.wav", {"Nora": 1.0})


async def test_without_the_right_it_says_so_and_writes_nothing(tmp_path: Path) -> None:
    async with House.open() as house:
        process = recorder(house, tmp_path / "out", key=KEY)
        assert await asyncio.to_thread(process.wait, PATIENCE_S) == 1
        assert process.stderr
        assert "may not record" in process.stderr.read()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("end", ["kill -9", "full disk"])
async def test_what_was_written_before_the_worst_plays(tmp_path: Path, end: str) -> None:
    async with House.open() as house:
        link = f"{house.url}/#room=home&key={KEY}"
        async with streamer.join(link, name="Anna") as anna:
            process = recorder(house, tmp_path / "out", 24_000 if end == "full disk" else None)
            await until_recorded(anna)
            sent: list[bytes] = []
            await talk_for(anna, 4, sent)
            if end == "kill -9":
                process.kill()
            code = await asyncio.to_thread(process.wait, PATIENCE_S)
            assert process.stderr
            said = process.stderr.read()
            assert code == (1 if end == "full disk" else -signal.SIGKILL), said
            assert end != "full disk" or "raise it (ulimit -f)" in said
            await wait_until(lambda: not anna.recording.on)
    [file] = (tmp_path / "out").glob("*.opus")
    spoken = spoken_in(file)
    assert spoken == sent[: len(spoken)]
    assert len(spoken) > 100
    assert len(decode(file)) > RATE
    before = file.read_bytes()
    async with House.open() as house:
        again = recorder(house, tmp_path / "out")
        await wait_until(lambda: (tmp_path / "out/take-2/session.json").exists())
        again.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(again.wait, PATIENCE_S) is not None
    assert file.read_bytes() == before


async def test_the_relay_records_where_its_operator_lets_the_host_ask_for_it(tmp_path: Path) -> None:
    patient = ("--deadline-ms", "5000")  # else a busy machine's relay drops what became too old
    with RelayProcess(tmp_path, "--record", str(tmp_path / "records"), *patient) as relay:
        ca = relay.authority
        host = streamer.join(relay.host_link, name="Ada", ca_file=ca)
        async with host, streamer.join(relay.link, name="Ben", ca_file=ca) as ben:
            ben_sent: list[bytes] = []
            host.send({"type": "record", "on": True})
            await until_recorded(ben)
            assert ben.recording.by == "Ada"
            await talk_for(ben, 1, ben_sent)
            host.send({"type": "record", "on": False})
            await wait_until(lambda: not ben.recording.on)
        [file] = (tmp_path / "records").glob("*/*.opus")
        await wait_until(lambda: session_of(file.parent)["complete"] is True)
    assert spoken_in(file) == ben_sent
    assert faults_of(file) == []
    assert os.stat(file).st_mode & 0o077 == 0
