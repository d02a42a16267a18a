import json
from pathlib import Path
from typing import Any

import pytest

from streamer.errors import ControlError
from streamer.wire import control

VECTORS = json.loads((Path(__file__).parents[2] / "vectors/control.json").read_text(encoding="utf-8"))
TABLES = {"client": control.FROM_CLIENT, "relay": control.FROM_RELAY}


@pytest.mark.parametrize("vector", VECTORS["good"], ids=lambda vector: vector["text"])
def test_a_message_is_read_with_its_fields(vector: dict[str, Any]) -> None:
    message = control.parse(vector["text"], TABLES[vector["from"]])
    assert message == vector["message"]
    assert control.parse(control.serialize(message), TABLES[vector["from"]]) == message


@pytest.mark.parametrize("vector", VECTORS["bad"], ids=lambda vector: vector["text"] or "nothing")
def test_what_is_no_message_is_refused_by_name(vector: dict[str, Any]) -> None:
    with pytest.raises(ControlError) as caught:
        control.parse(vector["text"], TABLES[vector["from"]])
    assert caught.value.code == vector["code"]
    assert caught.value.close_code == (None if vector["code"] == "unknown-type" else 4400)


def test_a_deeply_nested_text_is_refused_not_fatal() -> None:
    with pytest.raises(ControlError):
        control.parse('{"type":' + "[" * 16_000, control.FROM_CLIENT)
