"""Every file in the state directory, damaged in every way: the relay serves, or says the remedy in one
sentence."""

import asyncio
import json
import os
import pwd
import shutil
import ssl
import subprocess
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from host import hosting
from processes import STREAMER

from streamer.errors import SetupError
from streamer.relay import serve
from streamer.relay.access.invites import InviteStore
from streamer.relay.access.tokens import TokenStore
from streamer.relay.hooks.hooks_file import HooksFile
from streamer.relay.rooms.decisions import Decided, Decisions
from streamer.relay.tls.authority import Authority

CERTIFICATES = ("ca.pem", "ca-key.pem", "leaf.pem", "leaf-key.pem")
FILES = (*CERTIFICATES, "admission.json", "rooms.json", "tokens.json", "hooks.json")
REMEDIES = ("remove", "move it away", "Restore", "give it to this user", "free some space")

Damage = Callable[[Path, Path], None]


def first_start(directory: Path) -> None:
    Authority(directory).leaf(["localhost"], ["127.0.0.1", "::1", "127.0.0.1"])
    InviteStore.from_file(directory / "admission.json", ["home"])
    Decisions(directory / "rooms.json").keep("home", locked=True, one_at_a_time=False)
    TokenStore(directory / "tokens.json").create("door", frozenset({"read"}), "", 0)
    HooksFile(directory / "hooks.json").add("https://example.org/hook", ["joined"], None, any_address=False)


def missing(path: Path, other: Path) -> None:
    path.unlink()


def empty(path: Path, other: Path) -> None:
    path.write_bytes(b"")


def half_written(path: Path, other: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def garbage(path: Path, other: Path) -> None:
    path.write_bytes(os.urandom(500))


def zeros(path: Path, other: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def deeply_nested(path: Path, other: Path) -> None:
    path.write_text("[" * 100_000)


def of_another_start(path: Path, other: Path) -> None:
    shutil.copy(other / path.name, path)


def of_another_kind(path: Path, other: Path) -> None:
    kinds = {
        "ca.pem": "leaf.pem",
        "leaf.pem": "ca.pem",
        "ca-key.pem": "leaf-key.pem",
        "leaf-key.pem": "ca-key.pem",
    }
    shutil.copy(path.with_name(kinds.get(path.name, "ca.pem")), path)


def a_directory(path: Path, other: Path) -> None:
    path.unlink()
    (path / "in it").mkdir(parents=True)


def a_link_loop(path: Path, other: Path) -> None:
    path.unlink()
    path.symlink_to(path)


def a_link_to_nothing(path: Path, other: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


def a_pipe(path: Path, other: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def without_end(path: Path, other: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


def larger_than_memory(path: Path, other: Path) -> None:
    os.truncate(path, 2**40)


def of_another_shape(path: Path, other: Path) -> None:
    path.write_text('{"home": [1], "tokens": [null], "hooks": {"a": 7}, "rooms": "none"}')


def a_number_without_end(path: Path, other: Path) -> None:
    path.write_text('{"home": ' + 10_000 * "9" + "}")


DAMAGES = (
    missing,
    empty,
    half_written,
    garbage,
    zeros,
    deeply_nested,
    of_another_start,
    of_another_kind,
    a_directory,
    a_link_loop,
    a_link_to_nothing,
    a_pipe,
    without_end,
    larger_than_memory,
    of_another_shape,
    a_number_without_end,
)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    first_start(tmp_path / "state")
    return tmp_path / "state"


@pytest.fixture
def other(tmp_path: Path) -> Path:
    first_start(tmp_path / "other")
    return tmp_path / "other"


async def serves_or_says_the_remedy(directory: Path) -> bool:
    """True if it serves."""
    try:
        async with hosting(directory):
            return True
    except SetupError as error:
        words = str(error)
    assert "\n" not in words
    assert any(remedy in words for remedy in REMEDIES), words
    return False


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", FILES)
async def test_a_start_with_a_damaged_file_serves_or_says_the_remedy(
    directory: Path, other: Path, name: str, damage: Damage
) -> None:
    damage(directory / name, other)
    serves = await serves_or_says_the_remedy(directory)
    assert serves or not name.startswith("leaf"), "a leaf can always be made again"


@pytest.mark.parametrize("names", [("ca.pem", "ca-key.pem"), ("leaf.pem", "leaf-key.pem"), FILES])
@pytest.mark.parametrize("damage", [missing, empty, of_another_start])
async def test_a_start_where_files_that_go_together_are_gone_or_another_s_serves(
    directory: Path, other: Path, names: tuple[str, ...], damage: Damage
) -> None:
    for name in names:
        damage(directory / name, other)
    if damage is empty and "admission.json" in names:
        (directory / "admission.json").unlink()
        (directory / "hooks.json").unlink()
    assert await serves_or_says_the_remedy(directory)


async def test_the_remedy_that_is_said_is_one(directory: Path) -> None:
    (directory / "ca.pem").write_text("gone")
    (directory / "leaf.pem").unlink()
    assert not await serves_or_says_the_remedy(directory)
    for name in ("ca.pem", "ca-key.pem"):
        (directory / name).unlink()
    assert await serves_or_says_the_remedy(directory)


async def test_a_new_authority_is_told_to_the_host(directory: Path) -> None:
    for name in ("ca.pem", "ca-key.pem"):
        (directory / name).unlink()
    async with hosting(directory) as host:
        assert "Devices that trusted the previous one must install the new one" in host.log


async def test_an_authority_without_its_key_serves_on_and_says_so(directory: Path) -> None:
    (directory / "ca-key.pem").unlink()
    async with hosting(directory) as host:
        assert "ca-key.pem is missing" in host.log


def test_a_key_of_another_kind_is_refused_in_words(directory: Path) -> None:
    key = rsa.generate_private_key(65537, 2048)
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    locked = key.private_bytes(pem, pkcs8, serialization.BestAvailableEncryption(b"secret"))
    for content, words in (
        (key.private_bytes(pem, pkcs8, serialization.NoEncryption()), "not an elliptic-curve key"),
        (locked, "has a password"),
    ):
        (directory / "ca-key.pem").write_bytes(content)
        authority = Authority(directory)
        with pytest.raises(SetupError, match=words):
            authority.leaf(["localhost"], ["10.1.1.1"])


RUNNING = ("ca.pem", "ca-key.pem", "admission.json")


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        *((name, missing) for name in RUNNING),  # tokens that are gone were revoked
        *(
            (name, damage)
            for name in (*RUNNING, "tokens.json")
            for damage in (empty, garbage, a_directory, a_link_loop, a_pipe, without_end, larger_than_memory)
        ),
    ],
)
async def test_a_running_relay_goes_on_with_what_it_has_and_says_so(
    directory: Path, other: Path, name: str, damage: Damage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "FOLLOW_S", 0.01)
    async with hosting(directory) as host:
        damage(directory / name, other)
        await host.hears("This relay continues with")
        said = [line for line in host.lines if "This relay continues with" in line]
        assert len(said) == 1
        assert str(directory / name) in said[0]


async def test_a_running_relay_whose_authority_was_replaced_serves_one_that_fits_its_certificate(
    directory: Path, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "FOLLOW_S", 0.01)
    async with hosting(directory) as host:
        for name in CERTIFICATES:
            of_another_start(directory / name, other)
        await host.hears("ca.pem has been changed")
        port = host.port

        def ask() -> str:
            ca = urllib.request.urlopen(f"http://127.0.0.1:{port}/ca.pem", timeout=10).read().decode()
            context = ssl.create_default_context(cadata=ca)
            return str(
                urllib.request.urlopen(
                    f"https://127.0.0.1:{port}/healthz", timeout=10, context=context
                ).read()
            )

        assert "ok" in await asyncio.to_thread(ask)


@pytest.mark.parametrize("damage", [a_directory, a_link_loop, a_pipe, without_end])
async def test_a_room_that_the_host_locked_is_never_opened_by_a_file_that_can_not_be_read(
    directory: Path, other: Path, damage: Damage
) -> None:
    damage(directory / "rooms.json", other)
    with pytest.raises(SetupError, match=r"rooms\.json can't be read"):
        async with hosting(directory):
            pass


def test_two_relays_with_one_directory_keep_what_each_other_s_hosts_decided(directory: Path) -> None:
    path = directory / "rooms.json"
    one, two = Decisions.from_file(path), Decisions.from_file(path)
    one.keep("garden", locked=True, one_at_a_time=False)
    two.keep("attic", locked=False, one_at_a_time=True)
    one.keep("home", locked=False, one_at_a_time=False)
    again = Decisions.from_file(path)
    assert (again.of("garden").locked, again.of("attic").one_at_a_time) == (True, True)
    assert again.of("home") == Decided()


def test_what_could_not_be_kept_is_with_the_next_decision(directory: Path) -> None:
    path = directory / "rooms.json"
    decisions = Decisions.from_file(path)
    os.rename(directory, directory.with_name("away"))
    directory.touch()
    decisions.keep("garden", locked=True, one_at_a_time=False)
    directory.unlink()
    os.rename(directory.with_name("away"), directory)
    decisions.keep("attic", locked=True, one_at_a_time=False)
    again = Decisions.from_file(path)
    assert [again.of(room).locked for room in ("home", "garden", "attic")] == [True, True, True]


def test_fields_of_a_newer_version_are_kept(directory: Path) -> None:
    path = directory / "admission.json"
    kept = json.loads(path.read_text())
    kept |= {"version": 7, "more": [1]}
    kept["rooms"]["home"] |= {"role": "listen"}
    path.write_text(json.dumps(kept))
    InviteStore.from_file(path, ["home", "garden"])
    again = json.loads(path.read_text())
    assert (again["version"], again["more"], again["rooms"]["home"]["role"]) == (7, [1], "listen")
    assert set(again["rooms"]) == {"home", "garden"}


@pytest.mark.parametrize(
    "change",
    [
        {"key": 5},
        {"key": "a b"},
        {"key": None},
        {"ends": "soon"},
        {"ends": float("nan")},
        {"ends": True},
        {"uses_left": -1},
        {"uses_left": 1.5},
        {"lasts_s": []},
    ],
)
def test_an_invite_of_the_wrong_kind_is_refused_in_words(directory: Path, change: dict[str, object]) -> None:
    path = directory / "admission.json"
    kept = json.loads(path.read_text())
    kept["rooms"]["home"] |= change
    path.write_text(json.dumps(kept))
    with pytest.raises(SetupError, match="remove it to make new invites"):
        InviteStore.from_file(path, ["home"])


def test_two_relays_with_one_directory_keep_each_other_s_rooms(directory: Path) -> None:
    path = directory / "admission.json"
    one = InviteStore.from_file(path, ["home"])
    two = InviteStore.from_file(path, ["home", "garden"])
    renewed = one.renew("home", uses=5)
    again = InviteStore.from_file(path, [])
    assert (again.key("home"), again.key("garden")) == (renewed.key, two.key("garden"))


@pytest.fixture
def nobody(tmp_path: Path) -> int:
    """A user without rights, who can come to `tmp_path`; root ignores the modes of files."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("only root can be another user")
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    user = pwd.getpwnam("nobody").pw_uid
    if subprocess.run(as_user(user, STREAMER, "--version"), capture_output=True).returncode:
        pytest.skip("another user can't run this checkout")
    return user


def as_user(user: int, *command: str | Path) -> list[str]:
    return ["setpriv", f"--reuid={user}", "--clear-groups", *map(str, command)]


@pytest.mark.parametrize("name", ["ca.pem", "admission.json", "rooms.json", ""])
def test_what_this_user_may_not_read_is_said_in_words(directory: Path, nobody: int, name: str) -> None:
    command = [STREAMER, "serve", "--host", "127.0.0.1", "--port", "0", "--data-dir", directory]
    directory.chmod(0o700 if not name else 0o755)
    if name:
        for path in directory.iterdir():
            path.chmod(0o644)
        (directory / name).chmod(0o600)
    done = subprocess.run(as_user(nobody, *command), capture_output=True, text=True, timeout=60)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert "Permission denied; give it to this user" in done.stderr


async def test_a_directory_that_can_be_read_only_serves_if_nothing_is_missing(directory: Path) -> None:
    if subprocess.run(["chattr", "+i", directory], capture_output=True).returncode:
        pytest.skip("files can't be made immutable here")
    try:
        async with hosting(directory):
            pass
        subprocess.run(["chattr", "-i", directory], check=True)
        (directory / "ca.pem").unlink()
        subprocess.run(["chattr", "+i", directory], check=True)
        with pytest.raises(SetupError, match="choose another directory with --data-dir"):
            async with hosting(directory):
                pass
    finally:
        subprocess.run(["chattr", "-i", directory], check=True)
