"""One measure of size for both sides: what a program may send is what a gateway passes on and a relay
takes."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from streamer.client.json_size import check_size
from streamer.errors import StreamerError
from streamer.gateway.payloads import values_of
from streamer.relay.access.programs import clean_command, clean_values
from streamer.wire import control
from streamer.wire.control import MAX_OBJECT_BYTES
from streamer.wire.json_size import json_size

PLACES: dict[str, Callable[[dict[str, Any]], object]] = {
    "client": lambda values: check_size("it", values),
    "gateway": lambda values: values_of(json.dumps(values).encode()),
    "relay, telemetry": clean_values,
    "relay, command": lambda values: clean_command("open", "", values, 1_000),
}


def of_size(size: int) -> dict[str, Any]:
    """Many values, so that what stands between them counts; of letters that take two bytes."""
    values: dict[str, Any] = {f"ключ {number}": "ё" * 100 for number in range(18)}
    rest = size - json_size({**values, "rest": ""})
    return {**values, "rest": "x" * rest}


@pytest.mark.parametrize("take", PLACES.values(), ids=PLACES)
def test_the_bound_is_the_same_byte_everywhere(take: Callable[[dict[str, Any]], object]) -> None:
    largest = of_size(MAX_OBJECT_BYTES)
    assert json_size(largest) == MAX_OBJECT_BYTES == len(control.serialize(largest).encode())
    take(largest)
    with pytest.raises((ValueError, StreamerError)):
        take(of_size(MAX_OBJECT_BYTES + 1))


@pytest.mark.parametrize("value", [{}, [], {"a": "\ud800"}, {"a": None, "b": [1, {"c": True}]}, {"ä": "🎙"}])
def test_the_size_is_that_of_the_message_on_the_wire(value: Any) -> None:
    assert json_size(value) == len(control.serialize(value).encode())
