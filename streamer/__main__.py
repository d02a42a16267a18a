"""Where `streamer` begins: before anything else it makes sure that the compiled core is there."""

import signal
import sys
from contextlib import suppress

_HAD_CTRL_C = signal.getsignal(signal.SIGINT) is signal.default_int_handler
# Until there is something to tidy up, Ctrl-C just ends the program, without a traceback of an import.
if _HAD_CTRL_C:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def main() -> None:
    import faulthandler

    with suppress(AttributeError, OSError, RuntimeError, ValueError):  # there may be no standard error
        faulthandler.enable()  # a crash of compiled code says where it was
    from streamer.exit_status import open_standard_streams, run_to_exit

    open_standard_streams()
    run_to_exit(_command_line)


def _command_line() -> object:
    try:
        from streamer.cli import main as command_line
    except ImportError as error:
        if not (error.name or "").startswith(("streamer.websocket", "streamer.jitter")):
            raise
        sys.exit(
            f"streamer's compiled core is missing ({error}): install a wheel of streamer for this system, or "
            "build it "
            "with `pip install .` in the checkout, which needs a C compiler and Python's headers"
        )
    if _HAD_CTRL_C:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    return command_line(standalone_mode=False)


if __name__ == "__main__":
    main()
