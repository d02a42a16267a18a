"""In the other engines that Debian has, a member joins by itself over a trusted `wss:`, hears all, and is
heard."""

from collections.abc import Iterator
from typing import Final

import pytest
from attempts import first_good
from following import Followed, code, follow
from other_browsers import firefox, webkit
from phone import UNPROCESSED
from shared_room import Room, open_room

pytestmark = [pytest.mark.sound, pytest.mark.browser]

PHONE, FOX, KIT = range(3)
NAMES: Final = {PHONE: "Phone", FOX: "Firefox", KIT: "WebKit"}
STARTS_S: Final = 60
HEARD: Final = 0.1
"""Of four seconds. Three browsers and a busy core leave one of them a quarter; of a voice that does not come,
nothing is found."""


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    folder = tmp_path_factory.mktemp("engines")
    with (
        open_room(folder, 3) as room,
        firefox(folder / "fox", room.rig, FOX, room.relay.authority, link(room, FOX)),
        webkit(folder / "kit", room.rig, KIT, room.relay.authority, link(room, KIT)),
    ):
        phone = room.phone(PHONE, NAMES[PHONE])
        for member in (FOX, KIT):
            phone.person(NAMES[member]).wait_for(timeout=STARTS_S * 1000)
            room.rig.wait_attached(member, STARTS_S)
        yield room
        assert phone.errors == []


def link(room: Room, member: int) -> str:
    return f"{room.relay.link}{UNPROCESSED}&name={NAMES[member]}&auto"


@pytest.mark.parametrize("talker", NAMES, ids=NAMES.get)
def test_in_every_engine_all_others_are_heard(room: Room, talker: int) -> None:
    first_good(lambda: Heard(heard_of(room, talker)), lambda heard: heard.by_all_but(talker))


class Heard(dict[int, Followed]):
    """What each heard of one talker."""

    def by_all_but(self, talker: int) -> bool:
        assert self[talker].coverage() == 0, "a voice came back to its talker"
        return all(each.coverage() > HEARD for listener, each in self.items() if listener != talker)

    def __str__(self) -> str:
        return "\n".join(f"by {NAMES[listener]}: {each}" for listener, each in self.items())


def heard_of(room: Room, talker: int) -> dict[int, Followed]:
    """By each, of what `talker` says for four seconds."""
    rig = room.rig
    with rig.record() as recording:
        rig.play(rig.microphone(talker), code(talker, 4)).wait()
        recording.wait_ms(1_000)
        said = recording.wire(rig.microphone(talker))
        return {listener: follow(said, recording.wire(rig.speaker(listener))) for listener in NAMES}
