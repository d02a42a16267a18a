"""What is worst right now, in one sentence. Twin of web/page/delay/diagnosis.js, whose words are in
web/ui/text/."""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from streamer.client.delay.mouth_to_ear import PARTS, Figure, Part

Kind = Literal["spikes", "slow"]

SPIKE_MS: Final = 30.0
"""p95 − p50: more than a jitter buffer can take without anybody noticing."""

USUAL_MS: Final[Mapping[Part, float]] = {
    "capture": 40,
    "encode": 25,
    "up": 20,
    "relay": 10,
    "down": 20,
    "buffer": 80,
    "output": 60,
}
"""What a part may take (p50) before it is worth a word."""

_NETWORK: Final[frozenset[Part]] = frozenset({"encode", "up", "relay", "down"})
"""Where spikes come from; the jitter buffer only answers them."""

_WHAT: Final[Mapping[Part, str]] = {
    "capture": "{name}'s microphone",
    "encode": "{name}'s device",
    "up": "{name}'s Wi-Fi",
    "relay": "the relay",
    "down": "your own Wi-Fi",
    "buffer": "the buffer for {name}",
    "output": "your loudspeaker",
}


class Trouble(NamedTuple):
    name: str
    part: Part
    kind: Kind
    ms: float

    def __str__(self) -> str:
        what = _WHAT[self.part].format(name=self.name)
        if self.kind == "spikes":
            return f"Worst now: {what}: spikes of {self.ms:.0f} ms"
        return f"Worst now: {what} takes {self.ms:.0f} ms"


def worst(figures: Mapping[str, Figure]) -> Trouble | None:
    """Of all talkers by name; None where all is well."""
    found = [(over, trouble) for name, figure in figures.items() for over, trouble in _troubles(name, figure)]
    over, trouble = max(found, key=lambda each: each[0], default=(0.0, None))
    return trouble if over > 0 else None


def _troubles(name: str, figure: Figure) -> list[tuple[float, Trouble]]:
    found = []
    for part in PARTS:
        ms = figure.parts[part].ms
        if ms is None:
            continue
        found.append((ms.p50 - USUAL_MS[part], Trouble(name, part, "slow", ms.p50)))
        if part in _NETWORK:
            spike_ms = ms.p95 - ms.p50
            found.append((spike_ms - SPIKE_MS, Trouble(name, part, "spikes", spike_ms)))
    return found
