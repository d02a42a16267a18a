"""A measurement as one HTML file, its plots within: needs matplotlib, the extra `report`."""

import io
from contextlib import suppress
from html import escape
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from streamer.client.delay.mouth_to_ear import PARTS, Figure
from streamer.errors import SetupError
from streamer.measure.result import PART_NAMES, UNKNOWN, Measurement

_SIZE_INCHES: Final = (8, 2.6)
_HEAD: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Mouth to ear</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem;
  color: #222 }
table { border-collapse: collapse }
th, td { text-align: right; padding: .2rem .8rem; border-bottom: 1px solid #ddd }
td:first-child, th:first-child { text-align: left } svg { max-width: 100%; height: auto }
</style></head><body>
"""


def to_html(measurement: Measurement) -> str:
    """Raises SetupError where matplotlib is missing."""
    pyplot = import_pyplot()
    parts = [
        _HEAD,
        f"<h1>Mouth to ear</h1><p>Room {escape(measurement.room)}: {escape(measurement.path)}.</p>",
        _delays(measurement),
        "".join(f"<p>{escape(remark)}</p>" for remark in measurement.remarks),
    ]
    if measurement.delays_ms:
        parts += [_plot(pyplot, _draw_over_time, measurement), _plot(pyplot, _draw_histogram, measurement)]
    if measurement.figure:
        parts += [_parts(measurement.figure), _plot(pyplot, _draw_parts, measurement)]
    return "\n".join([*parts, "</body></html>\n"])


def write_report(path: Path, html: str) -> None:
    """All of it or nothing: on a full disk a report of before stays as it was. Raises OSError."""
    path = path.resolve()
    if path.exists() and not path.is_file():  # a device or a pipe has nothing to be kept
        path.write_text(html, encoding="utf-8")
        return
    new = path.with_name(f".{path.name}.new")
    try:
        new.write_text(html, encoding="utf-8")
        new.replace(path)
    except OSError as error:
        with suppress(OSError):
            new.unlink()
        error.filename = str(path)
        raise


def import_pyplot() -> ModuleType:
    """Raises SetupError where matplotlib is missing."""
    try:
        import matplotlib
        import matplotlib.pyplot
    except ImportError as error:
        raise SetupError(
            f"An HTML report needs matplotlib ({error}): install it with `pip install 'streamer[report]'`, "
            "or go without --html: the table and --json need nothing more"
        ) from error
    matplotlib.use("svg")
    module: ModuleType = matplotlib.pyplot
    return module


def _delays(measurement: Measurement) -> str:
    delays = measurement.delays_ms
    names = "".join(f"<th>{name}</th>" for name in (delays or {"delay": 0}))
    cells = (
        "".join(f"<td>{delay:.1f} ms</td>" for delay in delays.values()) if delays else f"<td>{UNKNOWN}</td>"
    )
    lost = f"{measurement.lost} of {len(measurement.chirps)}"
    return (
        f"<table><tr>{names}<th>lost</th></tr><tr>{cells}<td>{lost}</td></tr></table>"
        f"<p>Each ± {measurement.uncertainty_ms:.1f} ms.</p>"
    )


def _parts(figure: Figure) -> str:
    rows = ["<h2>Where the time goes</h2><table><tr><th></th><th>p50</th><th>p95</th><th></th></tr>"]
    for part in PARTS:
        ms, status = figure.parts[part].ms, figure.parts[part].status
        cells = f"<td>{ms.p50:.1f} ms</td><td>{ms.p95:.1f} ms</td>" if ms else "<td></td><td></td>"
        rows.append(f"<tr><td>{PART_NAMES[part]}</td>{cells}<td>{status}</td></tr>")
    return "\n".join([*rows, "</table>"])


def _plot(pyplot: ModuleType, draw: Any, measurement: Measurement) -> str:
    """What `draw` draws, as an SVG element."""
    figure, axes = pyplot.subplots(figsize=_SIZE_INCHES, layout="constrained")
    draw(axes, measurement)
    file = io.StringIO()
    figure.savefig(file, format="svg")
    pyplot.close(figure)
    svg = file.getvalue()
    return f"<figure>{svg[svg.index('<svg') :]}</figure>"


def _draw_over_time(axes: Any, measurement: Measurement) -> None:
    found = [(chirp.at_s, chirp.delay_ms) for chirp in measurement.chirps if chirp.delay_ms is not None]
    live = [(chirp.at_s, chirp.live_ms) for chirp in measurement.chirps if chirp.live_ms is not None]
    lost = [chirp.at_s for chirp in measurement.chirps if chirp.delay_ms is None]
    axes.plot(*zip(*found, strict=True), "o", markersize=3, label="chirps")
    if live:
        axes.plot(*zip(*live, strict=True), linewidth=1, label="live figure")
    if lost:
        axes.plot(lost, [0] * len(lost), "x", color="tab:red", label="lost")
    axes.set(title="Delay over time", xlabel="s", ylabel="ms", ylim=(0, None))
    axes.legend(loc="lower right")


def _draw_histogram(axes: Any, measurement: Measurement) -> None:
    axes.hist([chirp.delay_ms for chirp in measurement.chirps if chirp.delay_ms is not None], bins=40)
    axes.set(title="How often which delay", xlabel="ms", ylabel="chirps")


def _draw_parts(axes: Any, measurement: Measurement) -> None:
    left = 0.0
    assert measurement.figure is not None
    for part in PARTS:
        ms = measurement.figure.parts[part].ms
        if ms is not None:
            axes.barh(["p50"], [ms.p50], left=left, label=PART_NAMES[part])
            left += max(0.0, ms.p50)
    axes.set(title="The parts", xlabel="ms")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.25), ncols=4)
