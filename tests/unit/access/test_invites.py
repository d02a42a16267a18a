import json
import stat
from pathlib import Path

import pytest

from streamer.errors import RefusedError, SetupError
from streamer.relay.access.invites import Invite, InviteStore, Right

NOW = 1_000_000.0


def admission(**invites: Invite) -> InviteStore:
    return InviteStore(dict(invites), "h0st", clock=lambda: NOW)


def refusal(admission: InviteStore, room: str, key: str | None) -> tuple[int, str]:
    with pytest.raises(RefusedError) as caught:
        admission.admit(room, key)
    return caught.value.status, caught.value.code


def test_the_invite_opens_its_own_room_only() -> None:
    doors = admission(home=Invite("k1"), garden=Invite("k2"))
    assert doors.admit("home", "k1") is Right.GUEST
    assert refusal(doors, "home", "k2") == (403, "key-wrong")
    assert refusal(doors, "home", "") == (401, "key-required")
    assert refusal(doors, "cellar", "k1") == (404, "no-room")


def test_an_invite_opens_nothing_from_its_end_on() -> None:
    admission(home=Invite("k1", ends=NOW + 1)).admit("home", "k1")
    assert refusal(admission(home=Invite("k1", ends=NOW)), "home", "k1") == (403, "key-expired")


def test_an_end_that_no_calendar_has_is_told_as_a_number_that_every_client_can_read() -> None:
    doors = admission(home=Invite("key", ends=3e300))
    assert {invite["ends_s"] for invite in doors.invites("home", Right.HOST)} == {2**53 - 1}


def test_an_invite_for_two_lets_two_in() -> None:
    doors = admission(home=Invite("k1", uses_left=2))
    for _ in range(2):
        doors.entered("home", doors.admit("home", "k1"))
    assert refusal(doors, "home", "k1") == (403, "key-used-up")


def test_somebody_who_asks_and_does_not_enter_uses_up_nothing() -> None:
    doors = admission(home=Invite("k1", uses_left=1))
    doors.admit("home", "k1")
    assert doors.admit("home", "k1") is Right.GUEST


def test_a_renewed_invite_opens_and_the_one_before_does_not() -> None:
    doors = admission(home=Invite("k1"))
    renewed = doors.renew("home")
    assert doors.admit("home", renewed.key) is Right.GUEST
    assert refusal(doors, "home", "k1") == (403, "key-wrong")


def test_the_host_s_key_gives_the_host_s_right_in_every_room_and_uses_up_nothing() -> None:
    doors = admission(home=Invite("k1", uses_left=1))
    doors.entered("home", doors.admit("home", "h0st"))
    assert doors.admit("home", "k1") is Right.GUEST
    assert doors.admit("home", "h0st") is Right.HOST


def test_the_host_makes_a_room_by_entering_it() -> None:
    doors = admission()
    assert refusal(doors, "attic", "k1") == (404, "no-room")
    doors.entered("attic", doors.admit("attic", "h0st"))
    assert doors.admit("attic", doors.key("attic")) is Right.GUEST


def test_an_open_relay_has_every_room_with_a_proper_name_and_yet_a_host() -> None:
    doors = InviteStore({}, "h0st", is_open=True)
    assert doors.admit("anything-goes", None) is Right.GUEST
    assert doors.admit("anything-goes", "h0st") is Right.HOST
    assert refusal(doors, "any/thing", None) == (400, "bad-room")


def test_the_echo_room_asks_for_nothing() -> None:
    assert admission().admit("echo", None) is Right.GUEST


def test_invites_outlive_the_relay_and_are_the_owner_s_alone(tmp_path: Path) -> None:
    path = tmp_path / "streamer/admission.json"
    first = InviteStore.from_file(path, ["home", "garden"])
    again = InviteStore.from_file(path, ["home"])
    assert (first.key("home"), first.host_key) == (again.key("home"), again.host_key)
    assert first.key("home") != first.key("garden")
    assert InviteStore.from_file(path, ["garden"]).key("garden") == first.key("garden")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_end_and_what_was_used_outlive_the_relay(tmp_path: Path) -> None:
    path = tmp_path / "admission.json"
    first = InviteStore.from_file(path, ["home"])
    key = first.renew("home", ends=9e9, uses=2).key
    first.entered("home", first.admit("home", key))
    kept = json.loads(path.read_text())["rooms"]["home"]
    assert kept == {"key": key, "ends": 9e9, "uses_left": 1}
    again = InviteStore.from_file(path, ["home"])
    again.entered("home", again.admit("home", key))
    assert refusal(again, "home", key) == (403, "key-used-up")


@pytest.mark.parametrize("text", ["{", "[]", '{"rooms": {}}'])
def test_invites_that_cannot_be_read_are_not_overwritten(tmp_path: Path, text: str) -> None:
    path = tmp_path / "admission.json"
    path.write_text(text)
    with pytest.raises(SetupError, match="remove it to make new invites"):
        InviteStore.from_file(path, ["home"])
    assert path.read_text() == text
