"""Which addresses of other relays a client uses; relay_address.test.js reads the same vectors."""

import json
from pathlib import Path
from typing import Any

import pytest

from streamer.wire.relay_address import RelayAddress, usable_relays

CASES = json.loads((Path(__file__).parents[2] / "vectors/relay_addresses.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["listed"])[:60])
def test_only_addresses_of_the_same_scheme_and_a_valid_form_are_used(case: dict[str, Any]) -> None:
    assert [str(each) for each in usable_relays(case["listed"], case["scheme"])] == case["usable"]


def test_an_address_is_bounded() -> None:
    assert RelayAddress.parse("https://b.example/" + "a" * 482)
    assert RelayAddress.parse("https://b.example/" + "a" * 483) is None
