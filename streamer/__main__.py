"""Where `streamer` begins: before anything else it makes sure that the compiled core is there."""

import faulthandler
import sys
from typing import Final

from streamer.printing import print_anything

_INTERRUPTED: Final = 130
"""What a shell expects of a program that Ctrl-C ended."""


def main() -> None:
    if sys.stderr is not None:  # None if it was closed before the start
        faulthandler.enable()  # a crash of compiled code says where it was
    print_anything()
    try:
        from streamer.cli import main as command_line
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    except ImportError as error:
        if not (error.name or "").startswith("streamer.hot"):
            raise
        sys.exit(
            f"streamer's compiled core is missing ({error}): install a wheel of streamer for this system, or build it "
            "with `pip install .` in the checkout, which needs a C compiler and Python's headers"
        )
    command_line()


if __name__ == "__main__":
    main()
