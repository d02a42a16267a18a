"""`streamer captions`: from packets to lines. What needs no recogniser is tested without one."""

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from caption_engine import fake_engine, packets, talkspurts
from librivox import ENGLISH, FOLDER, errors, sentences
from processes import START_S, RelayProcess
from relay_fixture import HOST_KEY, KEY, PATIENCE_S, House
from scipy.signal import resample_poly
from sound import tone
from test_room import next_of

import streamer
from streamer.captions import models
from streamer.captions.captioner import RoomCaptions
from streamer.captions.endpoints import LEAST_VOICE_S, LONGEST_S, WINDOW_S, Endpoints, Talkspurt
from streamer.captions.engine import RATE, WINDOW, Engine
from streamer.captions.filter import Asked, Filter
from streamer.captions.program import show
from streamer.captions.recognition import Recognition, proper
from streamer.captions.sherpa import load_engine
from streamer.captions.talker import Talker
from streamer.captions.voice import HOLD_S, Voice
from streamer.captions.work import MOST_WAITING_S, Work
from streamer.client.audio.samples import Samples
from streamer.errors import DeniedError, SetupError
from streamer.relay.companion import Companion
from streamer.wire.packet import Packet

SILENT: Samples = np.zeros(WINDOW, dtype=np.float32)
MODEL_S = 3 * START_S
"""A second start, and the model to be read by it."""

needs_english = pytest.mark.skipif(
    not (ENGLISH / models.VAD).exists() or not FOLDER.exists(), reason="scripts/setup tests brings the model"
)


def quiet(seconds: float) -> Samples:
    return np.zeros(round(seconds * 48_000), dtype=np.float32)


# ---- Endpoints


def ended(pattern: str) -> list[Talkspurt]:
    """`#` is a window with a voice, `.` one without."""
    endpoints, found = Endpoints(), []
    for number, each in enumerate(pattern):
        talkspurt = endpoints.push(SILENT, number * WINDOW, voice=each == "#")
        found += [talkspurt] if talkspurt else []
    last = endpoints.finish()
    return found + ([last] if last else [])


def test_a_talkspurt_begins_before_its_voice_and_ends_with_the_pause() -> None:
    [talkspurt] = ended("." * 30 + "#" * 40 + "." * 20)
    assert 0.2 <= 30 * WINDOW_S - talkspurt.position / RATE <= 0.3
    assert talkspurt.end == 70 * WINDOW
    assert talkspurt.duration_s < 40 * WINDOW_S + 0.7


def test_a_pause_within_a_sentence_does_not_end_it_and_one_between_two_does() -> None:
    assert len(ended("#" * 20 + "." * 8 + "#" * 20)) == 1
    assert len(ended("#" * 20 + "." * 14 + "#" * 20)) == 2


@pytest.mark.parametrize(
    "pattern", ["", "." * 100, "#", "#.#.#", "." * 20 + "#" * 8 + "." * 20, "#...." * 30]
)
def test_nothing_comes_of_less_than_the_shortest_word(pattern: str) -> None:
    assert pattern.count("#") * WINDOW_S < LEAST_VOICE_S or "##" not in pattern
    assert ended(pattern) == []


def test_who_never_pauses_is_cut_and_no_sample_is_lost_or_heard_twice() -> None:
    found = ended("#" * 1_000)
    assert len(found) > 2
    assert all(talkspurt.duration_s <= LONGEST_S + WINDOW_S for talkspurt in found)
    ends = [talkspurt.position + len(talkspurt.windows) * WINDOW for talkspurt in found]
    assert ends == [*(talkspurt.position for talkspurt in found[1:]), 1_000 * WINDOW]


# ---- A voice by capture time


def sound_of(voice: Voice, sent: list[tuple[Packet, float]], now: float) -> dict[int, int]:
    """How many samples there are at which position."""
    found: dict[int, int] = {}
    for packet, at in sent:
        voice.push(packet, at)
        found |= {position: len(samples) for position, samples in voice.pop(at)}
    return found | {position: len(samples) for position, samples in voice.pop(now)}


def test_packets_that_change_places_or_come_twice_are_put_where_they_were_captured() -> None:
    one, two, three, four = packets(tone(440, 0.04))
    sent = [(one, 0.0), (three, 0.01), (two, 0.02), (two, 0.02), (one, 0.03), (four, 0.03)]
    voice = Voice()
    first = sound_of(voice, sent, 0.03)
    assert [count for _, count in sorted(first.items())] == [160] * 4
    assert np.diff(sorted(first)).tolist() == [160] * 3
    assert (voice.lost, voice.late) == (0, 2)


def test_a_missing_packet_is_waited_for_and_then_concealed() -> None:
    one, _, three = packets(tone(440, 0.03))
    voice = Voice()
    assert len(sound_of(voice, [(one, 0.0), (three, 0.01)], 0.02)) == 1
    late = dict(voice.pop(0.02 + HOLD_S))
    assert [len(samples) for samples in late.values()] == [160, 160]
    assert voice.lost == 1


def test_a_line_of_time_may_pass_its_end() -> None:
    found = sound_of(Voice(), [(packet, 0.0) for packet in packets(tone(440, 0.04), first=2**32 - 960)], 1.0)
    assert np.diff(sorted(found)).tolist() == [160] * 3


def test_who_comes_late_or_with_another_microphone_begins_anew() -> None:
    voice = Voice()
    early = sound_of(voice, [(packet, 0.0) for packet in packets(tone(440, 0.02), first=90_000_000)], 1.0)
    other = sound_of(voice, [(packet, 2.0) for packet in packets(tone(440, 0.02), first=480)], 3.0)
    assert (len(early), len(other)) == (2, 2)


def test_a_silence_in_which_nothing_is_sent_ends_a_talkspurt() -> None:
    speech = list(packets(tone(440, 1)))
    talker = Talker(fake_engine().detector())
    found = [
        each
        for number, packet in enumerate(speech)
        for each in talker.push(packet, number / 100, 10 * number)
    ]
    assert found == []
    assert talker.look(1.1) == []
    [talkspurt] = talker.look(2.0)
    assert 0.9 < talkspurt.voiced * WINDOW_S < 1.2


def test_the_times_of_a_line_are_those_of_its_capture() -> None:
    talker = Talker(fake_engine().detector())
    [talkspurt] = talkspurts(
        talker, packets(np.concatenate((quiet(2), tone(440, 1), quiet(1))), first=12_345)
    )
    assert 1_600 < talker.captured_ms(talkspurt.position) < 2_000
    assert 2_900 < talker.captured_ms(talkspurt.end) < 3_200


# ---- Overload


def test_partial_lines_are_left_out_and_final_ones_never() -> None:
    work = Work[str]()
    for number in range(50):
        work.add_partial("Ada", f"Ada, partial {number}")
        work.add_partial("Ben", f"Ben, partial {number}")
        work.add_final("Carl", f"Carl {number}", 4.0)
    work.add_final("Ada", "Ada", 4.0)
    taken = [work.take() for _ in range(52)]
    assert taken == [*(f"Carl {number}" for number in range(50)), "Ada", "Ben, partial 49"]
    assert not work
    assert work.left_out == 98
    assert work.lost == 0


def test_what_waits_is_bounded() -> None:
    work = Work[int]()
    for number in range(1_000):
        work.add_final("Ada", number, 12.0)
    assert work.finals <= MOST_WAITING_S / 12
    assert work.finals + work.lost == 1_000


async def test_a_computer_that_cannot_keep_up_says_so() -> None:
    said: list[str] = []
    recognition = Recognition(fake_engine().recogniser, said.append)
    talkspurt = Talkspurt(0, [SILENT] * 40, 40, 40)
    for final in (False, False, False, True):
        recognition.add("Ben" if final else "Ada", job(talkspurt, final=final))
    running = asyncio.create_task(recognition.run())
    async with asyncio.timeout(PATIENCE_S):
        while recognition.work or not said:
            await asyncio.sleep(0.01)
    running.cancel()
    assert said == ["This computer can't keep up: 2 partial lines were left out"]


def job(talkspurt: Talkspurt, *, final: bool) -> Any:
    from streamer.captions.recognition import Job, Spoken

    return Job(Spoken(talkspurt, 1, 0), talkspurt.samples, 0, final, lambda words: None)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("  Hello \n there ", "Hello there"),
        ("…", ""),
        ("the " * 100, ""),
        ("", ""),
        ("[ ]", ""),
    ],
)
def test_what_nobody_can_have_said_is_no_line(words: str, line: str) -> None:
    assert proper(words, 2.0) == line


# ---- A room


@asynccontextmanager
async def captioned(
    house: House, engine: Engine, filter_: Filter | None = None, key: str = HOST_KEY
) -> AsyncIterator[asyncio.Task[None]]:
    recognition = Recognition(engine.recogniser, lambda words: None)
    async with streamer.join(f"{house.url}/#room=home&key={key}", name="Captions", listening=True) as room:
        writing = asyncio.create_task(
            RoomCaptions(room, engine.detector, recognition, lambda words: None, filter_).run()
        )
        recognising = asyncio.create_task(recognition.run())
        try:
            yield writing
        finally:
            for task in (writing, recognising):
                task.cancel()
            await asyncio.gather(writing, recognising, return_exceptions=True)


async def final_of(events: Any, name: str) -> streamer.Caption:
    while True:
        line: streamer.Caption = await next_of(events, streamer.Caption)
        if line.final and line.name == name:
            return line


async def test_two_who_talk_at_once_have_a_line_each_that_grows_and_settles() -> None:
    async with House.open() as house, captioned(house, fake_engine()):
        link = f"{house.url}/#room=home&key={KEY}"
        async with (
            streamer.join(link, name="Reader", listening=True) as reader,
            streamer.join(link, name="Ada") as ada,
            streamer.join(link, name="Ben") as ben,
        ):
            events, lines = reader.events(), []
            reader.read_captions()
            while not reader.has_captions:
                await next_of(events, streamer.Captioning)
            saying = asyncio.gather(ada.say(tone(440, 2)), ben.say(tone(660, 2)))
            while {line.name for line in lines if line.final} != {"Ada", "Ben"}:
                lines.append(await next_of(events, streamer.Caption))
            await saying
        for name in ("Ada", "Ben"):
            own = [line for line in lines if line.name == name]
            first = [line for line in own if line.id == own[0].id]
            assert len(first) > 1, "it grows"
            assert [line.final for line in first].count(True) <= 1
            assert all(before.end_ms <= after.end_ms for before, after in pairwise(first))
            assert len({line.start_ms for line in first}) == 1


async def test_without_the_right_the_captioner_ends_and_says_why() -> None:
    async with House.open() as house, captioned(house, fake_engine(), key=KEY) as writing:
        with pytest.raises(DeniedError):
            await asyncio.wait_for(writing, PATIENCE_S)


async def test_captions_are_shown_in_a_terminal_one_line_each() -> None:
    async with House.open() as house:
        link, printed = f"{house.url}/#room=home&key=", []
        async with streamer.join(link + HOST_KEY, name="Captions", listening=True) as writer:
            events = writer.events()
            showing = asyncio.create_task(show(link + KEY, "Reader", None, printed.append))
            reader = (await next_of(events, streamer.Joined)).member
            async with asyncio.timeout(PATIENCE_S):
                while not printed:
                    for final in (False, True):
                        writer.send_caption(reader, "Hello\x1b[2J", id=1, start_ms=0, end_ms=1, final=final)
                    await asyncio.sleep(0.2)
            showing.cancel()
        assert set(printed) == {"Reader: Hello[2J"}


# ---- The filter

UPPER = "import sys\nfor line in sys.stdin: print(line.strip().upper(), flush=True)"
HANGS = "import time; time.sleep(1_000)"
FAILS = "import sys; sys.exit(1)"


def python(program: str) -> str:
    import shlex

    return shlex.join([sys.executable, "-c", program])


async def test_a_filter_s_answer_is_a_line_of_its_own_behind_the_original() -> None:
    filter_ = Filter(python(UPPER), PATIENCE_S, lambda words: None)
    running = asyncio.create_task(filter_.run())
    async with House.open() as house, captioned(house, fake_engine(), filter_):
        link = f"{house.url}/#room=home&key={KEY}"
        async with (
            streamer.join(link, name="Reader", listening=True) as reader,
            streamer.join(link, name="Ada") as ada,
        ):
            events = reader.events()
            reader.read_captions()
            while not reader.has_captions:
                await next_of(events, streamer.Captioning)
            saying = asyncio.create_task(ada.say(tone(440, 1.5)))
            original, answer = await final_of(events, "Ada"), await final_of(events, "Ada")
            await saying
    running.cancel()
    assert answer.text == original.text.upper()
    assert answer.id != original.id
    assert (answer.start_ms, answer.end_ms) == (original.start_ms, original.end_ms)


@pytest.mark.parametrize("program", [HANGS, FAILS, "print('x' * 100_000)", "not python"])
async def test_a_filter_that_hangs_or_fails_is_told_of_and_delays_nothing(program: str) -> None:
    said: list[str] = []
    answers: list[str] = []
    filter_ = Filter(python(program), 0.5, said.append)
    running = asyncio.create_task(filter_.run())
    for number in range(100):
        filter_.offer(Asked(f"line {number}", answers.append))
    assert filter_.left_out > 0, "offering never waits, and what waits is bounded"
    async with asyncio.timeout(PATIENCE_S):
        while not said:
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert "filter" in said[0]
    assert answers == []


# ---- Models


def test_the_words_of_a_tokenizer_become_lines() -> None:
    long = b"x" * 130
    assert models.tokens_of(b"\x01a" + bytes([130, 1]) + long) .splitlines()[0] == b"YQ==\t0"
    assert len(models.tokens_of(b"\x01a" + bytes([130, 1]) + long).splitlines()) == 2


@pytest.mark.parametrize(
    ("folder", "files", "kind"),
    [
        ("english", ["encoder_model.ort", "decoder_model_merged.ort"], "moonshine"),
        ("sherpa-onnx-whisper-tiny", ["tiny-encoder.onnx", "tiny-decoder.int8.onnx"], "whisper"),
        ("parakeet-tdt", ["encoder.int8.onnx", "decoder.int8.onnx", "joiner.int8.onnx"], "nemo"),
        ("sherpa-onnx-zipformer-en", ["encoder-1.onnx", "decoder-1.onnx", "joiner-1.onnx"], "zipformer"),
        ("streaming-zipformer-en", ["encoder-1.onnx", "decoder-1.onnx", "joiner-1.onnx"], "zipformer-live"),
        ("sense-voice", ["model.int8.onnx"], "sense-voice"),
    ],
)
def test_a_folder_says_which_model_it_holds(folder: str, files: list[str], kind: str, tmp_path: Path) -> None:
    place = tmp_path / folder
    place.mkdir()
    for name in [*files, "tokens.txt"]:
        (place / name).write_bytes(b"x")
    assert models.find_model(place).kind == kind


def test_a_folder_without_a_model_is_told_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="--get-english"):
        models.find_model(tmp_path)


def test_a_file_that_is_not_the_one_that_was_checked_is_not_used(tmp_path: Path, monkeypatch: Any) -> None:
    import zipfile

    def download(requirement: str, folder: Path) -> Path:
        wheel = folder / "x.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            for each in models._WHEELS:
                for inside, _ in each.files.values():
                    archive.writestr(inside, "something else")
        return wheel

    monkeypatch.setattr(models, "_download", download)
    with pytest.raises(SetupError, match="not the file"):
        models.get_english(tmp_path, lambda words: None)
    assert list(tmp_path.iterdir()) == []


def test_the_relay_and_the_base_install_know_no_recogniser() -> None:
    import subprocess

    program = (
        "import sys, streamer.cli, streamer.relay.serve; print([m for m in sys.modules if 'sherpa' in m])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# ---- The real recogniser


@needs_english
def test_five_sentences_of_a_reader_are_understood_and_noise_is_not() -> None:
    engine = load_engine(models.find_model(ENGLISH), ENGLISH / models.VAD, 1)
    wrong = said = 0
    for sentence in sentences():
        samples = np.asarray(resample_poly(sentence.samples, 3, 1), dtype=np.float32)
        whole = np.concatenate((quiet(0.5), samples, quiet(1)))
        found = [
            proper(engine.recogniser.recognise(each.samples), each.duration_s)  # type: ignore[union-attr]
            for each in talkspurts(Talker(engine.detector()), packets(whole))
        ]
        bad, words = errors(sentence.words, " ".join(found))
        wrong, said = wrong + bad, said + words
    assert said == 70
    assert wrong / said <= 0.1
    noise = np.asarray(0.02 * np.random.default_rng(1).standard_normal(48_000 * 10), dtype=np.float32)
    assert talkspurts(Talker(engine.detector()), packets(noise)) == []


# ---- Beside the relay


async def test_a_companion_that_ends_is_begun_again_and_reads_what_it_is_told() -> None:
    said: list[str] = []
    program = "import sys; print(sys.stdin.readline().strip(), file=sys.stderr); sys.exit(1)"
    companion = asyncio.create_task(Companion([sys.executable, "-c", program], "a link\n", said.append).run())
    async with asyncio.timeout(PATIENCE_S):
        while len(said) < 2:
            await asyncio.sleep(0.01)
    companion.cancel()
    assert said[:2] == ["a link", "a link"]


async def test_a_companion_that_hangs_is_ended_with_the_relay_and_one_that_says_too_much_does_no_harm() -> (
    None
):
    said: list[str] = []
    program = (
        "import sys, os; print('x' * 100_000, file=sys.stderr); "
        "print(os.getpid(), file=sys.stderr, flush=True)"
    )
    program += "; sys.stdin.read()"
    companion = asyncio.create_task(Companion([sys.executable, "-c", program], "", said.append).run())
    async with asyncio.timeout(PATIENCE_S):
        while not (said and said[-1].isdigit()):
            await asyncio.sleep(0.01)
    companion.cancel()
    await asyncio.gather(companion, return_exceptions=True)
    with pytest.raises(ProcessLookupError):
        os.kill(int(said[-1]), 0)


@needs_english
async def test_serve_captions_captions_its_rooms_with_a_right_to_nothing_else(tmp_path: Path) -> None:
    shutil.copytree(ENGLISH.parent, tmp_path / "streamer/captions")
    with RelayProcess(tmp_path, "--captions") as relay:
        async with streamer.join(relay.link, name="Ada", ca_file=relay.authority, listening=True) as room:
            async with asyncio.timeout(MODEL_S):
                while not room.has_captions:
                    await asyncio.sleep(0.05)
            [captioner] = room.members
            assert (captioner.name, captioner.host, captioner.role) == ("Captions", False, "listen")
