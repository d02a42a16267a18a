"""One room for all tests of a file: the rig, the relay and the phones are started once, since that takes
longest."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from audio_rig import Rig
from phone import UNPROCESSED, Phone, Phones
from processes import RelayProcess, StreamerProcess


@dataclass(frozen=True)
class Room:
    folder: Path
    rig: Rig
    relay: RelayProcess
    phones: Phones

    def phone(self, member: int, name: str, options: str = UNPROCESSED) -> Phone:
        """A phone that has joined, its sound on this member's wires."""
        phone = (
            self.phones.start(self.rig, member, self.relay.authority)
            .open(self.relay.link + options)
            .join(name)
        )
        self.rig.wait_attached(member)
        return phone

    @contextmanager
    def desktop(self, member: int, name: str, *options: str) -> Iterator[StreamerProcess]:
        arguments = ("talk", self.relay.link, "--ca", self.relay.authority, "--name", name, *options)
        process = StreamerProcess(self.folder / name, *arguments, environment=self.rig.environment(member))
        with process:
            self.rig.attach(process.pid, member)
            self.rig.wait_attached(member)
            yield process


@contextmanager
def open_room(folder: Path, members: int = 3) -> Iterator[Room]:
    with Rig(members) as rig, RelayProcess(folder / "relay") as relay, Phones(folder / "phones") as phones:
        yield Room(folder, rig, relay, phones)
