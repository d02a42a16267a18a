"""Whether somebody talks, and what passes then; the cases of vectors/activity.json are
voice_activity.test.js's too.

`levels` are patterns in −dBov, each so many times; `heard` and `passed` how many frames in turn are not, and
are.
"""

import json
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from streamer.client.audio.transmit_gate import TransmitGate
from streamer.client.audio.voice_activity import VoiceActivityDetector

CASES = json.loads((Path(__file__).parents[2] / "vectors/activity.json").read_text(encoding="utf-8"))


def in_turn(answers: list[bool]) -> list[int]:
    lengths = [len(list(run)) for _, run in groupby(answers)]
    return [0, *lengths] if answers[0] else lengths


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_voices_are_told_from_noise_and_pass_with_a_tail(case: dict[str, Any]) -> None:
    levels = [level for pattern, times in case["levels"] for level in pattern * times]
    activity, gate = VoiceActivityDetector(), TransmitGate()
    assert in_turn([activity.process(level) for level in levels]) == case["heard"]
    assert in_turn([gate.passes(level) for level in levels]) == case["passed"]
