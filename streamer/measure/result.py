"""What was measured, and what follows from it: for people as a table, for programs as JSON (see also
report.py)."""

from dataclasses import dataclass, field
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from streamer.client.delay.mouth_to_ear import PARTS, Figure, Part
from streamer.client.delay.sliding_window import quantile
from streamer.terminal_text import one_line

SHARES: Final = {"min": 0.0, "p50": 0.5, "p95": 0.95, "p99": 0.99}

PART_NAMES: Final[dict[Part, str]] = {
    "capture": "microphone",
    "encode": "encode and packet",
    "up": "up to the relay",
    "relay": "relay",
    "down": "down from the relay",
    "buffer": "jitter buffer",
    "output": "loudspeaker",
}
UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True)
class Chirp:
    """Sent `at_s` after the beginning; `delay_ms` is None where it was lost, `live_ms` where that was
    unknown."""

    at_s: float
    delay_ms: float | None
    live_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Measurement:
    """`path` says in words what lies between the two places where chirps are heard."""

    path: str
    room: str
    chirps: list[Chirp]
    uncertainty_ms: float
    figure: Figure | None = None
    remarks: list[str] = field(default_factory=list)

    @property
    def lost(self) -> int:
        return sum(chirp.delay_ms is None for chirp in self.chirps)

    @property
    def delays_ms(self) -> dict[str, float] | None:
        """min, p50, p95 and p99; None where no chirp was found."""
        found = sorted(chirp.delay_ms for chirp in self.chirps if chirp.delay_ms is not None)
        return {name: quantile(found, share) for name, share in SHARES.items()} if found else None

    @property
    def live_error_ms(self) -> float | None:
        """How much more the live figure says than the chirps (median); None where one of them is unknown.

        It is a true error only where both look at the same path.
        """
        errors = [
            chirp.live_ms - chirp.delay_ms
            for chirp in self.chirps
            if chirp.live_ms is not None and chirp.delay_ms is not None
        ]
        return quantile(sorted(errors), 0.5) if errors else None


def to_json(measurement: Measurement) -> dict[str, Any]:
    """For programs: unknown values are null."""
    return {
        "path": measurement.path,
        "room": measurement.room,
        "delay_ms": measurement.delays_ms,
        "uncertainty_ms": measurement.uncertainty_ms,
        "sent": len(measurement.chirps),
        "lost": measurement.lost,
        "live_error_ms": measurement.live_error_ms,
        "live": measurement.figure and measurement.figure.to_json(),
        "chirps": [
            {"at_s": chirp.at_s, "delay_ms": chirp.delay_ms, "live_ms": chirp.live_ms}
            for chirp in measurement.chirps
        ],
        "remarks": measurement.remarks,
    }


def to_table(measurement: Measurement) -> RenderableType:
    """For people."""
    lines: list[RenderableType] = [_delays(measurement)]
    if measurement.figure:
        lines.append(_parts(measurement.figure))
    lines += [Text(one_line(line)) for line in [_describe_live(measurement), *measurement.remarks] if line]
    return Group(*lines)


def _delays(measurement: Measurement) -> Table:
    table = Table(title=Text(one_line(f"Mouth to ear: {measurement.path}")), title_justify="left")
    for name in (*SHARES, "lost"):
        table.add_column(name, justify="right")
    delays = measurement.delays_ms
    cells = [f"{delay:.1f} ms" for delay in delays.values()] if delays else [UNKNOWN] * len(SHARES)
    table.add_row(*cells, f"{measurement.lost} of {len(measurement.chirps)}")
    table.caption = f"± {measurement.uncertainty_ms:.1f} ms"
    return table


def _parts(figure: Figure) -> Table:
    table = Table(title="Where the time goes, by the live figure", title_justify="left")
    table.add_column("")
    for name in ("p50", "p95"):
        table.add_column(name, justify="right")
    table.add_column("")
    for part in PARTS:
        ms, status = figure.parts[part].ms, figure.parts[part].status
        table.add_row(
            PART_NAMES[part], *([f"{ms.p50:.1f} ms", f"{ms.p95:.1f} ms"] if ms else ["", ""]), status
        )
    total = figure.total_ms
    table.add_section()
    cells = [f"{total.p50:.1f} ms", f"{total.p95:.1f} ms"] if total else [UNKNOWN, UNKNOWN]
    table.add_row("together" if figure.complete else "together, at least", *cells, "")
    return table


def _describe_live(measurement: Measurement) -> str:
    error, figure = measurement.live_error_ms, measurement.figure
    if figure is None:
        return ""
    if error is None:
        return "The live figure could not be compared with the chirps: one of them is unknown."
    bound = "" if figure.error_ms is None else f"; it claims to be within {figure.error_ms:.1f} ms"
    return f"The live figure differs from the chirps by {error:+.1f} ms{bound}."
