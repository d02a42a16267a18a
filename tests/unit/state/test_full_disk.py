"""A disk that is full, and an output that takes nothing: what was good stays good, and the host reads why."""

import asyncio
import json
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from audio_rig import wait_until
from free_port import free_port
from host import PATIENCE_S, hosting
from printed_links import PrintedLinks
from processes import STREAMER
from relay_fixture import House
from small_disk import Disk, small_disk

import streamer
from streamer.errors import SetupError
from streamer.relay import serve
from streamer.relay.access.invites import InviteStore
from streamer.relay.rooms.decisions import Decisions
from streamer.relay.tls.authority import Authority


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with small_disk(tmp_path / "disk") as disk:
        yield disk


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


async def test_a_relay_whose_terminal_goes_away_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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
    command = [
        STREAMER,
        "serve",
        "--host",
        "127.0.0.1",
        "--port",
        "0",
        "--no-tls",
        "--renew",
        "--data-dir",
        tmp_path,
    ]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 1
    assert "the previous ones stay valid" in done.stderr
    assert "Traceback" not in done.stderr
    assert kept(tmp_path) == before


async def test_what_a_host_decides_and_who_came_in_on_a_full_disk_is_kept_when_there_is_space(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "FOLLOW_S", 0.05)
    rooms = disk.state / "rooms.json"
    async with hosting(disk.state, no_tls=True, invite_uses=5) as host:
        links = PrintedLinks(host.log)
        disk.fill()
        async with (
            streamer.join(links.host, name="Ada") as ada,
            streamer.join(links.to_talk["home"], name="Ben"),
        ):
            ada.send({"type": "lock", "locked": True})
            await host.hears(
                "What the host decided about a room holds until this relay ends, and is not kept"
            )
            await host.hears("The invitations as they are now can't be kept for the next start")
            assert not rooms.exists()
            disk.free()
            async with asyncio.timeout(PATIENCE_S):
                while not rooms.exists() or kept(disk.state)["home"]["uses_left"] != 4:
                    await asyncio.sleep(0.02)
    assert Decisions.from_file(rooms).of("home").locked


def test_a_relay_whose_output_and_log_are_on_a_full_disk_serves(tmp_path: Path) -> None:
    """Neither its lines for the host nor those of its log are anybody else's."""
    port = free_port()
    command = [
        STREAMER,
        "serve",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--no-tls",
        "--data-dir",
        tmp_path,
    ]
    with Path("/dev/full").open("w") as full, subprocess.Popen(command, stdout=full, stderr=full) as process:
        try:
            wait_until(lambda: answers(port), PATIENCE_S, lambda: "it does not answer")
            assert process.poll() is None
        finally:
            process.terminate()
    assert process.returncode is not None


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
            return bool(json.load(answer)["status"] == "ok")
    except OSError:
        return False
