"""What `streamer serve` says of a computer's addresses: one recommended is reached, each other has a
reason."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from computer import PORT, Computer, RelayThere, a_computer

HOME, OFFICE = "192.168.7.20", "10.33.0.20"


@pytest.fixture
def computer(tmp_path: Path) -> Iterator[Computer]:
    with a_computer(tmp_path) as computer:
        yield computer


def judged(log: str) -> dict[str, tuple[str, str]]:
    """The mark and the reason of each address."""
    rows = re.findall(r"^  ([→✗ ]) (\d\S+) +\S+: (.*)$", log, re.MULTILINE)
    return {address: (mark, reason) for mark, address, reason in rows}


def one_network(computer: Computer) -> None:
    computer.add_network("wifi0", HOME)


def two_networks(computer: Computer) -> None:
    computer.add_address("eth0", OFFICE)
    computer.add_network("wifi0", HOME)


def a_vpn_that_takes_all(computer: Computer) -> None:
    computer.add_network("wifi0", HOME)
    computer.add_vpn("office", OFFICE)


def containers(computer: Computer) -> None:
    computer.add_network("wifi0", HOME)
    computer.add_address("cage0", "172.17.0.1", "type", "bridge")


def no_router(computer: Computer) -> None:
    computer.add_address("eth0", "169.254.7.7")
    computer.add_network("wifi0", HOME)


@pytest.mark.parametrize(
    ("networks", "others"),
    [
        (one_network, {}),
        (two_networks, {OFFICE: (" ", "another network")}),
        (a_vpn_that_takes_all, {OFFICE: ("✗", "a VPN")}),
        (containers, {"172.17.0.1": ("✗", "a network of containers or virtual machines")}),
        (no_router, {"169.254.7.7": ("✗", "no router gave it an address")}),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_the_link_has_the_address_that_phones_reach_and_every_other_one_is_explained(
    networks: Callable[[Computer], None],
    others: dict[str, tuple[str, str]],
    tmp_path: Path,
    computer: Computer,
) -> None:
    networks(computer)
    with RelayThere(tmp_path / "relay", computer) as relay:
        found = judged(relay.log)
        assert found.pop(HOME)[0] == "→"
        assert {address: found[address] for address in others} == others
        assert f"http://{HOME}:{PORT}/#room=home&key=" in relay.log
        assert "Phones may not reach this computer" not in relay.log
        for address in (HOME, *(address for address, (mark, _) in others.items() if mark == " ")):
            assert relay.health(address)["members"] == 0


@pytest.mark.parametrize(
    ("address", "reason"), [(None, "this computer only"), ("169.254.7.7", "no router gave it an address")]
)
def test_where_no_phone_can_come_it_says_so_and_what_to_do(
    address: str | None, reason: str, tmp_path: Path, computer: Computer
) -> None:
    if address:
        computer.add_address("eth0", address)
    best = address or "127.0.0.1"
    with RelayThere(tmp_path / "relay", computer) as relay:
        text = " ".join(relay.log.split())
        assert f"Phones may not reach this computer: its best address is {best} ({reason})" in text
        assert "Connect it to the phones' Wi-Fi" in text
        assert f"://{best}:{PORT}/#room=home" in relay.log
        assert relay.health(best)["members"] == 0
