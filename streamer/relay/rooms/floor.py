"""Who may talk, in a room where one talks at a time. Times are in s, of any clock."""

from typing import Final

from streamer.wire.messages import FloorTaken

LIMIT_S: Final = 60.0
"""So that nobody who has fallen asleep on the button keeps it."""


class Floor:
    """Off, everybody may talk. On, only `holder`, a talker_id; 0 is nobody."""

    def __init__(self) -> None:
        self.is_on = False
        self.holder = 0
        self._is_host = False
        self._since = 0.0
        self._spent = 0

    def admits(self, talker_id: int) -> bool:
        return not self.is_on or talker_id == self.holder

    @property
    def is_hosts(self) -> bool:
        """True if a host has it."""
        return self._is_host and self.holder != 0

    @property
    def message(self) -> FloorTaken:
        return {"type": "floor", "talker_id": self.holder, "on": self.is_on}

    def switch(self, *, on: bool) -> None:
        self.is_on, self.holder, self._spent = on, 0, 0

    def request(self, talker_id: int, now: float, *, is_host: bool) -> bool:
        """Gives whether it changes hands: the host takes it from anybody, and nobody has it for two turns on
        end."""
        is_free = self.holder == 0 or (is_host and not self._is_host)
        if not self.is_on or not is_free or talker_id in (self.holder, self._spent):
            return False
        self.holder, self._is_host, self._since, self._spent = talker_id, is_host, now, 0
        return True

    def give(self, talker_id: int, now: float, *, is_host: bool) -> None:
        """The host decides who has it next, no matter who has it now."""
        self.holder, self._is_host, self._since, self._spent = talker_id, is_host, now, 0

    def release(self, talker_id: int) -> bool:
        """Returns whether it was theirs. A member who had it for too long may ask again from now on."""
        if talker_id == self._spent:
            self._spent = 0
        if talker_id != self.holder:
            return False
        self.holder = 0
        return True

    def expire(self, now: float) -> bool:
        """Takes the floor from a member that held it for too long. Returns True if it did."""
        if self.holder == 0 or now - self._since < LIMIT_S:
            return False
        self.holder, self._spent = 0, self.holder
        return True
