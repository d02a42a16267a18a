"""Names and addresses from outside: what a computer is called, what `--host` is given, which networks it is
in."""

import asyncio
import errno
import os
import re
import socket
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import ifaddr
import pytest
from audio_rig import wait_until
from computer import Computer, RelayThere
from host import PATIENCE_S, hosting

from streamer.errors import SetupError
from streamer.relay import background, serve
from streamer.relay.banner import best_there_is
from streamer.relay.network import addresses, mdns
from streamer.relay.network.addresses import (
    LanAddress,
    in_url,
    judge,
    lan_addresses,
    mdns_name,
    usable_addresses,
)
from streamer.relay.network.mdns import Announcement, AnnouncementError
from streamer.relay.network.places import place
from streamer.relay.screen.qr_code import CodeStyle, code_style, qr_code
from streamer.relay.tls.authority import Authority

ODD_NAMES = {
    "a" * 52: f"{'a' * 52}.local",
    "b" * 200: f"{'b' * 63}.local",
    "BÜRO-PC": "buro-pc.local",
    "Ben's Mac_Book Pro": "ben-s-mac-book-pro.local",
    "kitchen.example.org": "kitchen.local",
    "-x-": "x.local",
    "": None,
    "localhost": None,
    "LOCALHOST.localdomain": None,
    "...": None,
    "電脳": None,
    "x\udcff": "x.local",
    "a\x00b\n": "a-b.local",
}
TOO_MANY_FILES = OSError(errno.EMFILE, "Too many open files")


@pytest.fixture
def named(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr("platform.node", lambda: request.param)
    return str(request.param)


@pytest.mark.parametrize("named", ODD_NAMES, indirect=True)
async def test_a_computer_of_any_name_gets_a_name_under_local_that_can_be_announced(
    named: str, tmp_path: Path
) -> None:
    name = mdns_name()
    assert name == ODD_NAMES[named]
    authority = Authority(tmp_path)
    assert authority.leaf(addresses.local_names(), ["127.0.0.1"]).server_context()
    if name:
        announcement = Announcement(name, 8443)
        await announcement.tell(["127.0.0.1"])
        await announcement.close()


@pytest.mark.parametrize("name", [f"{'x' * 64}.local", "büro.local", "a_b", ""])
async def test_whatever_the_library_raises_is_one_line(name: str) -> None:
    announcement = Announcement(name, 8443)
    with suppress(AnnouncementError):  # and nothing else
        await announcement.tell(["127.0.0.1"])
    await announcement.close()


async def test_without_mdns_the_relay_goes_on_also_when_its_address_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken:
        def __init__(self, *_: object, **__: object) -> None:
            raise RuntimeError("no multicast\nhere")

    now = ["127.0.0.1"]
    monkeypatch.setattr(mdns, "AsyncZeroconf", Broken)
    monkeypatch.setattr("platform.node", lambda: "kitchen")
    monkeypatch.setattr("streamer.relay.network.places.usable_addresses", lambda **_: list(now))
    monkeypatch.setattr(serve, "FOLLOW_S", 0.01)
    async with hosting(tmp_path, host=None, mdns=True) as host:
        await host.hears("kitchen.local can't be announced on this network by mDNS: no multicast here")
        now[:] = ["127.0.0.1", "127.0.0.2"]
        await host.hears("have changed")
        now[:] = ["127.0.0.2"]
        await host.hears("http://127.0.0.2:")


async def test_out_of_files_the_watch_of_addresses_waits_and_recovers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    state: dict[str, OSError | None] = {"error": None}

    def look(**_: object) -> list[str]:
        if state["error"]:
            raise state["error"]
        return ["127.0.0.1", "127.0.0.3"] if state.get("moved") else ["127.0.0.1"]

    monkeypatch.setattr("streamer.relay.network.places.usable_addresses", look)
    monkeypatch.setattr(serve, "FOLLOW_S", 0.01)
    monkeypatch.setattr(background, "_told", {})
    async with hosting(tmp_path, host=None) as host:
        state["error"] = TOO_MANY_FILES
        async with asyncio.timeout(60):
            while "the watch of addresses" not in caplog.text:
                await asyncio.sleep(0.01)
        state["error"], state["moved"] = None, TOO_MANY_FILES
        await host.hears("have changed")
    assert caplog.text.count("the watch of addresses and certificate failed and goes on") == 1


async def test_a_system_that_does_not_tell_its_addresses_at_the_start_is_served_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(ifaddr, "get_adapters", refuse)
    async with hosting(tmp_path, host=None):
        pass


def ask(url: str, authority: Path) -> str:
    context = ssl.create_default_context(cafile=str(authority))
    return str(urllib.request.urlopen(f"{url}/healthz", timeout=20, context=context).read())


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("localhost", "localhost"),
        ("LOCALHOST", "localhost"),
        ("localhost.", "localhost"),
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "[::1]"),
        ("[::1]", "[::1]"),
        ("0:0::1", "[::1]"),
    ],
)
async def test_a_host_is_listened_on_and_its_link_works(tmp_path: Path, host: str, shown: str) -> None:
    async with hosting(tmp_path, host=host) as relay:
        for scheme in ("http", "https"):
            assert f"{scheme}://{shown}:{relay.port}/#room=home" in relay.log
        assert "No certificate covers" not in relay.log
        assert "ok" in await asyncio.to_thread(ask, f"https://{shown}:{relay.port}", tmp_path / "ca.pem")


@pytest.mark.parametrize("host", ["*", "::", "[::]", "0.0.0.0"])
async def test_everywhere_is_listened_on(tmp_path: Path, host: str) -> None:
    async with hosting(tmp_path, host=host) as relay:
        assert "Addresses of this computer" in relay.log
        assert "ok" in await asyncio.to_thread(ask, f"https://127.0.0.1:{relay.port}", tmp_path / "ca.pem")
        if "::" in host:
            assert "ok" in await asyncio.to_thread(ask, f"https://[::1]:{relay.port}", tmp_path / "ca.pem")


@pytest.mark.parametrize(
    "host",
    [
        "no-such-host.invalid",
        "a" * 300,
        "x..y",
        "1.2.3.4.5",
        "http://127.0.0.1",
        "127.0.0.1:80",
        "fe80::1%lo",
    ],
)
def test_a_host_that_is_none_is_refused_in_one_sentence(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(name: str, *_: object, **__: object) -> None:
        name.encode("idna")
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(SetupError, match="--host"):
        place(host, no_tls=False)


async def test_an_address_that_is_not_this_machine_s_is_refused_in_words(tmp_path: Path) -> None:
    for host in ("198.51.100.7", "2001:db8::7"):
        with pytest.raises(SetupError, match=f"can't listen on {host}"):
            async with hosting(tmp_path, host=host):
                pass


async def test_a_link_that_no_certificate_covers_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streamer.relay.network.places.usable_addresses", lambda **_: ["203.0.113.9"])
    async with hosting(tmp_path, host=None) as relay:
        await relay.hears("No certificate covers 203.0.113.9")
        assert "--cert" in relay.log


async def test_an_address_of_a_vpn_is_covered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamer.relay.network.places.usable_addresses", lambda **_: ["100.64.0.3"])
    async with hosting(tmp_path, host=None) as relay:
        assert "https://100.64.0.3:" in relay.log
        assert "No certificate covers" not in relay.log


def test_ipv6_is_in_brackets_and_nothing_else_is() -> None:
    assert [in_url(host) for host in ("fd00::1", "10.0.0.1", "kitchen.local")] == [
        "[fd00::1]",
        "10.0.0.1",
        "kitchen.local",
    ]


def found(*pairs: tuple[str, str], default: str | None = None) -> list[LanAddress]:
    return [judge(address, adapter, default) for address, adapter in pairs]


@pytest.mark.parametrize(
    ("pairs", "with_ipv6", "best"),
    [
        ([("127.0.0.1", "lo"), ("100.64.0.3", "tailscale0")], False, "100.64.0.3"),
        ([("127.0.0.1", "lo"), ("fd00::7", "eth9")], True, "fd00::7"),
        ([("127.0.0.1", "lo"), ("2001:db8::7", "eth9"), ("10.8.0.2", "tun0")], True, "2001:db8::7"),
        ([("127.0.0.1", "lo"), ("2001:db8::7", "eth9"), ("10.8.0.2", "tun0")], False, "10.8.0.2"),
        ([("127.0.0.1", "lo"), ("172.17.0.1", "docker0"), ("169.254.3.3", "eth9")], False, "169.254.3.3"),
        ([("127.0.0.1", "lo"), ("172.17.0.1", "docker0")], False, "172.17.0.1"),
        ([("127.0.0.1", "lo"), ("203.0.113.9", "eth9"), ("100.64.0.3", "tailscale0")], False, "203.0.113.9"),
        ([("127.0.0.1", "lo")], False, "127.0.0.1"),
        ([], False, "127.0.0.1"),
    ],
)
def test_the_best_address_there_is_comes_first_and_never_loopback_before_it(
    pairs: list[tuple[str, str]], with_ipv6: bool, best: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        addresses, "_all_addresses", lambda: iter([(adapter, address) for address, adapter in pairs])
    )
    monkeypatch.setattr(addresses, "default_address", lambda: None)
    assert usable_addresses(with_ipv6=with_ipv6)[0] == best


def test_the_host_reads_that_the_best_address_is_no_good_one() -> None:
    assert list(best_there_is(found(("10.0.0.7", "eth9")), "10.0.0.7")) == []
    (words,) = best_there_is(found(("100.64.0.3", "tailscale0")), "100.64.0.3")
    assert "100.64.0.3 (a VPN)" in words
    assert list(best_there_is([], "127.0.0.1")) != []


class Unhurried(RelayThere):
    """How long its end takes is not asked here: the machine may be busy."""

    def __exit__(self, *_: object) -> None:
        self.interrupt()

    def wait_ready(self) -> None:
        wait_until(self._announced, PATIENCE_S, self.complaint)


class Shell(Computer):
    """A network namespace whose adapters are made by hand."""

    def ip(self, *arguments: str) -> None:
        self.run("ip", *arguments)

    def judged(self) -> dict[str, tuple[bool, str]]:
        """What streamer finds there: by address, whether phones may use it, and why."""
        look = "from streamer.relay.network.addresses import lan_addresses as f\n"
        look += "for a in f(): print(a.address, a.is_usable, a.reason)"
        lines = self.run(sys.executable, "-c", look).splitlines()
        return {
            line.split(" ", 2)[0]: (line.split(" ", 2)[1] == "True", line.split(" ", 2)[2]) for line in lines
        }


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    if os.geteuid() != 0:
        pytest.skip("only root can make a network namespace")
    name = f"streamer-places-{os.getpid()}"
    if subprocess.run(["ip", "netns", "add", name], capture_output=True).returncode:
        pytest.skip("there are no network namespaces here")
    try:
        shell = Shell(name, tmp_path)
        shell.ip("link", "set", "lo", "up")
        yield shell
    finally:
        subprocess.run(["ip", "netns", "del", name], check=True)


def add(shell: Shell, adapter: str, address: str, *kind: str) -> None:
    try:
        shell.ip("link", "add", adapter, "type", *kind)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no {kind[0]} here: {error.stderr}")
    give(shell, adapter, address)


def give(shell: Shell, adapter: str, address: str) -> None:
    shell.ip("addr", "add", address, "dev", adapter, *(["nodad"] if ":" in address else []))
    shell.ip("link", "set", adapter, "up")


def test_adapters_are_judged_by_what_they_are_and_not_by_their_names(shell: Shell) -> None:
    add(shell, "lan0", "10.1.1.1/24", "bridge")  # an empty bridge with the name of a network
    # A cable with the name of a tunnel.
    add(shell, "tun7", "10.1.2.1/24", "veth", "peer", "name", "tun7-peer")
    add(shell, "br-home", "10.1.3.1/24", "bridge")  # a bridge over a card, with the name of a container's
    shell.ip("link", "add", "card", "type", "veth", "peer", "name", "card-peer")
    shell.ip("link", "set", "card", "master", "br-home")
    judged = shell.judged()
    assert judged["10.1.1.1"] == (False, "a network of containers or virtual machines")
    assert judged["10.1.2.1"] == (True, "another network")
    assert judged["10.1.3.1"] == (True, "another network")


def test_a_bridge_to_containers_alone_is_one_of_containers_whatever_it_is_called(shell: Shell) -> None:
    add(shell, "office", "10.1.4.1/24", "bridge")
    inside = f"{shell.streamer.parent.name[:8]}-{os.getpid()}"
    subprocess.run(["ip", "netns", "add", inside], check=True)
    try:
        shell.ip("link", "add", "cable", "type", "veth", "peer", "name", "eth0", "netns", inside)
        shell.ip("link", "set", "cable", "master", "office")
        assert shell.judged()["10.1.4.1"] == (False, "a network of containers or virtual machines")
    finally:
        subprocess.run(["ip", "netns", "del", inside], check=True)


def test_a_tunnel_is_one_whatever_it_is_called(shell: Shell) -> None:
    try:
        shell.ip("tuntap", "add", "dev", "wifi0", "mode", "tun")
    except subprocess.CalledProcessError:
        pytest.skip("no tunnels here")
    give(shell, "wifi0", "10.1.5.1/24")
    assert shell.judged()["10.1.5.1"] == (False, "a VPN")


@pytest.mark.parametrize(
    ("address", "shown"), [("100.64.0.3/10", "100.64.0.3"), ("fd00:7::3/64", "[fd00:7::3]")]
)
def test_with_only_a_vpn_or_only_ipv6_the_code_says_that_address_and_it_works(
    tmp_path: Path, shell: Shell, address: str, shown: str
) -> None:
    try:
        shell.ip("tuntap", "add", "dev", "tailscale0", "mode", "tun") if "." in address else add(
            shell, "net0", address, "veth", "peer", "name", "net0-peer"
        )
    except subprocess.CalledProcessError:
        pytest.skip("no tunnels here")
    if "." in address:
        give(shell, "tailscale0", address)
    else:
        shell.ip("link", "set", "net0-peer", "up")
    with Unhurried(tmp_path / "relay", shell) as relay:
        assert f"http://{shown}:8443/#room=home" in relay.log
        assert ("best address is 100.64.0.3 (a VPN)" in relay.log) == ("." in address)
        look = (
            "import ssl, sys, urllib.request as u; c = ssl.create_default_context(cafile=sys.argv[2]); "
            "print(u.urlopen(sys.argv[1], context=c, timeout=20).read().decode())"
        )
        assert "ok" in shell.run(
            sys.executable, "-c", look, f"https://{shown}:8443/healthz", str(relay.authority)
        )


@pytest.mark.parametrize(
    ("encoding", "is_terminal", "style"),
    [
        ("utf-8", True, CodeStyle.BLOCKS),
        ("utf-8", False, CodeStyle.BLOCKS),
        ("cp437", True, CodeStyle.BLOCKS),
        ("cp1252", False, CodeStyle.NONE),
        ("ascii", True, CodeStyle.COLOURS),
        (None, False, CodeStyle.NONE),
        ("no-such", False, CodeStyle.NONE),
    ],
)
def test_a_code_is_drawn_with_what_the_output_can_show(
    encoding: str | None, is_terminal: bool, style: CodeStyle
) -> None:
    assert code_style(encoding, is_terminal=is_terminal) is style
    drawn = qr_code("http://10.0.0.1/#room=home", style)
    if style is not CodeStyle.BLOCKS:
        assert re.fullmatch(r"[\x00-\x7f]+", drawn)


def test_this_machine_s_own_addresses_are_all_judged() -> None:
    assert all(each.reason for each in lan_addresses())
