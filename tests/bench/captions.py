"""How well and how soon captions come, what they invent in noise, and what they cost.

    scripts/bench captions [--rounds 2] [--talkers 1 5 10] [--cost 5 10] [--noise-min 10] [--seconds 20]
        [--noise-files FILE ...]
    scripts/bench captions --browser [--rounds 2]

Five sentences of a reader of LibriVox are said in a real relay, and a real `streamer captions` writes them
down: word errors, and how long after the last word the final line is there; a partial line, after the last
word that is in it. Then so many talk at once, each another part of the same reading without a pause: the core
share and memory of the captioner; on a machine that is busy it gets less and leaves partial lines out, so the
same work is also done in virtual time (cost). Noise, murmur and music, made here or in files of yours, go
through the same code faster than they last. With --browser the sentences are spoken into the microphones of
browsers instead, first one by one, then two at once, and read on another page. Wanted: at most 10 % word
errors, 1.2 s and 0.8 s at the median, one invented word a minute, five talkers in one core.
"""

import argparse
import asyncio
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from time import perf_counter, process_time
from typing import Final

import numpy as np
import psutil
from scipy.signal import resample_poly

sys.path.insert(0, str(Path(__file__).parent.parent / "support"))
from captioned_pages import speak, spread
from librivox import ENGLISH, RATE, errors, sentences
from noises import noises
from relay_fixture import HOST_KEY, KEY, House

import streamer
from streamer.audio_format import SAMPLE_RATE
from streamer.captions.captioner import FIRST_PARTIAL_S, PARTIAL_EVERY_S
from streamer.captions.models import VAD, find_model
from streamer.captions.recognition import proper
from streamer.captions.sherpa import load_engine
from streamer.captions.talker import Talker
from streamer.client.audio.codec import Encoder
from streamer.client.audio.samples import Samples
from streamer.client.audio.wav_files import FileReader
from streamer.client.mailbox import Mailbox
from streamer.wire.packet import Packet

PAUSE_S: Final = 2.5
"""Between two sentences: each is its own line."""

FRAME: Final = 480


def now_ms(room: streamer.Room) -> float:
    relay_us = room.clock.relay_us(perf_counter() * 1e6)
    assert relay_us is not None
    return relay_us / 1_000


class Captioner:
    """`streamer captions` as a user starts it."""

    def __init__(self, link: str, home: Path) -> None:
        self._link, self._home = link, home

    async def __aenter__(self) -> psutil.Process:
        options = ["--model", ENGLISH, "--data-dir", self._home]
        command = [sys.executable, "-m", "streamer", "captions", *options, self._link]
        self._process = await asyncio.create_subprocess_exec(*map(str, command))
        return psutil.Process(self._process.pid)

    async def __aexit__(self, *_: object) -> None:
        self._process.terminate()
        await self._process.wait()


async def until_on(room: streamer.Room) -> None:
    while not room.has_captions or room.clock.relay_us(0) is None:
        await asyncio.sleep(0.05)


# ---- Sentences


async def say_sentences(house: House, home: Path, rounds: int) -> None:
    link = f"{house.url}/#room=home&key="
    async with streamer.join(link + KEY, name="Reader", listening=True) as reader:
        reader.read_captions()
        lines = reader.events()
        async with Captioner(link + HOST_KEY, home), streamer.join(link + KEY, name="Ada") as talker:
            await until_on(reader)
            wrong = said = 0
            finals: list[float] = []
            partials: list[float] = []
            for sentence in sentences() * rounds:
                began = now_ms(reader)
                saying = asyncio.create_task(talker.play(sentence.path))
                heard, final_ms, ages = await lines_of(reader, lines)
                await saying
                finals.append(final_ms - began - 1_000 * sentence.spoken_s)
                partials += ages
                found = errors(sentence.words, heard)
                wrong, said = wrong + found[0], said + found[1]
                print(f"  {found[0]} of {found[1]} wrong, final {finals[-1]:6.0f} ms: {heard}")
    print(f"word errors {100 * wrong / said:.1f} % of {said}")
    print(f"final lines behind the last word: {spread(finals)}")
    print(f"partial lines behind the last word in them: {spread(partials)}")


async def lines_of(room: streamer.Room, events: Mailbox[streamer.Event]) -> tuple[str, float, list[float]]:
    """All final lines until there is a pause, when the last came, and how old the partial ones were, in
    ms."""
    heard, final_ms, ages = [], 0.0, []
    while True:
        try:
            async with asyncio.timeout(PAUSE_S):
                event = await anext(events)
        except TimeoutError:
            return " ".join(heard), final_ms, ages
        if isinstance(event, streamer.Caption) and event.final:
            heard.append(event.text)
            final_ms = now_ms(room)
        elif isinstance(event, streamer.Caption):
            ages.append(now_ms(room) - event.end_ms)


# ---- Load


async def load(house: House, home: Path, talkers: int, seconds: float) -> None:
    reading = np.concatenate([sentence.samples for sentence in sentences()])
    link = f"{house.url}/#room=home&key="
    async with AsyncExitStack() as stack:
        reader = await stack.enter_async_context(streamer.join(link + KEY, name="Reader", listening=True))
        reader.read_captions()
        lines = reader.events()
        process = await stack.enter_async_context(Captioner(link + HOST_KEY, home))
        rooms = [
            await stack.enter_async_context(streamer.join(link + KEY, name=f"Talker {number}"))
            for number in range(talkers)
        ]
        await until_on(reader)
        before, began = process.cpu_times(), perf_counter()
        saying = [
            asyncio.create_task(room.say(part(reading, number, seconds))) for number, room in enumerate(rooms)
        ]
        counts = await count_lines(reader, lines, began + seconds)
        after, took = process.cpu_times(), perf_counter() - began
        memory = process.memory_info().rss / 2**20
        for each in saying:
            each.cancel()
        await asyncio.gather(*saying, return_exceptions=True)
    core = (after.user + after.system - before.user - before.system) / took
    print(
        f"{talkers} talkers: {100 * core:.0f} % of a core, {memory:.0f} MiB, "
        f"{counts[0] / took / talkers:.2f} partial lines a second and talker, {counts[1]} final lines, "
        f"behind: {spread(counts[2])}"
    )


def part(reading: Samples, number: int, seconds: float) -> Samples:
    """So many seconds of it at 48 kHz, from another place for each talker."""
    whole = np.roll(reading, -number * RATE * 3)
    times = int(seconds * RATE / len(whole)) + 1
    return np.asarray(resample_poly(np.tile(whole, times)[: int(seconds * RATE)], 3, 1), dtype=np.float32)


async def count_lines(
    room: streamer.Room, events: Mailbox[streamer.Event], until: float
) -> tuple[int, int, list[float]]:
    partial, final, ages = 0, 0, [0.0]
    while (left := until - perf_counter()) > 0:
        try:
            async with asyncio.timeout(left):
                event = await anext(events)
        except TimeoutError:
            break
        if isinstance(event, streamer.Caption):
            partial, final = partial + (not event.final), final + event.final
            ages.append(now_ms(room) - event.end_ms)
    return partial, final, ages


def cost(talkers: int, seconds: float) -> None:
    """In virtual time, so that what else the machine does changes nothing: all lines are made, none is left
    out."""
    engine = load_engine(find_model(ENGLISH), ENGLISH / VAD, 1)
    reading = np.concatenate([sentence.samples for sentence in sentences()])
    sent = []
    for number in range(talkers):
        encoder, samples = Encoder(), part(reading, number, seconds)
        sent.append(
            [encoder.encode(samples[at : at + FRAME]) for at in range(0, len(samples) - FRAME, FRAME)]
        )
    voices = [Talker(engine.detector()) for _ in sent]
    due = [FIRST_PARTIAL_S] * talkers
    lines, began = [0, 0], process_time()
    for tick in range(len(sent[0])):
        for number, talker in enumerate(voices):
            packet = Packet(seq=tick % 2**16, timestamp=tick * FRAME, payload=sent[number][tick])
            for ended in talker.push(packet, tick / 100, tick * 10):
                engine.recogniser.recognise(ended.samples)
                lines[1] += 1
                due[number] = FIRST_PARTIAL_S
            spurt = talker.talkspurt
            if spurt and spurt.has_words and spurt.duration_s >= due[number]:
                engine.recogniser.recognise(spurt.samples)
                lines[0] += 1
                due[number] = spurt.duration_s + PARTIAL_EVERY_S
    took = process_time() - began
    memory = psutil.Process().memory_info().rss / 2**20
    print(
        f"{talkers} talkers, all {lines[0]} partial and {lines[1]} final lines of {seconds:g} s: "
        f"{100 * took / seconds:.0f} % of a core, {memory:.0f} MiB"
    )


# ---- Noise


def invent(minutes: float, files: list[Path]) -> None:
    engine = load_engine(find_model(ENGLISH), ENGLISH / VAD, 1)
    words, seconds = 0, 0.0
    for name, samples in [*noises(60 * minutes).items(), *((path.stem, sound_of(path)) for path in files)]:
        found, cpu_s = hear(engine, samples)
        words += len(" ".join(found).split())
        print(f"  {name}: {len(samples) / 48_000:.0f} s, {cpu_s:.1f} s of a core, invented: {found}")
        seconds += len(samples) / SAMPLE_RATE
    print(f"invented words: {words} in {seconds / 60:.1f} minutes, {60 * words / seconds:.2f} a minute")


def sound_of(path: Path) -> Samples:
    """Of a file of yours, at 48 kHz."""
    reader = FileReader(path)
    try:
        return reader.read(0, reader.n_samples or 0)
    finally:
        reader.close()


def hear(engine, samples: Samples) -> tuple[list[str], float]:  # type: ignore[no-untyped-def]
    """The final lines of a sound that goes through the codec, as packets do; and the seconds of a core."""
    encoder, talker, found = Encoder(), Talker(engine.detector()), []
    began = process_time()
    for number in range(len(samples) // FRAME):
        payload = encoder.encode(samples[number * FRAME : (number + 1) * FRAME])
        packet = Packet(seq=number % 2**16, timestamp=number * FRAME, payload=payload)
        ended = talker.push(packet, number / 100, number * 10)
        if number == len(samples) // FRAME - 1:
            ended += talker.finish()
        found += [proper(engine.recogniser.recognise(each.samples), each.duration_s) for each in ended]
    return [line for line in found if line], process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--browser", action="store_true")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--talkers", type=int, nargs="*", default=[1, 5, 10])
    parser.add_argument("--cost", type=int, nargs="*", default=[5, 10])
    parser.add_argument("--noise-min", type=float, default=10)
    parser.add_argument("--noise-files", type=Path, nargs="*", default=[])
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        if options.browser:
            speak(Path(home), options.rounds)
        else:
            asyncio.run(measure(options, Path(home)))


async def measure(options: argparse.Namespace, home: Path) -> None:
    if options.rounds:
        async with House.open() as house:
            await say_sentences(house, home, options.rounds)
    for talkers in options.talkers:
        async with House.open() as house:
            await load(house, home, talkers, options.seconds)
    for talkers in options.cost:
        cost(talkers, options.seconds)
    if options.noise_min:
        invent(options.noise_min, options.noise_files)


if __name__ == "__main__":
    main()
