"""A computer on which no shared library is found."""

import subprocess
import sys

SCRIPT = """
import ctypes.util
ctypes.util.find_library = lambda name: None
from streamer.errors import AudioError
try:
    {statement}
except AudioError as error:
    print(error)
"""


def said_without_libraries(statement: str) -> str:
    """What the client complains of there."""
    command = [sys.executable, "-c", SCRIPT.format(statement=statement)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
