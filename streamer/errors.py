"""What can go wrong, as one tree.

    StreamerError
    ├── ProtocolError          a peer broke the protocol; `close_code` says how the connection ends
    │   ├── PacketError            a binary message is not a packet
    │   └── ControlError           a text message is not a control message
    ├── RefusedError           a relay did not let this client in; `status` is the HTTP status
    ├── DeniedError            a relay did not do what this member asked for; `code` says why
    ├── ConnectionLostError    a connection ended, or could not be made
    │   ├── SentAwayError          the relay ended it: coming back would only do the same again
    │   └── TooBigError            the relay sent a message beyond the protocol's bound; a later one may be
        within it
    ├── MeasurementError       a measurement can't be made here, or was cut off
    └── SetupError             this machine lacks something; the message says what to do
        ├── CertificateError       a certificate or key can't be used
        └── AudioError             no codec, device or sound file to work with

Blame is the type: ProtocolError is the peer's, RefusedError the caller's, SetupError this machine's.
Loss, lateness and underrun are no errors: they are counted.
"""

import os
from typing import Final

BAD_MESSAGE: Final = 4400


def in_words(error: OSError) -> str:
    """What the system says, and of which file; `[Errno 13]` and the like are for programs."""
    reason = error.strerror or str(error) or type(error).__name__
    names = [os.fsdecode(name) for name in (error.filename, error.filename2) if isinstance(name, str | bytes)]
    return f"{', '.join(names)}: {reason}" if names else reason


class StreamerError(Exception):
    """Any error of streamer; its text is written for people."""


class ProtocolError(StreamerError):
    """A peer broke the protocol.

    `code` is the stable name of wire/PROTOCOL.md; `close_code` is what to close with, None where the session
    goes on.
    """

    def __init__(self, message: str, *, code: str, close_code: int | None = BAD_MESSAGE) -> None:
        super().__init__(message)
        self.code = code
        self.close_code = close_code


class PacketError(ProtocolError):
    """A binary message is not a packet."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="bad-packet")


class ControlError(ProtocolError):
    """A text message is not a control message."""


class RefusedError(StreamerError):
    """A relay did not admit this client."""

    def __init__(self, message: str, *, status: int, code: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class DeniedError(StreamerError):
    """A relay did not do what this member asked for. `code` is the stable name of wire/PROTOCOL.md."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class ConnectionLostError(StreamerError):
    """A connection to a relay ended, or could not be made."""


class SentAwayError(ConnectionLostError):
    """The relay ended the connection for good: coming back would only do the same again."""


class TooBigError(ConnectionLostError):
    """The relay sent a message beyond the protocol's bound; a later one may be within it."""


class MeasurementError(StreamerError):
    """A measurement can't be made here, or was cut off: there is no number."""


class SetupError(StreamerError):
    """This machine lacks something; the message says what to do."""


class CertificateError(SetupError):
    """A certificate or its key can't be used."""


class AudioError(SetupError):
    """No codec, device or sound file to work with."""
