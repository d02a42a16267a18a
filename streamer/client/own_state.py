"""What the others see of us, told whenever it changes."""

from collections.abc import Callable

from streamer.wire.messages import FromClient
from streamer.wire.messages import OwnState as OwnStateMessage


class OwnState:
    """`send` gets the control message `state`. With `nothing_to_say`, this member stays muted."""

    def __init__(self, send: Callable[[FromClient], None], *, listening: bool = False) -> None:
        """`listening`: there is no microphone, and there will be none."""
        self.listening = self.nothing_to_say = self.muted = listening
        self.hand = False
        self.left_out = False
        self._send = send

    def change(self, *, muted: bool | None = None, hand: bool | None = None) -> None:
        self.muted = self.nothing_to_say or (self.muted if muted is None else muted)
        self.hand = self.hand if hand is None else hand
        self.tell()

    def begin(self) -> None:
        """There is something to say, maybe again."""
        if self.nothing_to_say and not self.listening:
            self.nothing_to_say = False
            self.change(muted=False)

    def finish(self) -> None:
        """Nothing more will be said for now."""
        self.nothing_to_say = True
        self.change()

    def leave_out(self, on: bool) -> None:
        """Of recordings."""
        self.left_out = on
        self._send({"type": "leave-me-out", "on": on})

    def on_welcome(self) -> None:
        """The relay knows nothing of us yet, or knows us as unmuted."""
        if self.left_out:
            self.leave_out(True)
        if self.muted or self.hand:
            self.tell()

    def tell(self) -> None:
        told: OwnStateMessage = {"type": "state", "muted": self.muted, "away": False, "hand": self.hand}
        if self.listening:
            told["listening"] = True
        self._send(told)
