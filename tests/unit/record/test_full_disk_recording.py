"""Recordings and other files of sound on a disk that is really full: what is there plays, and people read
why."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from processes import STREAMER, RelayProcess
from recordings import RATE, decode, decode_by_ffmpeg, faults_of, session_of
from relay_fixture import KEY, House
from small_disk import Disk, small_disk
from sound import tone
from test_end_to_end_record import PATIENCE_S, recorder, spoken_in, talk_for, until_recorded, wait_until

import streamer
from streamer.client.audio.wav_files import open_writer
from streamer.client.events import Hint
from streamer.errors import AudioError, SetupError
from streamer.ogg.opus_packets import SILENCE
from streamer.record.folder import RESERVE_BYTES, Folder, check_space
from streamer.record.mixdown import mixdown
from streamer.record.recording import Recording
from streamer.wire.packet import Packet

DISK_BYTES = 4 * RESERVE_BYTES
FULL = "the disk is full: free some space"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with small_disk(tmp_path / "disk", DISK_BYTES) as disk:
        yield disk


# ---- A recording


async def test_a_recording_whose_disk_fills_up_loses_no_second_and_the_voices_go_on(disk: Disk) -> None:
    """Whoever begins to talk when nothing fits any more is in it, too; when there is space, it begins
    again."""
    out = disk.folder / "out"
    async with House.open() as house:
        link = f"{house.url}/#room=home&key={KEY}"
        async with (
            streamer.join(link, name="Anna") as anna,
            streamer.join(link, name="Ben") as ben,
            streamer.join(link, name="Cara") as cara,
        ):
            process = recorder(house, out)
            await until_recorded(anna)
            sent: dict[str, list[bytes]] = {"Anna": [], "Ben": [], "Cara": []}
            talking = asyncio.create_task(talk_for(anna, 60, sent["Anna"]))
            await talk_for(ben, 2, sent["Ben"])
            disk.fill()
            before = len(sent["Anna"])
            late = asyncio.create_task(talk_for(cara, 60, sent["Cara"]))
            assert await asyncio.to_thread(process.wait, PATIENCE_S) == 1
            assert process.stderr
            said = process.stderr.read()
            assert FULL in said
            assert "What was recorded before is complete, and plays" in said
            await wait_until(lambda: not anna.recording.on)
            heard = ben.packets()
            async with asyncio.timeout(PATIENCE_S):
                while (await anext(heard)).member.name != "Anna":
                    pass
            await nothing_is_begun_on_a_full_disk(house, disk)
            for task in (talking, late):
                task.cancel()
            disk.free()
            again = recorder(house, out)
            await wait_until(lambda: (out / "take-2/session.json").exists())
            again.terminate()
            await asyncio.to_thread(again.wait, PATIENCE_S)
    files = {file.stem[3:]: file for file in out.glob("*.opus")}
    assert set(files) == {"Anna", "Ben", "Cara"}
    assert len(spoken_in(files["Anna"])) >= before - 100, "more than a second of it is lost"
    for name, file in files.items():
        assert faults_of(file) == []
        assert spoken_in(file) == sent[name][: len(spoken_in(file))]
    assert len({len(decode(file)) for file in files.values()}) == 1
    session = session_of(out)
    assert session["complete"] is True
    assert {track["name"] for track in session["tracks"]} == set(files)  # type: ignore[attr-defined]


async def nothing_is_begun_on_a_full_disk(house: House, disk: Disk) -> None:
    before = sorted(disk.folder.rglob("*"))
    process = recorder(house, disk.folder / "out")
    assert await asyncio.to_thread(process.wait, PATIENCE_S) == 1
    assert process.stderr
    assert FULL in process.stderr.read()
    assert sorted(disk.folder.rglob("*")) == before


async def test_a_host_reads_that_the_relay_s_disk_is_full_and_it_records_when_there_is_space(
    disk: Disk, tmp_path: Path
) -> None:
    disk.fill()
    with RelayProcess(tmp_path, "--record", str(disk.folder / "records")) as relay:
        host = streamer.join(relay.host_link, name="Ada", ca_file=relay.authority)
        async with host, streamer.join(relay.link, name="Ben", ca_file=relay.authority) as ben:
            events = host.events()
            host.send({"type": "record", "on": True})
            async with asyncio.timeout(PATIENCE_S):
                async for event in events:
                    if isinstance(event, Hint):
                        break
            assert f"The recording stopped: {disk.folder}/records" in event.text
            assert FULL in event.text
            assert not ben.recording.on
            disk.free()
            await until_recorded(ben)
            sent: list[bytes] = []
            await talk_for(ben, 1, sent)
            host.send({"type": "record", "on": False})
            await wait_until(lambda: not ben.recording.on)
            [file] = (disk.folder / "records").glob("*/*.opus")
            await wait_until(lambda: session_of(file.parent)["complete"] is True)
    assert spoken_in(file) == sent


def test_a_recording_that_can_not_begin_takes_no_space_and_leaves_a_folder_of_yours(disk: Disk) -> None:
    yours = disk.folder / "yours"
    yours.mkdir()
    disk.fill()
    before = sorted(disk.folder.rglob("*"))
    for folder in (yours, disk.folder / "new", disk.folder):
        with pytest.raises(SetupError, match=FULL):
            Folder(folder)
        with pytest.raises(SetupError, match=FULL):
            check_space(folder / "deeper" / "still")
        assert sorted(disk.folder.rglob("*")) == before
    disk.free()
    check_space(yours)
    assert Folder(yours).path == yours


def test_who_is_left_out_is_in_no_file_though_the_disk_is_full(disk: Disk) -> None:
    recording = Recording(Folder(disk.folder / "out"), "home", 0.0, lambda *_: None)
    recording.meet({"Anna", "Shy"}, 0.1)
    for number in range(300):
        for talker_id, name in ((1, "Anna"), (2, "Shy")):
            packet = Packet(number, number * 960, SILENCE[960], talker_id, duration=8)
            recording.push(talker_id, name, packet, number / 50)
    for number in range(60):
        recording.wrote("Shy" if number % 2 else "Anna", f"{number} secret {'x' * 90}", 1.0)
        recording.captioned("Shy" if number % 2 else "Anna", f"{number} secret", 1.0, 2.0)
    recording.tick(6.0)
    disk.fill()
    recording.leave_out({"Shy"})
    recording.close(7.0)
    left = b"".join(file.read_bytes() for file in (disk.folder / "out").iterdir())
    assert b"Shy" not in left
    assert b" 1 secret" not in left
    assert left.count(b"secret") == 60
    assert len(session_of(disk.folder / "out")["tracks"]) == 1  # type: ignore[arg-type]


async def test_a_recorder_whose_log_is_on_a_full_disk_records(tmp_path: Path) -> None:
    async with House.open() as house, streamer.join(f"{house.url}/#room=home&key={KEY}", name="Anna") as anna:
        out = tmp_path / "out"
        link = f"{house.url}/#room=home&key=battery-staple"
        with Path("/dev/full").open("w") as full:
            process = subprocess.Popen(
                [sys.executable, "-m", "streamer", "record", link, "--output", str(out)], stderr=full
            )
        await until_recorded(anna)
        sent: list[bytes] = []
        await talk_for(anna, 1, sent)
        process.terminate()
        await asyncio.to_thread(process.wait, PATIENCE_S)
    [file] = out.glob("*.opus")
    assert spoken_in(file) == sent


# ---- Other files of sound


def recorded(folder: Path, seconds: int = 10) -> Path:
    """A recording of noise, which no codec makes small."""
    from streamer.client.audio.codec import Encoder

    recording, encoder = Recording(Folder(folder), "home", 0.0, lambda *_: None), Encoder()
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, (seconds * 100, 480)).astype(np.float32)
    for number, frame in enumerate(noise):
        recording.push(
            1, "Anna", Packet(number, number * 480, encoder.encode(frame), 1, duration=4), number / 100
        )
        if number % 20 == 0:
            recording.tick(number / 100)
    recording.close(seconds)
    return folder


@pytest.mark.parametrize("suffix", [".opus", ".wav", ".flac", ".mka"])
def test_a_mixdown_is_whole_or_not_there_and_says_why(tmp_path: Path, suffix: str) -> None:
    """However much of it fits: the end, too, may be what does not."""
    folder = recorded(tmp_path / "recording")
    whole = mixdown(folder, tmp_path / f"whole{suffix}", {}).stat().st_size
    pages = sorted(
        {4_096, whole // 2 // 4_096 * 4_096, *((whole // 4_096 + more) * 4_096 for more in (-1, 0, 1, 4))}
    )
    ends = []
    for number, size in enumerate(pages):
        with small_disk(tmp_path / f"disk-{number}", size) as disk:
            output = disk.folder / f"mix{suffix}"
            said = refusal_of_mixdown(folder, output)
            assert not said or (str(output) in said and "No space left" in said)
            assert {file.name: file.stat().st_size for file in disk.folder.iterdir()} == (
                {} if said else {output.name: whole}
            )
            ends.append(not said)
    assert ends[0] is False
    assert ends[-1] is True
    assert all(before <= after for before, after in pairwise(ends)), "less space can't be enough"


def refusal_of_mixdown(folder: Path, output: Path) -> str:
    """Empty where it is made."""
    try:
        mixdown(folder, output, {})
    except AudioError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".opus", ".mp3"])
def test_what_a_listener_writes_plays_up_to_where_the_disk_is_full(disk: Disk, suffix: str) -> None:
    path = disk.folder / f"heard{suffix}"
    with pytest.raises(AudioError, match=f"{path} can't be written: No space left"):
        write_until_it_is_full(path, disk)
    assert len(decode_by_ffmpeg(path)) > 2.5 * RATE  # a page of Ogg Opus is a second


def write_until_it_is_full(path: Path, disk: Disk) -> None:
    """Noise of 30 s; the disk is full after 4 s of it."""
    noise = np.random.default_rng(2).uniform(-0.5, 0.5, (3_000, 480)).astype(np.float32)
    with closing(open_writer(path, 1)) as writer:
        for number, frame in enumerate(noise):
            writer.write(frame)
            if number == 400:
                disk.fill()


async def test_a_listener_whose_disk_fills_up_reads_it_and_the_room_goes_on(
    disk: Disk, tmp_path: Path
) -> None:
    async with House.open() as house:
        link = f"{house.url}/#room=home&key={KEY}"
        path = disk.folder / "heard.wav"
        async with streamer.join(link, name="Anna") as anna, streamer.join(link, name="Ben") as ben:
            command = [STREAMER, "listen", link, "--output", path, "--figures"]
            process = subprocess.Popen(
                command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=tmp_path
            )
            talking = asyncio.create_task(anna.say(tone(440, 60)))
            await wait_until(lambda: path.exists() and path.stat().st_size > RATE)
            disk.fill()
            assert await asyncio.to_thread(process.wait, PATIENCE_S) == 1
            assert process.stderr
            assert f"{path} can't be written: No space left on device" in process.stderr.read()
            heard = ben.packets()
            async with asyncio.timeout(PATIENCE_S):
                await anext(heard)
            talking.cancel()
        assert len(decode_by_ffmpeg(path)) > RATE // 4
