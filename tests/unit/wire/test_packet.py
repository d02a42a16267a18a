import json
from pathlib import Path
from typing import Any

import pytest

from streamer.errors import PacketError
from streamer.wire.packet import MAX_PACKET_BYTES, Packet

VECTORS = json.loads((Path(__file__).parents[2] / "vectors/packet.json").read_text(encoding="utf-8"))


def packet_of(vector: dict[str, Any]) -> Packet:
    return Packet(**{**vector["packet"], "payload": bytes.fromhex(vector["packet"]["payload"])})


@pytest.mark.parametrize("vector", VECTORS["good"], ids=lambda vector: vector["name"])
def test_a_packet_and_its_bytes_say_the_same(vector: dict[str, Any]) -> None:
    data = bytes.fromhex(vector["hex"])
    assert Packet.parse(data) == packet_of(vector)
    assert packet_of(vector).serialize() == data


@pytest.mark.parametrize("vector", VECTORS["bad"], ids=lambda vector: vector["name"])
def test_what_is_no_packet_is_refused_in_words(vector: dict[str, Any]) -> None:
    with pytest.raises(PacketError, match=vector["reason"]) as caught:
        Packet.parse(bytes.fromhex(vector["hex"]))
    assert (caught.value.code, caught.value.close_code) == ("bad-packet", 4400)


def test_the_longest_packet_passes_but_not_one_byte_more() -> None:
    longest = Packet(seq=1, timestamp=2, payload=bytes(MAX_PACKET_BYTES - 12)).serialize()
    assert len(Packet.parse(longest).payload) == MAX_PACKET_BYTES - 12
    with pytest.raises(PacketError, match="1501 bytes"):
        Packet.parse(longest + b"x")
