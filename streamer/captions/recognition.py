"""The thread that recognises: for all rooms and talkers of this program, one talkspurt after another."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import perf_counter
from typing import Final

from streamer.captions.endpoints import Talkspurt
from streamer.captions.engine import Hearing, Recogniser, StreamingRecogniser
from streamer.captions.work import Work
from streamer.client.audio.samples import Samples
from streamer.wire.captions import MAX_CAPTION_CHARACTERS

_SAY_EVERY_S: Final = 10.0
"""Seconds between two lines about the same trouble."""

_CHARACTERS_PER_S: Final = 30
_CHARACTERS: Final = 30
"""Nobody says more, not even an auctioneer: a recogniser that does has lost itself in repetitions."""


class Spoken:
    """A line while it is being said: `hearing` is what a streaming recogniser has of it, `heard` samples
    long."""

    def __init__(self, talkspurt: Talkspurt, number: int, start_ms: int) -> None:
        self.talkspurt = talkspurt
        self.number = number
        self.start_ms = start_ms
        self.due_s = 0.0
        """How long the talkspurt is when its next partial line is due."""
        self.is_shown = False
        self.hearing: Hearing | None = None
        self.heard = 0


@dataclass(slots=True)
class Job:
    """`samples` are all of the talkspurt by now; `tell` gets the words."""

    spoken: Spoken
    samples: Samples
    end_ms: int
    final: bool
    tell: Callable[[str], None]


class Recognition:
    """`say` gets words for who runs the program."""

    def __init__(self, recogniser: Recogniser | StreamingRecogniser, say: Callable[[str], None]) -> None:
        self._recogniser = recogniser
        self._say = say
        self._work = Work[Job]()
        self._news = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="recogniser")
        self._told_at = float("-inf")
        self._told = (0, 0)
        self.busy_s = 0.0

    @property
    def work(self) -> Work[Job]:
        return self._work

    def add(self, talker: object, job: Job) -> None:
        if job.final:
            self._work.add_final(talker, job, job.spoken.talkspurt.duration_s)
        else:
            self._work.add_partial(talker, job)
        self._news.set()

    async def run(self) -> None:
        """Until it is cancelled."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                await self._news.wait()
                self._news.clear()
                while job := self._work.take():
                    words = await loop.run_in_executor(self._thread, self._recognise, job)
                    job.tell(words)
                    self._tell_troubles()
        finally:
            self._thread.shutdown(wait=False, cancel_futures=True)

    def _recognise(self, job: Job) -> str:
        """In the thread. What one sound does to a recogniser must not end the others' captions."""
        began = perf_counter()
        try:
            words = self._hear(job)
        except Exception as error:
            self._say(f"A line was not recognised: {error}")
            words = ""
        self.busy_s += perf_counter() - began
        return proper(words, job.spoken.talkspurt.duration_s)

    def _hear(self, job: Job) -> str:
        recogniser, spoken = self._recogniser, job.spoken
        if not isinstance(recogniser, StreamingRecogniser):
            return recogniser.recognise(job.samples)
        hearing = spoken.hearing = spoken.hearing or recogniser.begin()
        words = hearing.hear(job.samples[spoken.heard :])
        spoken.heard = len(job.samples)
        return hearing.finish() if job.final else words

    def _tell_troubles(self) -> None:
        now, counts = perf_counter(), (self._work.left_out, self._work.lost)
        if counts == self._told or now - self._told_at < _SAY_EVERY_S:
            return
        left_out, lost = counts[0] - self._told[0], counts[1] - self._told[1]
        self._told_at, self._told = now, counts
        words = f"{left_out} partial lines were left out"
        if lost:
            words += f", and {lost} final ones: the queue is full"
        self._say(f"This computer can't keep up: {words}")


def proper(words: str, duration_s: float) -> str:
    """The words of a line, empty where they can't have been said in that time."""
    line = " ".join(words.split())
    if not any(character.isalnum() for character in line):
        return ""
    if len(line) > _CHARACTERS + _CHARACTERS_PER_S * duration_s:
        return ""
    return line if len(line) <= MAX_CAPTION_CHARACTERS else line[: MAX_CAPTION_CHARACTERS - 1] + "…"
