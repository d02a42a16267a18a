"""Whether an object of a program's can be told in JSON, and is as small as a relay takes it."""

from collections.abc import Mapping
from typing import Any

from streamer.wire.control import MAX_OBJECT_BYTES
from streamer.wire.json_size import check_json, json_size


def is_small(values: Mapping[str, Any]) -> bool:
    """Returns True if the relay could have passed that on: what is not is of a relay that means harm."""
    try:
        check_size("it", values)
    except ValueError:
        return False
    return True


def check_size(what: str, values: Mapping[str, Any]) -> None:
    """Raises ValueError if it is too long, or not JSON, such as infinity; `what` names it."""
    try:
        check_json(values)
    except ValueError as error:
        raise ValueError(f"{what}: {error}") from None
    size = json_size(values)
    if size > MAX_OBJECT_BYTES:
        raise ValueError(f"{what} is {size:,} bytes as JSON; {MAX_OBJECT_BYTES:,} are allowed")
