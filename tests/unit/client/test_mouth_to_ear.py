"""From a mouth to an ear, in parts; the cases of vectors/mouth_to_ear.json know the truth, and node reads
them too."""

import json
from pathlib import Path
from typing import Any

import pytest

from streamer.client.delay.diagnosis import worst
from streamer.client.delay.mouth_to_ear import PARTS, Figure, MouthToEar, PartFigure
from streamer.client.delay.sliding_window import Quantiles

CASES = json.loads((Path(__file__).parents[2] / "vectors/mouth_to_ear.json").read_text(encoding="utf-8"))


def heard(case: dict[str, Any]) -> MouthToEar:
    talker = MouthToEar()
    for at_us, kind, what, *more in case["events"]:
        match kind:
            case "clock":
                talker.on_clock(what, at_us, *more)
            case "packet":
                talker.on_packet(what, at_us)
            case "playout":
                talker.on_playout(what, at_us, *more)
    return talker


def check_quantiles(found: Quantiles | None, wanted: dict[str, float | None] | None) -> None:
    assert (found is None) == (wanted is None)
    if found is not None and wanted is not None:
        assert found._asdict() == pytest.approx(wanted, abs=0.03)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_figure_is_the_truth(case: dict[str, Any]) -> None:
    figure, wanted = heard(case).snapshot(case["now"]), case["figure"]
    if "total_ms" in wanted:
        check_quantiles(figure.total_ms, wanted["total_ms"])
    if "complete" in wanted:
        assert figure.complete == wanted["complete"]
    if "error_ms" in wanted:
        assert figure.error_ms == wanted["error_ms"]
    for part, known in wanted.get("parts", {}).items():
        assert figure.parts[part].status == known["status"], part
        check_quantiles(figure.parts[part].ms, known["ms"])


def figure_of(**parts: tuple[float, float]) -> Figure:
    """A figure with the median and the 95th percentile of some parts."""
    known = {part: PartFigure("measured", Quantiles(None, *ms)) for part, ms in parts.items()}
    return Figure(None, True, None, {part: known.get(part, PartFigure("unknown", None)) for part in PARTS})


def test_where_all_is_well_nothing_is_worst() -> None:
    assert worst({}) is None
    assert worst({"Ada": figure_of(up=(3, 5), buffer=(40, 60))}) is None


def test_the_worst_of_all_talkers_is_said_in_words() -> None:
    figures = {"Ada": figure_of(up=(3, 40), down=(30, 31)), "Joan": figure_of(up=(3, 83))}
    assert str(worst(figures)) == "Worst now: Joan's Wi-Fi: spikes of 80 ms"
    assert str(worst({"Ada": figure_of(output=(180, 185))})) == "Worst now: your loudspeaker takes 180 ms"
