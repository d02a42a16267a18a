"""streamer: talk to everyone on your Wi-Fi, and see how long a voice takes."""

from typing import Final

__version__: Final = "0.1.0"
