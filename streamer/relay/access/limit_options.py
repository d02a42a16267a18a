"""The options of `streamer serve` that are numbers: its limits, and how long an invitation lasts."""

import math
from collections.abc import Callable
from dataclasses import fields
from typing import Any, Final

import click

from streamer.relay.access.limits import NO_LIMIT, RelayLimits
from streamer.wire.control import MAX_INVITE_HOURS


class Positive(click.FloatRange):
    """A number above 0 that clocks and counters can hold; click itself takes `inf` and `nan`."""

    def __init__(self, most: float = NO_LIMIT) -> None:
        super().__init__(min=0, min_open=True, max=most)

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> Any:
        number = super().convert(value, param, context)
        if math.isnan(number):
            self.fail(f"{value} is not a number.", param, context)
        return number


POSITIVE: Final = Positive()
HOURS: Final = Positive(MAX_INVITE_HOURS)


def limit_options(command: Callable[..., None]) -> Callable[..., None]:
    """Adds one option for each field of RelayLimits."""
    for limit in reversed(fields(RelayLimits)):
        name = "--" + limit.name.replace("_", "-")
        least = limit.metadata.get("least")
        kind = POSITIVE if least is None else click.IntRange(least, int(NO_LIMIT))
        option = click.option(
            name, type=kind, default=limit.default, show_default=True, help=limit.metadata["help"]
        )
        command = option(command)
    return command
