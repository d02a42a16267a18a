"""What members and the devices behind them reported last. Times are in s, of any clock.

Of what comes faster than the room may tell, the newest is told a little later: one report for each device
waits.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from streamer.errors import ControlError
from streamer.relay.access.rate_limit import LeakyBucket
from streamer.wire import programs
from streamer.wire.json_size import json_size
from streamer.wire.programs import Values

MAX_DEVICES: Final = 128
"""Of one member: a gateway of a house."""

MAX_MEMBER_BYTES: Final = 65_536
MAX_ROOM_BYTES: Final = 262_144
"""A newcomer gets all of it at once."""

TOLD: Final = 400
TOLD_PER_S: Final = 40.0
"""By all of a room together. In a full room that is half of what its post hands out."""

_ABOUT_A_REPORT: Final = 64
"""Bytes of a report beside its names and values."""


@dataclass(slots=True)
class _Report:
    values: Values | None
    at: float
    size: int
    is_told: bool = False


class TelemetryBoard:
    """Of one room: the last report of each device of each member."""

    def __init__(self) -> None:
        self._reports: dict[tuple[int, str], _Report] = {}
        self._told = LeakyBucket(TOLD, TOLD_PER_S)

    def take(self, talker_id: int, device: str, values: Values | None, now: float) -> None:
        """Raises ControlError `too-much`; what was reported before stays then."""
        key = talker_id, device
        before = self._reports.get(key)
        size = json_size(values or {}) + 4 * len(device) + _ABOUT_A_REPORT
        if values is not None and not self._fits(
            talker_id, size - (before.size if before else 0), before is None
        ):
            message = "more devices, or more values, than the relay keeps of one member and one room"
            raise ControlError(message, code="too-much", close_code=None)
        if before or values is not None:
            self._reports[key] = _Report(values, now, size)

    def _fits(self, talker_id: int, more_bytes: int, is_new: bool) -> bool:
        own = [report.size for (other, _), report in self._reports.items() if other == talker_id]
        total = sum(report.size for report in self._reports.values())
        is_few = not is_new or len(own) < MAX_DEVICES
        return is_few and sum(own) + more_bytes <= MAX_MEMBER_BYTES and total + more_bytes <= MAX_ROOM_BYTES

    def forget(self, talker_id: int) -> None:
        """That member is gone, with all its devices."""
        for key in [key for key in self._reports if key[0] == talker_id]:
            del self._reports[key]

    def due(self, now: float) -> Iterator[programs.Telemetry]:
        """What to tell everybody now. What is gone is told once, and then forgotten."""
        for key in [key for key, report in self._reports.items() if not report.is_told]:
            if not self._told.try_take(now):
                return
            report = self._reports[key]
            report.is_told = True
            if report.values is None:
                del self._reports[key]
            yield _message(key, report, now)

    def all(self, now: float) -> list[programs.Telemetry]:
        """For a newcomer."""
        known = self._reports.items()
        return [_message(key, report, now) for key, report in known if report.values is not None]


def _message(key: tuple[int, str], report: _Report, now: float) -> programs.Telemetry:
    age_ms = int(1_000 * (now - report.at))
    return {
        "type": "telemetry",
        "talker_id": key[0],
        "device": key[1],
        "values": report.values,
        "age_ms": age_ms,
    }
