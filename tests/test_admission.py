import stat
from pathlib import Path

import pytest

from streamer.errors import RefusedError, SetupError
from streamer.relay.admission import Admission


def refusal(admission: Admission, room: str, key: str | None) -> tuple[int, str]:
    with pytest.raises(RefusedError) as caught:
        admission.admit(room, key)
    return caught.value.status, caught.value.code


def test_the_invite_opens_its_own_room_only() -> None:
    admission = Admission({"home": "k1", "garden": "k2"})
    admission.admit("home", "k1")
    assert refusal(admission, "home", "k2") == (403, "key-wrong")
    assert refusal(admission, "home", "") == (401, "key-required")
    assert refusal(admission, "cellar", "k1") == (404, "no-room")


def test_an_open_relay_has_every_room_with_a_proper_name() -> None:
    admission = Admission.open_to_all()
    admission.admit("anything-goes", None)
    assert refusal(admission, "any/thing", None) == (400, "bad-room")


def test_the_echo_room_asks_for_nothing() -> None:
    Admission({}).admit("echo", None)


def test_invites_outlive_the_relay_and_are_the_owner_s_alone(tmp_path: Path) -> None:
    path = tmp_path / "streamer/invites.json"
    first = Admission.from_file(path, ["home", "garden"])
    again = Admission.from_file(path, ["home"])
    assert first.key("home") == again.key("home") != first.key("garden")
    assert Admission.from_file(path, ["garden"]).key("garden") == first.key("garden")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_invites_that_cannot_be_read_are_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "invites.json"
    path.write_text("{")
    with pytest.raises(SetupError, match="remove it to make new invites"):
        Admission.from_file(path, ["home"])
    assert path.read_text() == "{"
