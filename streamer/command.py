"""What commands with a module of their own share: who runs their coroutine, and how options come to them."""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import click

Run = Callable[[Coroutine[Any, Any, None]], None]
"""Runs a coroutine until it ends or is interrupted."""


def make_command(
    name: str, options: Sequence[Callable[[Any], Any]], function: Callable[..., None]
) -> click.Command:
    """`function`, called by its name with `options`, which `--help` shows in their order."""
    for add in reversed(options):
        function = add(function)
    return click.command(name)(function)
