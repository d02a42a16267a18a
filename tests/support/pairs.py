"""One talks and another listens, on the rig: how long each chirp takes, and what the listener's own figure
claims."""

import json
import re
import statistics
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

import numpy as np
from audio_rig import Rig
from phone import CHROMIUM, Phone, Phones
from processes import STREAMER, RelayProcess, StreamerProcess
from sound import SAMPLE_RATE, Samples, chirp_delays_ms, chirps, speech

EVERY_MS: Final = 600
LATEST_MS: Final = 550
SETTLE_MS: Final = 10_000
CLAIM_EVERY_MS: Final = 1_000
NOISE: Final = 1e-3
"""Under the chirps, so that no talker falls silent between them."""
CHIRP_LEVEL: Final = 0.05
SAMPLES_PER_MS: Final = SAMPLE_RATE // 1000
TALKER, LISTENER = 0, 1
KEEP_DELAYS: Final = """
globalThis.Worker = class extends Worker {
  constructor(...given) {
    super(...given);
    this.addEventListener("message", ({ data }) => data.type === "delays" && (globalThis.delays = data));
  }
};
"""
"""A page shows the whole and five parts; its worker tells it seven."""


@dataclass(frozen=True)
class Scene:
    """Where a pair meets; the programs of each member may be made to run elsewhere."""

    folder: Path
    rig: Rig
    relay: RelayProcess
    streamer: dict[int, Path] = field(default_factory=dict)
    browser: dict[int, Path] = field(default_factory=dict)


class Heard(NamedTuple):
    """What a listener says: his figure for the talker, and how much sound he had to make up so far."""

    figure_ms: float | None
    concealed_ms: float
    parts: Mapping[str, float] = {}
    """In ms, each by its median of the last seconds; those that he knows."""
    error_ms: float | None = None
    """How far off the figure may be, as he says."""


class Round(NamedTuple):
    delays: list[float]
    lost: int
    claimed_ms: float | None
    concealed: float
    """The share of what was heard."""
    parts: Mapping[str, float] = {}
    """In ms: where the delay sat, as the listener says."""
    silent: float = 0.0
    """The share of what was heard that was no sound at all, though the talker's noise never ends."""
    error_ms: float | None = None
    """How far off `claimed_ms` may be, as the listener says."""

    @classmethod
    def of(cls, delays: list[float], count: int, said: list[Heard], silent: float = 0.0) -> Self:
        """`said` once a second."""
        figures = [each.figure_ms for each in said if each.figure_ms is not None]
        concealed_ms = said[-1].concealed_ms - said[0].concealed_ms
        claimed_ms = statistics.median(figures) if figures else None
        errors = [each.error_ms for each in said if each.error_ms is not None]
        error_ms = statistics.median(errors) if errors else None
        concealed = concealed_ms / ((len(said) - 1) * CLAIM_EVERY_MS)
        parts = medians([each.parts for each in said])
        return cls(delays, count - len(delays), claimed_ms, concealed, parts, silent, error_ms)


Measure = Callable[[Scene, int], Round]


def phone_to_phone(echo_cancelling: bool) -> Measure:
    def measure(scene: Scene, count: int) -> Round:
        with Phones(scene.folder) as phones:
            for member in (TALKER, LISTENER):
                join(phones, scene, member, echo_cancelling)
            return hear_chirps(scene.rig, count, lambda: said_by_page(phones.all[LISTENER]))

    return measure


def phone_to_desktop(scene: Scene, count: int) -> Round:
    with Phones(scene.folder) as phones, desktop(scene, LISTENER) as process:
        join(phones, scene, TALKER, echo_cancelling=False)
        return hear_chirps(scene.rig, count, lambda: said_by_terminal(process))


def desktop_to_phone(scene: Scene, count: int) -> Round:
    with Phones(scene.folder) as phones, desktop(scene, TALKER):
        phone = join(phones, scene, LISTENER, echo_cancelling=False)
        return hear_chirps(scene.rig, count, lambda: said_by_page(phone))


def desktop_to_desktop(scene: Scene, count: int) -> Round:
    with desktop(scene, TALKER), desktop(scene, LISTENER) as process:
        return hear_chirps(scene.rig, count, lambda: said_by_terminal(process))


def musicians(packet_ms: str) -> Measure:
    """Two desktop clients with music, and packets of this length."""

    def measure(scene: Scene, count: int) -> Round:
        options = ("--music", "--packet-ms", packet_ms)
        with desktop(scene, TALKER, *options), desktop(scene, LISTENER, *options) as process:
            return hear_chirps(scene.rig, count, lambda: said_by_terminal(process))

    return measure


def join(phones: Phones, scene: Scene, member: int, echo_cancelling: bool) -> Phone:
    rig, relay = scene.rig, scene.relay
    link = relay.link if echo_cancelling else f"{relay.link}&echoCancellation=off"
    phone = phones.start(rig, member, relay.authority, browser=scene.browser.get(member, CHROMIUM))
    phone.context.add_init_script(KEEP_DELAYS)
    phone.open(link).join(f"phone {member}")
    rig.wait_attached(member)
    phone.open_experts()
    return phone


@contextmanager
def desktop(scene: Scene, member: int, *options: str) -> Iterator[StreamerProcess]:
    rig, relay = scene.rig, scene.relay
    arguments = (
        "talk",
        relay.link,
        "--ca",
        relay.authority,
        "--name",
        f"desk {member}",
        "--figures",
        *options,
    )
    home, program = scene.folder / f"desk-{member}", scene.streamer.get(member, STREAMER)
    with StreamerProcess(home, *arguments, environment=rig.environment(member), program=program) as process:
        rig.attach(process.pid, member)
        rig.wait_attached(member)
        yield process


def hear_chirps(
    rig: Rig, count: int, ask: Callable[[], Heard], talker: int = TALKER, listener: int = LISTENER
) -> Round:
    settle(rig, talker)
    return hear_settled(rig, count, ask, talker, listener)


def settle(rig: Rig, talker: int) -> None:
    """Let a voice be heard for some seconds, in which all clocks and buffers settle, and a page finds out how
    late its browser's processing is."""
    said = np.resize(speech(), SETTLE_MS * SAMPLE_RATE // 1000)
    rig.play(rig.microphone(talker), said).wait()


def hear_settled(rig: Rig, count: int, ask: Callable[[], Heard], talker: int, listener: int) -> Round:
    with rig.record() as recording:
        recording.wait_ms(300)
        playing = rig.play(rig.microphone(talker), chirps_in_noise(count))
        said = [ask()]
        for _ in range(max(1, count * EVERY_MS // CLAIM_EVERY_MS - 1)):
            recording.wait_ms(CLAIM_EVERY_MS)
            said.append(ask())
        playing.wait()
        recording.wait_ms(600)
        handed_over_early_ms = rig.block_ms
        wires = recording.wire(rig.microphone(talker)), recording.wire(rig.speaker(listener))
    delays = [delay + handed_over_early_ms for delay in chirp_delays_ms(*wires, latest_ms=LATEST_MS)]
    return Round.of(delays, count, said, silent_share(*wires))


def silent_share(said: Samples, heard: Samples) -> float:
    """Of all milliseconds from the first chirp that is heard to the last, those in which every sample is 0.

    What is heard before the first one is said belongs to an earlier sound.
    """
    said_at, heard_at = (np.flatnonzero(np.abs(wire) > CHIRP_LEVEL) for wire in (said, heard))
    loud = heard_at[heard_at > said_at[0]] if said_at.size else said_at
    if not loud.size:
        return 0.0
    chirps = heard[loud[0] : loud[-1]]
    each_ms = chirps[: len(chirps) // SAMPLES_PER_MS * SAMPLES_PER_MS].reshape(-1, SAMPLES_PER_MS)
    return float(np.mean(~each_ms.any(axis=1)))


def chirps_in_noise(count: int) -> Samples:
    sound = chirps(count, EVERY_MS)
    return sound + np.asarray(NOISE * np.random.default_rng(0).standard_normal(len(sound)), dtype=np.float32)


def said_by_page(phone: Phone) -> Heard:
    shown = " ".join(phone.delays().all_inner_texts())
    figure = re.search(r"\d+", shown)
    concealed = re.search(r"concealed ([\d.]+) ms", phone.page.locator("#statistics").inner_text())
    told = phone.page.evaluate("globalThis.delays?.figures[0]?.[1]")
    parts, error_ms = (parts_of(told["parts"]), told["errorMs"]) if told else ({}, None)
    concealed_ms = float(concealed[1]) if concealed else 0
    return Heard(float(figure[0]) if figure else None, concealed_ms, parts, error_ms)


def parts_of(parts: dict[str, Any]) -> dict[str, float]:
    """Those that are known, in ms."""
    return {name: part["ms"]["p50"] for name, part in parts.items() if part["ms"]}


def medians(said: list[Mapping[str, float]]) -> dict[str, float]:
    names = {name: None for each in said for name in each}
    return {name: statistics.median(each[name] for each in said if name in each) for name in names}


def last_talkers(process: StreamerProcess) -> list[dict[str, Any]]:
    """What the last of a terminal's lines says of each talker."""
    lines = [line for line in process.log.splitlines() if line.startswith("{") and line.endswith("}")]
    return json.loads(lines[-1])["talkers"] if lines else []


def terminal_figures(process: StreamerProcess) -> dict[str, float]:
    """A terminal's delay of each talker that it knows one of, by his name."""
    return {each["name"]: each["total_ms"]["now"] for each in last_talkers(process) if each["total_ms"]}


def said_by_terminal(process: StreamerProcess) -> Heard:
    talkers = last_talkers(process)
    if not talkers:
        return Heard(None, 0)
    total = talkers[0]["total_ms"]
    concealed_ms = talkers[0]["jitter_buffer"]["concealed_ms"]
    return Heard(total and total["now"], concealed_ms, parts_of(talkers[0]["parts"]), talkers[0]["error_ms"])
