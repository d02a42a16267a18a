import json
from pathlib import Path
from typing import Any

import pytest

from streamer.errors import StreamerError
from streamer.wire.room_link import Address, room_fragment

LINKS = json.loads((Path(__file__).parents[2] / "vectors/room_links.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("link", "address"),
    [
        (
            "https://192.168.1.20:8443/#room=kitchen&key=abc_-1",
            Address(True, "192.168.1.20", 8443, "kitchen", "abc_-1"),
        ),
        ("wss://relay.local/ws?room=kitchen&key=abc", Address(True, "relay.local", 443, "kitchen", "abc")),
        (
            "https://h:1/#room=gate&token=t0k-_n",
            Address(True, "h", 1, "gate", token="t0k-_n"),
        ),
        ("http://127.0.0.1:8080/#room=kitchen", Address(False, "127.0.0.1", 8080, "kitchen")),
        ("https://[::1]:8443/#room=echo", Address(True, "::1", 8443, "echo")),
        (" relay.local:8443/#room=kitchen\n", Address(True, "relay.local", 8443, "kitchen")),
    ],
)
def test_the_link_that_people_have_leads_to_a_room(link: str, address: Address) -> None:
    assert Address.parse(link) == address


@pytest.mark.parametrize("link", LINKS["written"])
def test_one_form_of_a_link_is_written(link: dict[str, Any]) -> None:
    written = room_fragment(link["room"], link["key"], token=link["token"], listen=link["listen"])
    assert written == link["fragment"]


@pytest.mark.parametrize("link", LINKS["written"] + LINKS["read"])
def test_the_parts_of_a_link_are_understood_in_any_order(link: dict[str, Any]) -> None:
    address = Address.parse(f"https://h/{link['fragment']}")
    assert (address.room, address.key, address.token) == (link["room"], link["key"], link["token"])


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        ("https://192.168.1.20:8443/", "does not name a room"),
        ("https://192.168.1.20:8443/#room=&key=k", "does not name a room"),
        ("https:///#room=kitchen", "does not name a relay"),
        ("", "^An empty link does not name a relay"),
        ("ftp://192.168.1.20/#room=kitchen", "begins with ftp://"),
        ("https://192.168.1.20:port/#room=kitchen", "is not an address"),
        ("https://192.168.1.20:99999/#room=kitchen", "is not an address"),
    ],
)
def test_a_link_that_leads_nowhere_is_refused_in_words(link: str, reason: str) -> None:
    with pytest.raises(StreamerError, match=reason):
        Address.parse(link)


@pytest.mark.parametrize(
    "beginning", ["https://h:99999/", "ftp://h/", "https:///", "https://[::1/", "https://h:0/"]
)
@pytest.mark.parametrize("secrets", ["#room=kitchen&key=s3cret", "?room=kitchen&key=s3cret", "#token=s3cret"])
def test_a_link_that_is_refused_is_told_without_its_secrets(beginning: str, secrets: str) -> None:
    """A service writes that into its log."""
    with pytest.raises(StreamerError) as refused:
        Address.parse(f"{beginning}{secrets}")
    assert "s3cret" not in str(refused.value)


def test_what_is_asked_of_the_relay_is_escaped() -> None:
    address = Address.parse("https://[::1]:8443/#room=kitchen&key=abc")
    assert address.socket_url("Ada & Bo") == "wss://[::1]:8443/ws?room=kitchen&key=abc&name=Ada+%26+Bo"
    token = Address.parse("wss://h/ws?room=gate&token=t0k")
    assert token.socket_url() == "wss://h:443/ws?room=gate&token=t0k"
    assert Address.parse("http://localhost/#room=echo").socket_url() == "ws://localhost:80/ws?room=echo"
