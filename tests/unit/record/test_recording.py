"""Recordings of simulated talkers, judged by real players; times pass without waiting."""

import json
import random
from pathlib import Path

import numpy as np
import pytest
from recordings import RATE, decode, faults_of, session_of
from simulated_talkers import Network, Talker

from streamer.audio_format import DURATIONS
from streamer.client.delay.capture_times import CaptureTimes
from streamer.ogg.opus import OpusReader
from streamer.ogg.opus_packets import SILENCE
from streamer.record.folder import Folder, file_name_of
from streamer.record.recorder import LONGEST_SAID_S, said_between
from streamer.record.recording import MAX_TRACKS, Recording
from streamer.record.webvtt import cue, without_speaker
from streamer.wire.packet import Packet

WITHIN_S = 0.005


def recording_in(path: Path, captures: CaptureTimes | None = None) -> Recording:
    def captured_s(talker_id: int, timestamp: int) -> float | None:
        captured_us = captures.captured_us(talker_id, timestamp) if captures else None
        return None if captured_us is None else captured_us / 1e6

    return Recording(Folder(path), "home", 0.0, captured_s)


def spoken_in(path: Path) -> list[bytes]:
    silences = set(SILENCE.values())
    return [payload for payload, _ in OpusReader(path.read_bytes()).packets() if payload not in silences]


def click_near(samples: np.ndarray, at_s: float) -> float:
    """When the loudest sample within half a second is."""
    begin = max(0, int((at_s - 0.25) * RATE))
    around = np.abs(samples[begin : int((at_s + 0.25) * RATE)])
    assert around.max() > 0.2, f"no click near {at_s} s"
    return float((begin + np.argmax(around > around.max() / 2)) / RATE)


def test_ten_minutes_with_everything_that_can_happen_are_in_step_and_without_fault(tmp_path: Path) -> None:
    """Joins, leaves, silences, clocks off by 100 ppm, loss, and a relay that is restarted."""
    rng, length_s = random.Random(3), 600.0
    clicks = [30.0, 90.0, 170.5, 280.0, 297.0, 330.25, 450.0, 590.0]

    def speeches(begin_s: float, end_s: float) -> list[tuple[float, float]]:
        found, at_s = [], begin_s
        while at_s < end_s:
            lasts_s = rng.uniform(1, 6)
            if any(at_s - 0.5 < click < at_s + lasts_s + 8 for click in clicks):
                lasts_s = 14.0
            found.append((at_s, min(end_s, at_s + lasts_s)))
            at_s += lasts_s + rng.uniform(0.5, 5) * (lasts_s < 14) + 0.3
        return found

    def talking(name: str, ppm: float, begin_s: float, end_s: float, **more: int) -> Talker:
        covered = [
            (click - 1.0, click + 1.0) for click in clicks if begin_s <= click - 1 and click + 1 <= end_s
        ]
        spoken = sorted(covered + [each for each in speeches(begin_s, end_s) if _is_apart(each, covered)])
        return Talker(name, more.pop("talker_id"), ppm, spoken, clicks, **more)

    anna = talking(
        "Anna", 100, 0.5, length_s, talker_id=1, first_timestamp=2**32 - 5_000_000, first_seq=65_000
    )
    ben = talking("Ben", -100, 1.0, 200, talker_id=2, duration=4)
    ben_again = talking("Ben", -100, 260, length_s, talker_id=5, first_timestamp=77)
    cara = talking("Cara", 0, 60, length_s, talker_id=3, first_timestamp=123, channels=2)
    network = Network(outages=[(300.0, 304.0)], ids_after={1: 2, 3: 1, 5: 3})
    captures = CaptureTimes()
    recording = recording_in(tmp_path / "out", captures)
    network.deliver([anna, ben, ben_again, cara], recording, captures, length_s)

    files = sorted((tmp_path / "out").glob("*.opus"))
    assert [file.name for file in files] == ["01-Anna.opus", "02-Ben.opus", "03-Cara.opus"]
    decoded = {}
    for file in files:
        assert faults_of(file) == []
        decoded[file.stem[3:]] = decode(file)
    assert {len(samples) for samples in decoded.values()} == {round(length_s * RATE)}
    for click in clicks:
        heard = {
            name: click_near(samples, click)
            for name, samples in decoded.items()
            if name != "Cara" or click > 61
        }
        heard = {name: at for name, at in heard.items() if not (name == "Ben" and 199 < click < 261)}
        assert max(heard.values()) - min(heard.values()) < WITHIN_S, (click, heard)
        assert all(abs(at - click) < WITHIN_S for at in heard.values()), (click, heard)
    assert spoken_in(files[0]) == anna.sent
    assert spoken_in(files[1]) == ben.sent + ben_again.sent
    assert spoken_in(files[2]) == cara.sent
    session = session_of(tmp_path / "out")
    assert session["complete"] is True
    assert session["length_s"] == length_s


def _is_apart(speech: tuple[float, float], covered: list[tuple[float, float]]) -> bool:
    return all(speech[1] < begin - 0.2 or speech[0] > end + 0.2 for begin, end in covered)


@pytest.mark.parametrize("seed", range(24))
def test_whatever_the_network_does_every_packet_is_kept_once_and_in_its_place(
    tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    duration, channels = DURATIONS[seed % len(DURATIONS)], 1 + seed // len(DURATIONS) % 2
    first = rng.choice([0, 77, 2**32 - 30_000]), rng.choice([0, 65_500])
    loss, ppm = rng.choice([0.0, 0.02, 0.3]), rng.choice([-100.0, 0.0, 100.0])
    overtaking, repeated = rng.choice([0.0, 0.05]), rng.choice([0.0, 0.1])
    speeches, at_s = [], rng.uniform(0, 2)
    for _ in range(3):
        lasts_s = rng.uniform(0.05, 2)
        speeches.append((at_s, at_s + lasts_s))
        at_s += lasts_s + rng.uniform(0.2, 3)
    talker = Talker("Ada", 9, ppm, speeches, [], duration, channels, *first)
    path = tmp_path / "out"
    captures = CaptureTimes()
    network = Network(seed, loss, overtaking=overtaking, repeated=repeated)
    network.deliver([talker], recording_in(path, captures), captures, at_s + 1)
    [file] = path.glob("*.opus")
    reader = OpusReader(file.read_bytes())
    places, at = [], 0
    for payload, samples in reader.packets():
        if payload not in SILENCE.values():
            places.append((payload, (at - reader.head.pre_skip + 120) / RATE))
        at += samples
    assert reader.end_samples - reader.head.pre_skip == round((at_s + 1) * RATE)
    _assert_in_order(places, [(packet.payload, captured_s) for captured_s, packet in talker.packets()])
    assert len(places) >= len(talker.sent) - talker.sent_again


def _assert_in_order(
    places: list[tuple[bytes, float]], captured: list[tuple[bytes, float]]
) -> None:
    """Each packet of the file is the next one of those sent whose place fits."""
    rest = iter(captured)
    for payload, at_s in places:
        assert any(each == payload and abs(at_s - when_s) < 0.02 for each, when_s in rest), at_s


def test_who_asks_to_be_left_out_is_in_no_file(tmp_path: Path) -> None:
    captures = CaptureTimes()
    recording = recording_in(tmp_path / "out", captures)
    talkers = [Talker(name, number, 0, [(0.2, 4)], []) for number, name in enumerate(["Mallory", "Anna"], 1)]
    recording.meet({"Mallory", "Anna"}, 0.0)

    def meanwhile(now_s: float) -> None:
        if abs(now_s - 1.0) < 0.1:
            recording.wrote("Mallory", "I was here", now_s)
            recording.wrote("Anna", "<b>Hello</b>\n\n00:00.000 --> 00:01.000\n<v Mallory>no", now_s)
        if abs(now_s - 2.0) < 0.1:
            recording.leave_out({"Mallory"})
        if abs(now_s - 3.0) < 0.1:
            recording.wrote("Mallory", "still here", now_s)
            recording.meet({"Anna"}, now_s)
            recording.meet({"Mallory", "Anna"}, now_s)

    Network().deliver(talkers, recording, captures, 5.0, meanwhile)
    files = {file.name: file.read_bytes() for file in (tmp_path / "out").iterdir()}
    assert set(files) == {"02-Anna.opus", "chat.vtt", "session.json"}
    assert not [
        name for name, content in files.items() if b"I was here" in content or b"still here" in content
    ]
    assert b"Mallory" not in files["session.json"] + files["02-Anna.opus"]
    assert b"&lt;b&gt;Hello&lt;/b&gt;" in files["chat.vtt"]


def test_a_second_recording_never_touches_the_first(tmp_path: Path) -> None:
    recording_in(tmp_path).close(1.0)
    (tmp_path / "mine.txt").write_text("mine")
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}
    second, third = Folder(tmp_path), Folder(tmp_path)
    assert [second.path.name, third.path.name] == ["take-2", "take-3"]
    assert all(file.read_bytes() == content for file, content in before.items())


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("Anna", "07-Anna.opus"),
        ("../../etc/passwd", "07-etc-passwd.opus"),
        ("", "07-talker.opus"),
        ("..", "07-talker.opus"),
        ("CON", "07-CON.opus"),
        ("a\0b\nc", "07-a-b-c.opus"),
        ("-rf *", "07-rf.opus"),
        ("Zoë 名前", "07-Zoë-名前.opus"),
        ("\ud800x", "07-x.opus"),
        ("x" * 500, f"07-{'x' * 40}.opus"),
    ],
)
def test_no_name_makes_a_file_elsewhere(name: str, file: str) -> None:
    assert file_name_of(name, 7, ".opus") == file


def test_new_names_without_end_make_no_files_without_end(tmp_path: Path) -> None:
    recording = recording_in(tmp_path)
    payload = SILENCE[960]
    for number in range(MAX_TRACKS + 20):
        recording.push(number + 1, f"n{number}", Packet(0, 0, payload, number + 1, duration=8), 1.0)
    recording.tick(2.0)
    assert len(list(tmp_path.glob("*.opus"))) == recording.tracks == MAX_TRACKS
    assert recording.not_recorded == 20


@pytest.mark.parametrize("timestamps", ["jumping", "standing"])
def test_a_hostile_talker_fills_no_disk(tmp_path: Path, timestamps: str) -> None:
    """It sends 500 packets of 60 ms a second, says that they come from anywhere in time, and lies about its
    clock."""
    captures = CaptureTimes()
    recording = recording_in(tmp_path, captures)
    rng = random.Random(1)
    payload = b"\x18" + bytes(20)
    for number in range(5_000):
        now_s = number / 500
        at = rng.randrange(2**32) if timestamps == "jumping" else number * 2_880
        clock = {"talker_id": 1, "timestamp": at, "server_us": rng.randrange(2**53), "error_us": 0}
        captures.on_clock(clock, 0.0, 0.0)  # type: ignore[arg-type]
        recording.push(1, "Mallory", Packet(number % 65_536, at, payload, 1, duration=24), now_s)
        if number % 100 == 0:
            recording.tick(now_s)
    recording.close(10.0)
    [file] = tmp_path.glob("*.opus")
    reader = OpusReader(file.read_bytes())
    assert sum(samples for _, samples in reader.packets()) < 12 * RATE
    assert faults_of(file) == []


def test_what_is_no_opus_gets_into_no_file(tmp_path: Path) -> None:
    recording = recording_in(tmp_path)
    for number, payload in enumerate([b"\xff\xff", b"\xf9\x01", b"\x18" + bytes(9), b"\xf0" + bytes(9)]):
        recording.push(1, "Ada", Packet(number, 480 * number, payload, 1, duration=4), number / 100)
    recording.push(1, "Ada", Packet(9, 5_000, b"\xf0" + bytes(9), 1, flags=2), 0.1)
    recording.tick(1.0)
    recording.close(2.0)
    [file] = tmp_path.glob("*.opus")
    assert spoken_in(file) == [b"\xf0" + bytes(9)]
    [track] = json.loads((tmp_path / "session.json").read_text())["tracks"]
    assert track["left_out"]["unreadable"] == 4


def test_a_cue_can_neither_be_left_nor_taken_for_markup() -> None:
    made = cue(3_661.5, 3_662, "A>\n<i>", "x\r\n\r\n1\n00:00.000 --> 99:00.000\n<script>&").decode()
    assert made == (
        "01:01:01.500 --> 01:01:02.000\n<v A&gt; &lt;i&gt;>x\n1\n00:00.000 --&gt; "
        "99:00.000\n&lt;script&gt;&amp;\n\n"
    )
    assert without_speaker(b"WEBVTT\n\n" + made.encode(), "A>\n<i>") == b"WEBVTT\n\n"


def test_who_is_left_out_and_back_again_and_again_keeps_nobody_else_from_being_recorded(
    tmp_path: Path,
) -> None:
    recording = recording_in(tmp_path)
    for number in range(3 * MAX_TRACKS):
        recording.push(1, "Shy", Packet(number, number * 960, SILENCE[960], 1, duration=8), 1.0)
        recording.leave_out({"Shy"})
        recording.leave_out(set())
    recording.push(2, "Anna", Packet(0, 0, SILENCE[960], 2, duration=8), 1.0)
    recording.tick(2.0)
    [file] = tmp_path.glob("*.opus")
    assert file.name.endswith("-Anna.opus")
    assert recording.not_recorded == 0


@pytest.mark.parametrize(("begin_s", "end_s"), [(-9e12, 9e12), (9e12, 9e12), (-9e12, -9e12), (90.0, 95.0)])
def test_a_caption_lasts_no_longer_than_somebody_speaks_and_is_of_the_past(
    begin_s: float, end_s: float
) -> None:
    begins_s, ends_s = said_between(begin_s, end_s, 100.0)
    assert begins_s <= ends_s <= 100.0
    assert ends_s - begins_s <= LONGEST_SAID_S
    assert (begin_s, end_s) != (90.0, 95.0) or (begins_s, ends_s) == (90.0, 95.0)
