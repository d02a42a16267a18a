"""The cases of vectors/packet_length.json; packet_length.test.js reads them too."""

import json
from pathlib import Path
from typing import Any

import pytest

from streamer.client.packet_length import PacketLength

CASES = json.loads((Path(__file__).parents[2] / "vectors/packet_length.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_packets_are_as_long_as_room_and_network_allow(case: dict[str, Any]) -> None:
    length = PacketLength()
    for step in case["steps"]:
        at_ms = step["at_ms"]
        if "want" in step:
            length.want(step["want"])
        if step.get("trouble"):
            length.note_trouble(at_ms)
        if "round_trip_us" in step:
            length.note_round_trip(at_ms, step["round_trip_us"])
        members, least, over_http = step.get("members", 2), step.get("least", 1), step.get("over_http", False)
        assert length.look(at_ms, members, least, over_http=over_http) == step["units"]
        assert (length.units, length.why) == (step["units"], step["why"])
