"""Two clients in this process, one saying chirps to the other through the relay: the truth beside the live
figure.

The whole path is the real one: encoder, network, relay, jitter buffer, decoder. Only the sound card is not in
it. Both ends are on one clock, so what comes out is exact, however wrong the live figure's idea of the
relay's clock may be.
"""

from bisect import bisect_left
from contextlib import AsyncExitStack
from typing import Final

from streamer.audio_format import SAMPLE_RATE
from streamer.client.delay.mouth_to_ear import Figure
from streamer.client.delay.sliding_window import quantile
from streamer.errors import MeasurementError
from streamer.measure.chirps import chirp_train, delays, describe_missing, find_chirps
from streamer.measure.measuring_client import (
    BLOCK_SAMPLES,
    ChirpSource,
    MeasureOptions,
    MeasuringClient,
    RecordedPlayout,
    enter,
    run_until,
)
from streamer.measure.result import Chirp, Measurement

EVERY_S: Final = 0.8
TALKER: Final = "Chirps"
LISTENER: Final = "Ears"
MATCHED_MS: Final = 0.1
"""How exactly a chirp is found."""

_LAST_S: Final = 1.0
"""For the last chirp to arrive: more than any delay that is measured here."""


class LiveFigures:
    """What the live figure said, over time."""

    def __init__(self, client: MeasuringClient) -> None:
        self._client = client
        self._at: list[float] = []
        self._ms: list[float | None] = []
        self.last: Figure | None = None

    def look(self, now: float) -> None:
        talker = next((member for member in self._client.room.members if member.name == TALKER), None)
        figure = self._client.ear.delay(talker) if talker else None
        if figure is None:
            return
        self.last = figure
        self._at.append(now)
        self._ms.append(figure.total_ms and figure.total_ms.now)

    def at(self, when: float) -> float | None:
        """The first that was said after `when`; None where it was unknown."""
        place = bisect_left(self._at, when)
        return self._ms[place] if place < len(self._ms) else None


async def measure_pair(wish: MeasureOptions) -> Measurement:
    """Raises StreamerError: also where others are in the room, who would have to hear it."""
    samples, places = chirp_train(wish.count, EVERY_S)
    source = ChirpSource(samples)
    async with AsyncExitStack() as stack:
        listener = await enter(stack, wish, LISTENER, None)
        talker = await enter(stack, wish, TALKER, source)
        playout, live = RecordedPlayout(listener.ear.pop), LiveFigures(listener)

        def look(now: float) -> None:
            _refuse_company(talker)
            wish.on_progress(min(1.0, source.progress))
            listener.ear.note_playout(playout.latency_s)
            live.look(now)

        end_s = (len(samples) + SAMPLE_RATE) / SAMPLE_RATE + _LAST_S

        def done() -> bool:
            return source.ended and len(playout.lateness_s) * BLOCK_SAMPLES / SAMPLE_RATE > end_s + 1

        await run_until({listener: playout, talker: RecordedPlayout(talker.ear.pop)}, done, look)
    return _evaluate(talker, source, playout, live, places)


def _refuse_company(talker: MeasuringClient) -> None:
    others = [member.name for member in talker.room.members if member.name != LISTENER]
    if others:
        raise MeasurementError(
            f"{', '.join(others)} would hear the chirps: measure in an empty room, or use --acoustic with "
            "one "
            "other member"
        )


def _evaluate(
    talker: MeasuringClient,
    source: ChirpSource,
    playout: RecordedPlayout,
    live: LiveFigures,
    places: list[int],
) -> Measurement:
    recording = playout.recording
    found = find_chirps(recording)
    said = [source.said_at(place) - playout.started for place in places]
    late = delays([round(each * SAMPLE_RATE) for each in said], found)
    chirps = [
        Chirp(
            at - said[0],
            _ms(each),
            None if each is None else live.at(playout.started + at + each / SAMPLE_RATE),
        )
        for at, each in zip(said, late, strict=True)
    ]
    remarks = [] if found else [describe_missing(recording)]
    if talker.room.clock.jumps:
        remarks.append("A clock jumped meanwhile: what the live figure knew before was forgotten.")
    uncertainty_ms = MATCHED_MS + 1000 * quantile(sorted(playout.lateness_s), 0.5)
    path = "encoder → relay → jitter buffer → decoder, without a sound card"
    return Measurement(path, talker.room.name, chirps, uncertainty_ms, live.last, remarks)


def _ms(samples: float | None) -> float | None:
    return None if samples is None else samples * 1000 / SAMPLE_RATE
