"""How much an object of JSON takes on the wire: what every bound in bytes is about, on either side."""

import json
from collections.abc import Mapping, Sequence


def json_size(value: Mapping[str, object] | Sequence[object]) -> int:
    """Bytes of `value`, as it stands in a message; what is no JSON, such as infinity, as Python writes it."""
    return len(_text(value, allow_nan=True).encode(errors="replace"))


def check_json(value: Mapping[str, object] | Sequence[object]) -> None:
    """Raises ValueError where `value` is no JSON."""
    try:
        _text(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"it is not JSON: {error}") from None


def _text(value: Mapping[str, object] | Sequence[object], *, allow_nan: bool) -> str:
    plain = dict(value) if isinstance(value, Mapping) else list(value)
    return json.dumps(plain, ensure_ascii=False, allow_nan=allow_nan, separators=(",", ":"))
