"""A disk that is full, and an output that takes nothing: what was good stays good, and the host reads why."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from host import hosting
from processes import STREAMER
from relay_fixture import House

from streamer.errors import SetupError
from streamer.relay import serve
from streamer.relay.access.invites import InviteStore
from streamer.relay.tls.authority import Authority

DISK_BYTES = 131_072


class Disk:
    """A small one of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / "state"

    def fill(self) -> None:
        with (self.folder / "filler").open("ab", buffering=0) as filler:
            try:
                while True:
                    filler.write(bytes(1_024))
            except OSError:
                pass

    def free(self) -> None:
        (self.folder / "filler").unlink()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a disk of its own can't be made here")
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def kept(directory: Path) -> dict[str, dict[str, object]]:
    rooms: dict[str, dict[str, object]] = json.loads((directory / "admission.json").read_text())["rooms"]
    return rooms


async def test_a_host_who_asks_for_a_new_invite_reads_why_there_is_none_and_the_previous_one_stays_good(
    disk: Disk,
) -> None:
    admission = InviteStore.from_file(disk.state / "admission.json", ["home"])
    previous = str(admission.key("home"))
    disk.fill()
    async with House.open(admission) as house:
        host = await house.enter("home", admission.host_key)
        await host.socket.send_json({"type": "invite", "hours": 1, "uses": 0})
        refusal = await host.text("error")
        assert refusal["code"] == "not-stored"
        assert "free some space" in refusal["message"]
        await house.enter("home", previous)
        assert kept(disk.state)["home"]["key"] == previous
        disk.free()
        await host.socket.send_json({"type": "invite", "hours": 1, "uses": 0})
        key = (await host.text("invite"))["invites"][0]["key"]
        await house.enter("home", key)
        assert kept(disk.state)["home"]["key"] == key


async def test_guests_come_in_although_it_cannot_be_kept_that_they_did(disk: Disk) -> None:
    admission = InviteStore.from_file(disk.state / "admission.json", ["home"])
    key = admission.renew("home", uses=2).key
    disk.fill()
    async with House.open(admission) as house:
        await house.enter("home", key)
        await house.enter("home", key)
        assert (await house.refusal(room="home", key=key))[1] == "key-used-up"
    assert "can't be kept" in admission.troubles[0]


async def test_a_start_that_is_to_renew_changes_nothing_on_a_full_disk(disk: Disk) -> None:
    async with hosting(disk.state):
        before = kept(disk.state)
    disk.fill()
    with pytest.raises(SetupError, match="free some space"):
        async with hosting(disk.state, renew=True):
            pass
    assert kept(disk.state) == before
    async with hosting(disk.state):
        assert kept(disk.state) == before


async def test_a_first_start_on_a_full_disk_is_refused_in_words(disk: Disk) -> None:
    disk.fill()
    with pytest.raises(SetupError, match="free some space"):
        async with hosting(disk.state):
            pass


async def test_a_new_address_gets_its_certificate_although_it_cannot_be_kept(disk: Disk) -> None:
    authority = Authority(disk.state)
    authority.leaf(["localhost"], ["127.0.0.1"])
    disk.fill()
    leaf = authority.leaf(["localhost"], ["127.0.0.1", "10.1.2.3"])
    assert leaf.server_context()
    assert authority.leaf(["localhost"], ["127.0.0.1", "10.1.2.3"]) == leaf
    assert "free some space" in str(authority.notes[0])


async def test_new_invites_that_cannot_be_shown_do_not_come_into_force(tmp_path: Path) -> None:
    async with hosting(tmp_path):
        before = kept(tmp_path)

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(SetupError, match="the previous ones stay valid"):
        async with hosting(tmp_path, say=refuse, renew=True):
            pass
    assert kept(tmp_path) == before
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix == ".new") == []


async def test_new_invites_come_into_force_when_they_are_shown(tmp_path: Path) -> None:
    async with hosting(tmp_path):
        before = kept(tmp_path)["home"]["key"]
    async with hosting(tmp_path, renew=True) as host:
        now = str(kept(tmp_path)["home"]["key"])
        assert now != before
        assert now in host.log


async def test_a_port_in_use_leaves_the_invites_as_they_were(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host:
        before = kept(tmp_path)
        with pytest.raises(SetupError, match="is in use"):
            async with hosting(tmp_path, renew=True, port=host.port):
                pass
        assert kept(tmp_path) == before


async def test_a_relay_whose_terminal_goes_away_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "FOLLOW_S", 0.01)
    gone: list[str] = []

    def say(host: object, words: str) -> None:
        host.say(words)  # type: ignore[attr-defined]
        if gone:
            gone.append(words)
            raise BrokenPipeError

    async with hosting(tmp_path, say=say) as host:
        gone.append("from now on")
        (tmp_path / "ca.pem").unlink()
        await host.hears("ca.pem is missing")
        (tmp_path / "admission.json").unlink()
        await host.hears("admission.json is missing")


def test_serve_into_a_full_output_leaves_the_invites_and_says_why(tmp_path: Path) -> None:
    InviteStore.from_file(tmp_path / "admission.json", ["home"])
    before = kept(tmp_path)
    command = [STREAMER, "serve", "--host", "127.0.0.1", "--port", "0", "--no-tls", "--renew", "--data-dir", tmp_path]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 1
    assert "the previous ones stay valid" in done.stderr
    assert "Traceback" not in done.stderr
    assert kept(tmp_path) == before
