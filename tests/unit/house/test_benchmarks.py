"""What nobody runs every day rots in silence: the benchmarks look for parts of the product that are there."""

import re
import runpy
import sys
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
import psutil
import pytest
from audio_rig import wait_until
from busy import busy
from pairs import Round, silent_share

TESTS: Final = Path(__file__).parents[2]
sys.path.append(str(TESTS / "bench"))

from mutate import MUTATIONS, Mutation  # noqa: E402

PAGE: Final = TESTS.parent / "web/index.html"
SELECTOR: Final = re.compile(r"""(?:locator|querySelector(?:All)?|format)\(["']([^"']*)["']""")


@pytest.fixture(scope="module")
def busy_benchmark() -> dict[str, Any]:
    return runpy.run_path(str(TESTS / "bench/busy.py"))


def test_the_busy_benchmark_has_the_four_pairs_and_the_rival(busy_benchmark: dict[str, Any]) -> None:
    ends = "phone", "desktop"
    assert set(busy_benchmark["PAIRS"]) == {f"{one} → {other}" for one in ends for other in ends} | {"WebRTC"}


def test_a_row_of_the_busy_benchmark_compares_with_the_rival_at_the_same_load(
    busy_benchmark: dict[str, Any],
) -> None:
    measured = {
        "phone → phone": [
            Round([60, 64, 70], 0, 66, 0.01, silent=0.01, error_ms=3),
            Round([56, 58, 90], 1, 62, 0.03, silent=0.02, error_ms=7),
        ],
        "phone → desktop": [Round([], 6, None, 0)],
        "WebRTC": [Round([120, 124, 128], 0, None, 0)],
    }
    ours, unheard, rival = (row.split() for row in busy_benchmark["rows_of"](0.5, measured))
    assert ours == [
        "0.5",
        "phone",
        "→",
        "phone",
        "62",
        "ms",
        "70",
        "ms",
        "1/7",
        "2.0",
        "%",
        "1.5",
        "%",
        "64",
        "±",
        "5",
        "ms",
        "0.50",
    ]
    assert unheard[-3:] == ["–", "–", "6/6"]
    assert rival == ["0.5", "WebRTC", "124", "ms", "124", "ms", "0/3", "0.0", "%", "0.0", "%"]


def test_what_was_heard_before_the_first_chirp_was_said_counts_neither_as_sound_nor_as_silence() -> None:
    ms = 48
    said, heard = np.zeros(4_000 * ms, np.float32), np.zeros(4_000 * ms, np.float32)
    said[500 * ms] = heard[100 * ms] = 0.5  # the end of an earlier voice, and the first chirp
    heard[600 * ms : 3_600 * ms] = 0.001
    heard[600 * ms] = heard[3_600 * ms] = 0.5
    assert silent_share(said, heard) == 0
    heard[1_000 * ms : 1_300 * ms] = 0
    assert silent_share(said, heard) == pytest.approx(0.1)
    assert silent_share(said, np.zeros_like(heard)) == silent_share(np.zeros_like(said), heard) == 0


def test_a_call_that_took_far_longer_than_others_is_listed_with_its_parts(
    busy_benchmark: dict[str, Any],
) -> None:
    calls = [Round([ms], 0, None, 0, {"buffer": 10, "output": 25}) for ms in (62, 60, 64, 66)]
    far = Round([200], 0, None, 0.02, {"buffer": 150, "output": 25})
    lines = list(busy_benchmark["lines_of_calls"]([*calls, far, Round([], 3, None, 0)]))
    assert lines == [
        "6 calls: median 64 ms, 60 62 64 66 200",
        "   buffer 10, output 25",
        "call 5: 200 ms, 2.0 % concealed",
        "   buffer 150 (10), output 25 (25)",
        "call 6: no chirp was heard",
    ]


def has_ended(process: psutil.Process) -> bool:
    """Also where nobody has asked for its exit code yet."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_half_a_loop_takes_no_more_than_about_half_of_a_core_and_ends_with_the_block() -> None:
    with busy(loops=0.5):
        (parent,) = psutil.Process().children()
        (loop,) = wait_until(parent.children, 20, lambda: "no loop began")
        began, took = time.monotonic(), sum(loop.cpu_times()[:2])
        wait_until(lambda: sum(loop.cpu_times()[:2]) - took > 0.2, 60, lambda: "the loop does nothing")
        assert time.monotonic() - began > 0.25
    wait_until(lambda: has_ended(loop), 20, lambda: "the loop goes on")


def test_every_part_that_a_benchmark_looks_for_is_on_the_page() -> None:
    there = set(re.findall(r'\bid="([\w-]+)"', PAGE.read_text()))
    wanted = {
        (path.name, name)
        for path in sorted((TESTS / "bench").rglob("*.py"))
        for selector in SELECTOR.findall(path.read_text())
        for name in re.findall(r"#([a-z][\w-]*)", selector)
    }
    assert len(wanted) > 5
    assert {(path, name) for path, name in wanted if name not in there} == set()


@pytest.mark.parametrize("mutation", MUTATIONS.values(), ids=MUTATIONS)
def test_what_a_mutation_changes_is_there_once(mutation: Mutation) -> None:
    for file, old, _ in filter(None, (mutation[:3], mutation.also)):
        assert (TESTS.parent / file).read_text().count(old) == 1, f"{file}: {old!r}"
    for tests in mutation.tests.split():
        assert (TESTS.parent / tests).exists()
