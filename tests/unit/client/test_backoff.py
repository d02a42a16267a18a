"""The cases of vectors/back_off.json; backoff.test.js reads them too."""

import json
from pathlib import Path

from streamer.client.backoff import wait_ms

CASES = json.loads((Path(__file__).parents[2] / "vectors/back_off.json").read_text(encoding="utf-8"))


def test_waits_grow_up_to_half_a_second_after_a_minute_to_a_whole_one_and_are_never_all_the_same() -> None:
    for case in CASES:
        assert wait_ms(case["tries"], case["random"]) == case["wait_ms"]
