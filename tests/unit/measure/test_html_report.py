"""A measurement for people and for programs: what is unknown is said to be unknown, and never 0."""

import io
import json
import resource
import sys
from pathlib import Path

import pytest
from rich.console import Console

from streamer.client.delay.mouth_to_ear import PARTS, Figure, PartFigure
from streamer.client.delay.sliding_window import Quantiles
from streamer.errors import SetupError
from streamer.measure.html_report import to_html, write_report
from streamer.measure.result import Chirp, Measurement, to_json, to_table


def figure(**known: float) -> Figure:
    """With these parts measured, the others unknown."""
    parts = {part: PartFigure("unknown", None) for part in PARTS}
    parts |= {part: PartFigure("measured", Quantiles(ms, ms, ms + 1)) for part, ms in known.items()}
    total = sum(known.values())
    return Figure(Quantiles(total, total, total + 2) if known else None, len(known) == len(PARTS), 0.7, parts)


def measurement(*delays_ms: float | None, live: Figure | None = None) -> Measurement:
    chirps = [Chirp(0.5 * number, delay, delay and delay + 3) for number, delay in enumerate(delays_ms)]
    return Measurement("encoder → relay → buffer", "kitchen", chirps, 0.1, live)


def shown(measured: Measurement) -> str:
    console = Console(file=io.StringIO(), width=120)
    console.print(to_table(measured))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_quantiles_are_of_the_chirps_that_were_found() -> None:
    measured = measurement(*range(100, 0, -1), None, None)
    assert measured.delays_ms == {"min": 1, "p50": 50, "p95": 95, "p99": 99}
    assert measured.lost == 2
    assert measured.live_error_ms == 3


def test_where_no_chirp_was_found_nothing_is_known() -> None:
    measured = measurement(None, None, live=figure())
    assert measured.delays_ms is None
    assert measured.live_error_ms is None
    text = shown(measured)
    assert "unknown" in text
    assert "2 of 2" in text
    assert "0.0 ms" not in text
    assert to_json(measured)["delay_ms"] is None


def test_the_table_says_each_part_and_how_it_is_known() -> None:
    text = shown(measurement(50.0, live=figure(up=3.0, buffer=40.0)))
    assert "jitter buffer" in text
    assert "measured" in text
    assert "loudspeaker" in text
    assert "unknown" in text
    assert "together, at least" in text
    assert "differs from the chirps by +3.0 ms; it claims to be within 0.7 ms" in text


def test_json_has_every_part_and_null_for_what_is_unknown() -> None:
    read = json.loads(json.dumps(to_json(measurement(50.0, None, live=figure(up=3.0)))))
    assert read["live"]["parts"]["up"] == {"status": "measured", "ms": {"now": 3.0, "p50": 3.0, "p95": 4.0}}
    assert read["live"]["parts"]["output"] == {"status": "unknown", "ms": None}
    assert read["chirps"][1] == {"at_s": 0.5, "delay_ms": None, "live_ms": None}
    assert (read["sent"], read["lost"]) == (2, 1)


def test_the_html_report_has_its_plots_within_and_no_foreign_markup() -> None:
    measured = Measurement(
        "a <b>path</b>", "kitchen", [Chirp(0, 50.0, 51.0), Chirp(1, None)], 0.1, figure(up=3.0)
    )
    html = to_html(measured)
    assert html.count("<svg") == 3
    assert "<b>path" not in html
    assert "http-equiv" not in html
    assert "unknown" in html


def test_an_html_report_without_any_chirp_says_unknown() -> None:
    html = to_html(measurement(None))
    assert "unknown" in html
    assert "<svg" not in html


def test_without_matplotlib_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(SetupError, match="pip install 'streamer\\[report\\]'"):
        to_html(measurement(50.0))


def test_a_report_that_does_not_fit_on_the_disk_leaves_the_one_of_before(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    write_report(path, "the one of before")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, limits[1]))
    try:
        with pytest.raises(OSError, match=r"report\.html'$"):
            write_report(path, "x" * 10_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_text() == "the one of before"
    assert [each.name for each in tmp_path.iterdir()] == ["report.html"]


def test_a_report_goes_to_where_a_link_or_a_device_leads(tmp_path: Path) -> None:
    (tmp_path / "link.html").symlink_to("report.html")
    write_report(tmp_path / "link.html", "here")
    assert (tmp_path / "report.html").read_text() == "here"
    assert (tmp_path / "link.html").is_symlink()
    write_report(Path("/dev/null"), "nowhere")
    assert not Path("/dev/null").is_file()
