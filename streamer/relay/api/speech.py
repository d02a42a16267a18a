"""A text, spoken: by espeak-ng, where it is installed. It runs in a process of its own, for a bounded
time."""

import shutil
import subprocess
from typing import Final

from streamer.errors import RefusedError

PROGRAM: Final = "espeak-ng"
MAX_SPEECH_CHARACTERS: Final = 2_000
SPEECH_S: Final = 20.0
"""It makes a minute of speech in a second."""

LANGUAGES: Final = ("en", "de", "es")


def speak(text: str, language: str) -> bytes:
    """A WAV file. Waits for the program: call it in a thread. Raises RefusedError `no-speech`."""
    program = shutil.which(PROGRAM)
    if program is None:
        message = f"{PROGRAM} is not installed on the relay's computer: send a WAV or Ogg Opus file"
        raise RefusedError(message, status=503, code="no-speech")
    command = [program, "-v", language, "--stdin", "--stdout"]
    try:
        spoken = subprocess.run(
            command, input=text.encode(), capture_output=True, timeout=SPEECH_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        raise RefusedError("the text could not be spoken", status=503, code="no-speech") from None
    return spoken.stdout
