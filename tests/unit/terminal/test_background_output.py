"""What is drawn reaches a terminal, however late that takes it."""

import os
import pty
import select
import time
import tty

import pytest

from streamer.terminal.background_output import BackgroundOutput

PATIENCE_S = 20
DRAWN = "".join(f"{line:>7} ▀▄\n" for line in range(10_000))
"""More than any terminal takes at once."""


@pytest.mark.parametrize("blocking", [True, False])
def test_all_that_is_drawn_is_read_though_the_terminal_is_made_non_blocking(blocking: bool) -> None:
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    os.set_blocking(theirs, blocking)
    with open(theirs, "w", encoding="utf-8") as stream:
        output = BackgroundOutput(stream)
        output.write(DRAWN)
        output.flush()
        assert read(ours, len(DRAWN.encode())).decode() == DRAWN
        output.wait_idle(PATIENCE_S)
        assert output.is_idle
        output.close(PATIENCE_S)
    os.close(ours)


def read(handle: int, size: int) -> bytes:
    content, end = b"", time.monotonic() + PATIENCE_S
    while len(content) < size and time.monotonic() < end:
        if select.select([handle], [], [], 0.1)[0]:
            content += os.read(handle, 65_536)
    return content
