"""The ways a peer can break RFC 6455, in the order of `Failure` in frames.pxd."""

from typing import Final, NamedTuple


class FailureKind(NamedTuple):
    """The code to close with (section 7.4.1), a stable name, and words for people."""

    close_code: int
    cause: str
    text: str


FAILURES: Final = (
    FailureKind(1000, "none", "nothing is wrong"),
    FailureKind(1002, "reserved-bits", "a reserved bit is set (section 5.2)"),
    FailureKind(1002, "reserved-opcode", "the opcode is reserved (section 5.2)"),
    FailureKind(1002, "not-masked", "a client's frame is not masked (section 5.1)"),
    FailureKind(1002, "masked", "a server's frame is masked (section 5.1)"),
    FailureKind(1002, "not-minimal", "the length is not in its shortest form (section 5.2)"),
    FailureKind(1002, "length-too-large", "the highest bit of the length is set (section 5.2)"),
    FailureKind(1002, "control-too-long", "a control frame is over 125 bytes (section 5.5)"),
    FailureKind(1002, "control-fragmented", "a control frame is fragmented (section 5.5)"),
    FailureKind(1002, "nothing-to-continue", "there is no message to continue (section 5.4)"),
    FailureKind(1002, "message-unfinished", "the message before is unfinished (section 5.4)"),
    FailureKind(1009, "message-too-big", "the message is too big (section 7.4.1)"),
    FailureKind(1007, "not-utf8", "the text is not UTF-8 (section 8.1)"),
    FailureKind(1002, "bad-close", "the close frame has a bad code or half a one (section 5.5.1)"),
)
