"""Human speech, spoken into the microphones of browsers, and the captions of it as they come to another page.

When a word ended is read off the wires, sample by sample; when a line came, from the reader's page: both by
this machine's clock. Where the recording of the wires stands is known to some 20 ms.
"""

import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final, NamedTuple, Self

import numpy as np
from audio_rig import Recording, Rig, Wire, wait_until
from librivox import ENGLISH, RATE, Sentence, errors, sentences
from phone import UNPROCESSED, Phone, Phones
from processes import RelayProcess, StreamerProcess
from scipy.signal import resample_poly

READER: Final = "Reader"
WIRE_HZ: Final = 48_000
QUIET: Final = 0.01
"""−40 dBFS: what is softer at both ends of a recording is the room."""
PAUSE_S: Final = 2.5
"""Between two sentences: each is its own line."""
PATIENCE_S: Final = 60
LATEST_S: Final = 15
"""After a sentence: what has not come by then does not come."""
CAPTIONS_COME: Final = """
(() => {
  window.captionsCame = [];
  const Plain = Worker;
  window.Worker = class extends Plain {
    constructor(...its) {
      super(...its);
      this.addEventListener("message", ({ data }) => {
        if (data.type !== "control" || data.message.type !== "caption") return;
        setTimeout(() => captionsCame.push({ ...data.message, atMs: Date.now() }));
      });
    }
  };
})();
"""
"""What the page hears of each line; noted once it has drawn it."""


class Line(NamedTuple):
    """`at_s` is when the page had it, by time.time(); `end_s` when the words in it ended, by
    time.monotonic()."""

    name: str
    text: str
    final: bool
    at_s: float
    end_s: float


class Spoken(NamedTuple):
    """A sentence, who said it, and when its last word ended, by time.time()."""

    name: str
    sentence: Sentence
    ended_s: float


class Heard(NamedTuple):
    """Of one sentence: words that are wrong, of how many; and how late lines were, in ms. No final line came:
    None."""

    wrong: int
    words: int
    final_ms: float | None
    partial_ms: list[float]
    text: str


class CaptionedPages:
    """Some talkers and a reader in a room that `streamer captions` captions, each in a browser of its own."""

    def __init__(self, folder: Path, talkers: Sequence[str], options: str = "") -> None:
        self._folder, self.talkers, self._options = folder, talkers, options

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.rig = stack.enter_context(Rig(len(self.talkers) + 1))
            relay = stack.enter_context(RelayProcess(self._folder / "relay"))
            phones = stack.enter_context(Phones(self._folder / "phones"))
            for member, name in enumerate(self.talkers):
                phones.start(self.rig, member, relay.authority).open(relay.link + self._options).join(name)
                self.rig.wait_attached(member)
            self._reader = self._read(phones, relay)
            options = ["--model", ENGLISH, "--ca", relay.authority]
            captions = StreamerProcess(
                self._folder / "captions", "captions", *options, relay.host_link, exit_code=None
            )
            stack.enter_context(captions)
            self._wait_captioned(captions)
            self._recording = stack.enter_context(self.rig.record())
            self._end = stack.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self._end.close()

    def _read(self, phones: Phones, relay: RelayProcess) -> Phone:
        reader = phones.start(self.rig, len(self.talkers), relay.authority)
        reader.context.add_init_script(CAPTIONS_COME)
        reader.open(relay.link).join(READER)
        reader.open_settings()
        reader.page.get_by_role("switch", name="Captions").check()
        reader.close_sheet()
        return reader

    def _wait_captioned(self, captions: StreamerProcess) -> None:
        """Fails at once where it ended, as it does without its model (scripts/setup tests)."""

        def is_on() -> bool:
            captions.check_running()
            return self._reader.page.locator("#captions-on").is_visible()

        wait_until(is_on, PATIENCE_S, captions.complaint)

    def say(self, said: dict[str, Sentence]) -> list[Heard]:
        """At once, by name; what came of each, when there is a pause after the last line."""
        known, began = len(self._came()), self._recording.length
        wires = {name: self.rig.microphone(self.talkers.index(name)) for name in said}
        playing = [self.rig.play(wires[name], at_wire_rate(sentence)) for name, sentence in said.items()]
        for each in playing:
            each.wait()
        spoken = [self._spoken(name, sentence, wires[name], began) for name, sentence in said.items()]
        lines = self._lines(known, {each.name for each in spoken})
        return [heard(each, [line for line in lines if line.name == each.name]) for each in spoken]

    def _spoken(self, name: str, sentence: Sentence, wire: Wire, began: int) -> Spoken:
        first = int(np.flatnonzero(np.abs(sentence.samples) > QUIET)[0]) / RATE
        at = self._recording.wait_for_sound(wire, PATIENCE_S, QUIET, began)
        ended = at / WIRE_HZ - first + sentence.spoken_s
        return Spoken(name, sentence, recorded_since(self._recording) + ended)

    def _lines(self, known: int, names: set[str]) -> list[Line]:
        """From `known` on, once a final one of each has come and nothing has for a while."""
        latest = time.time() + LATEST_S
        while time.time() < latest:
            came = self._came()[known:]
            done = {line.name for line in came if line.final and line.text}
            if names <= done and time.time() - came[-1].at_s > PAUSE_S:
                break
            self._recording.wait_ms(100)
        return self._came()[known:]

    def _came(self) -> list[Line]:
        lines = self._reader.page.evaluate("captionsCame")
        return [
            Line(each["name"], each["text"], each["final"], each["atMs"] / 1e3, each["end_ms"] / 1e3)
            for each in lines
        ]


def heard(spoken: Spoken, lines: list[Line]) -> Heard:
    finals = [line for line in lines if line.final and line.text]
    text = " ".join(line.text for line in finals)
    ahead_s = time.time() - time.monotonic()  # the relay's clock is this machine's
    partial_ms = [1_000 * (line.at_s - ahead_s - line.end_s) for line in lines if not line.final]
    final_ms = 1_000 * (finals[-1].at_s - spoken.ended_s) if finals else None
    return Heard(*errors(spoken.sentence.words, text), final_ms, partial_ms, text)


def recorded_since(recording: Recording) -> float:
    """When the recording's first sample was on the wire, by time.time(): the blocks that came soonest say it
    best."""
    origins = []
    for _ in range(20):
        recording.wait_ms(10)
        origins.append(time.time() - recording.length / WIRE_HZ)
    return min(origins)


def at_wire_rate(sentence: Sentence) -> np.ndarray:
    return np.asarray(resample_poly(sentence.samples, WIRE_HZ // RATE, 1), dtype=np.float32)


def speak(folder: Path, rounds: int) -> None:
    """Prints what came of five sentences one after the other, then of two at once, so many times.

    Who talks alone does so as the page is at first. Two at once do it without the browser's own processing:
    its echo canceller takes what one says while another is heard for echo, where there is none, as on wires.
    """
    five = sentences()
    with CaptionedPages(folder / "one", ["Ada"]) as pages:
        print_summary(
            "one talker", [heard for _ in range(rounds) for each in five for heard in told(pages, Ada=each)]
        )
    pairs = list(zip(five, five[1:] + five[:1], strict=True)) * rounds
    with CaptionedPages(folder / "two", ["Ada", "Ben"], UNPROCESSED) as pages:
        print_summary(
            "two at once", [heard for one, other in pairs for heard in told(pages, Ada=one, Ben=other)]
        )


def told(pages: CaptionedPages, **said: Sentence) -> list[Heard]:
    found = pages.say(said)
    for name, each in zip(said, found, strict=True):
        final = "never" if each.final_ms is None else f"{each.final_ms:6.0f} ms"
        print(f"  {name}: {each.wrong} of {each.words} wrong, final {final}: {each.text}")
    return found


def print_summary(title: str, found: list[Heard]) -> None:
    wrong, words = sum(each.wrong for each in found), sum(each.words for each in found)
    partial_ms = [ms for each in found for ms in each.partial_ms]
    print(f"{title}: word errors {100 * wrong / words:.1f} % of {words}")
    final_ms = [each.final_ms for each in found if each.final_ms is not None]
    print(f"  final lines behind the last word: {spread(final_ms)}")
    print(f"  partial lines behind the last word in them: {spread(partial_ms)}")


def spread(values: list[float]) -> str:
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"p50 {middle:.0f} ms ({low:.0f} to {high:.0f}, {len(values)} lines)"
