"""A relay with a quiet room and a noisy one."""

from pathlib import Path

from attacks_by_members import NOISY
from processes import ServeProcess
from quiet_room import QUIET
from raw_peer import PEOPLE, Target


class TwoRooms(ServeProcess):
    def __init__(self, home: Path, *options: str, tls: bool = False) -> None:
        place = ("--host", PEOPLE, "--port", "0", "--room", QUIET, "--room", NOISY)
        super().__init__(home, "serve", *place, *(() if tls else ("--no-tls",)), *options, exit_code=None)
        self._tls = tls

    def __exit__(self, *_: object) -> None:
        self.interrupt()

    @property
    def target(self) -> Target:
        links = self.links
        return Target(links.port, links.talking_keys, self._tls)
