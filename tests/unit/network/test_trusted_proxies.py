"""Whom a relay believes where a connection comes from: trusted proxies, by header or by the PROXY
protocol."""

import asyncio
import json
import os
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from ipaddress import ip_address
from pathlib import Path

import aiohttp
import pytest
from relay_fixture import HOST_KEY, KEY, PATIENCE_S, House

from streamer.errors import RefusedError, SetupError
from streamer.relay.access.limits import RelayLimits
from streamer.relay.network import proxy_protocol
from streamer.relay.network.forwarded import MAX_CHARACTERS, real_address
from streamer.relay.network.proxies import ProxyProtocol, TrustedProxies
from streamer.relay.network.proxy_protocol import (
    MAX_V2_BYTES,
    V2_SIGNATURE,
    ProxyHeaderError,
    parse_v1,
    parse_v2,
    v2_length,
)
from streamer.relay.tls.authority import Authority

OURS = TrustedProxies(["10.0.0.0/8", "fd00::/8"])
PEER = "10.0.0.1"
CHECK = {"browser": "a program", "rows": [{"name": "network", "state": "passes", "words": ""}]}

# Which addresses are proxies


@pytest.mark.parametrize(
    ("network", "address", "is_ours"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "::ffff:127.0.0.1", True),
        ("127.0.0.1", "127.0.0.2", False),
        ("10.0.0.0/8", "::ffff:a01:203", True),
        ("::ffff:10.0.0.0/104", "10.1.2.3", True),
        ("::1", "::1", True),
        ("fe80::/10", "fe80::1%eth0", True),
        ("::/0", "10.0.0.1", False),
        ("0.0.0.0/0", "::1", False),
        ("10.0.0.0/8", "", False),
        ("10.0.0.0/8", "unix:", False),
    ],
)
def test_an_address_is_a_proxy_s_in_whatever_form_it_is_written(
    network: str, address: str, is_ours: bool
) -> None:
    assert TrustedProxies([network]).trusts(address) is is_ours


@pytest.mark.parametrize(
    "text", ["", "nginx", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/-1", "::1%lo/128", "1.2.3", "*"]
)
def test_what_is_no_network_is_refused_in_words(text: str) -> None:
    with pytest.raises(SetupError, match="--trust-proxy"):
        TrustedProxies([text])


def test_nobody_is_trusted_unless_the_host_says_so() -> None:
    assert not TrustedProxies().trusts("127.0.0.1")


# Headers

BY_CUSTOM = [
    (["192.0.2.7"], "192.0.2.7"),
    (["198.51.100.1, 192.0.2.7"], "192.0.2.7"),
    (["10.9.9.9, 192.0.2.7"], "192.0.2.7"),
    (["198.51.100.1", "192.0.2.7", "10.0.0.2"], "192.0.2.7"),
    (["192.0.2.7, 10.0.0.3,10.0.0.2"], "192.0.2.7"),
    (["10.0.0.4, 10.0.0.3"], "10.0.0.4"),
    (["<script>, 192.0.2.7"], "192.0.2.7"),
    (["192.0.2.7:4711"], "192.0.2.7"),
    (["[2001:db8::7]:4711"], "2001:db8::7"),
    (["[2001:db8::7]"], "2001:db8::7"),
    (["2001:DB8:0::7"], "2001:db8::7"),
    (["fe80::7%eth0"], "fe80::7"),
    (["::ffff:192.0.2.7"], "192.0.2.7"),
    (["::ffff:10.0.0.9, ::ffff:192.0.2.7, ::ffff:10.0.0.2"], "192.0.2.7"),
    (["192.0.2.7, unknown"], PEER),
    (["192.0.2.7,, ,"], "192.0.2.7"),
    ([""], PEER),
    ([], PEER),
]


@pytest.mark.parametrize(("lines", "address"), BY_CUSTOM)
def test_the_first_address_from_the_right_that_is_no_proxy_of_ours_counts(
    lines: list[str], address: str
) -> None:
    assert real_address(PEER, [], lines, OURS) == address


@pytest.mark.parametrize(
    ("lines", "address"),
    [
        (["for=192.0.2.7"], "192.0.2.7"),
        (["For=198.51.100.1;proto=https, FOR=192.0.2.7; by=10.0.0.1"], "192.0.2.7"),
        (['for="[2001:db8::7]:4711";host="a,b;for=1.2.3.4"'], "2001:db8::7"),
        (['for="192.0.2.7:_port"'], "192.0.2.7"),
        (['for="19\\2.0.2.7"'], "192.0.2.7"),
        (["for=[fd00::2]", "for=10.0.0.2"], "fd00::2"),
        (["for=192.0.2.7, for=_hidden"], PEER),
        (["for=192.0.2.7, by=10.0.0.2"], PEER),
        (["for=192.0.2.7, for=unknown"], PEER),
        (["for=192.0.2.7 , , "], "192.0.2.7"),
    ],
)
def test_the_standard_s_header_is_read_in_the_same_way(lines: list[str], address: str) -> None:
    assert real_address(PEER, lines, [], OURS) == address


@pytest.mark.parametrize(
    ("forwarded", "by_custom"),
    [
        (["for=192.0.2.7"], ["192.0.2.8"]),
        (["for=10.9.9.9"], ["192.0.2.7"]),
        (["proto=https"], ["192.0.2.7"]),
        (['for="198.51.100.1, for=192.0.2.7'], []),
        (["for"], []),
        (["for=192.0.2.7;for=192.0.2.8"], []),
        (["for=192.0.2.7 for=192.0.2.8"], []),
        ([], ["192.0.2.7.1"]),
        ([], ["192.0.2.07"]),
        ([], ["[2001:db8::7"]),
        ([], ["192.0.2.7:port"]),
        ([], ["192.0.2.7; 192.0.2.8"]),
        ([], ["x" * (MAX_CHARACTERS + 1)]),
        (["for=192.0.2.7," * MAX_CHARACTERS], []),
    ],
)
def test_headers_that_disagree_or_are_malformed_are_refused(
    forwarded: list[str], by_custom: list[str]
) -> None:
    with pytest.raises(RefusedError) as refused:
        real_address(PEER, forwarded, by_custom, OURS)
    assert (refused.value.status, refused.value.code) == (400, "bad-forwarded")


def test_two_headers_that_agree_are_as_good_as_one() -> None:
    assert real_address(PEER, ["for=192.0.2.7"], ["192.0.2.7"], OURS) == "192.0.2.7"


@pytest.mark.parametrize("lines", [["10.9.9.9"], ["<script>"], ["x" * 100_000]])
def test_what_a_stranger_says_of_itself_is_not_looked_at(lines: list[str]) -> None:
    assert real_address("192.0.2.1", lines, lines, OURS) == "192.0.2.1"


# The PROXY protocol


def v2(
    source: str, command: int = 1, family: int | None = None, more: bytes = b"", length: int | None = None
) -> bytes:
    """A header of version 2 for a connection from `source` to the same address."""
    address = ip_address(source)
    family = family if family is not None else (0x11 if address.version == 4 else 0x21)
    rest = address.packed * 2 + struct.pack("!HH", 4711, 443) + more
    return (
        V2_SIGNATURE
        + struct.pack("!BBH", 0x20 | command, family, len(rest) if length is None else length)
        + rest
    )


@pytest.mark.parametrize(
    ("line", "address"),
    [
        (b"PROXY TCP4 192.0.2.7 10.0.0.1 56324 443\r\n", "192.0.2.7"),
        (b"PROXY TCP4 192.0.2.7 10.0.0.1 0 65535\r\n", "192.0.2.7"),
        (b"PROXY TCP6 2001:db8::7 2001:db8::1 56324 443\r\n", "2001:db8::7"),
        (b"PROXY TCP6 ::ffff:192.0.2.7 ::ffff:10.0.0.1 1 2\r\n", "::ffff:192.0.2.7"),
        (b"PROXY UNKNOWN\r\n", None),
        (b"PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", None),
    ],
)
def test_version_1_names_the_source(line: bytes, address: str | None) -> None:
    found = parse_v1(line)
    assert (found and ip_address(found)) == (address and ip_address(address))


BAD_V1 = [
    b"PROXY TCP4 192.0.2.7 10.0.0.1 56324 443\n",
    b"PROXY  TCP4 192.0.2.7 10.0.0.1 56324 443\r\n",
    b"PROXY TCP4 192.0.2.7 10.0.0.1 56324\r\n",
    b"PROXY TCP4 192.0.2.7 10.0.0.1 56324 443 \r\n",
    b"PROXY TCP4 2001:db8::7 2001:db8::1 1 2\r\n",
    b"PROXY TCP6 192.0.2.7 10.0.0.1 1 2\r\n",
    b"PROXY TCP6 fe80::7%eth0 fe80::1 1 2\r\n",
    b"PROXY TCP4 192.0.2.07 10.0.0.1 1 2\r\n",
    b"PROXY TCP4 192.0.2.7 10.0.0.1 1 65536\r\n",
    b"PROXY TCP4 192.0.2.7 10.0.0.1 01 2\r\n",
    b"PROXY UDP4 192.0.2.7 10.0.0.1 1 2\r\n",
    b"PROXY TCP4\r\n",
    b"PROXY \r\n",
    b"PRI * HTTP/2.0\r\n",
    b"PROXY UNKNOWN " + b"x" * 100 + b"\r\n",
]


@pytest.mark.parametrize("line", BAD_V1)
def test_a_malformed_line_of_version_1_is_refused(line: bytes) -> None:
    with pytest.raises(ProxyHeaderError):
        parse_v1(line)


def parsed(header: bytes) -> str | None:
    length = v2_length(header[:16])
    return parse_v2(header[:16], header[16 : 16 + length])


@pytest.mark.parametrize(
    ("header", "address"),
    [
        (v2("192.0.2.7"), "192.0.2.7"),
        (v2("192.0.2.7", more=b"\x04\x00\x01x"), "192.0.2.7"),
        (v2("2001:db8::7"), "2001:db8::7"),
        (v2("192.0.2.7", command=0), None),
        (v2("192.0.2.7", command=0, family=0x7F), None),
        (v2("192.0.2.7", family=0), None),
        (v2("192.0.2.7", family=0x31, more=b"\0" * 216), None),
    ],
)
def test_version_2_names_the_source(header: bytes, address: str | None) -> None:
    assert parsed(header) == address


BAD_V2 = {
    "too short for its addresses": v2("192.0.2.7", length=11),
    "too short for its addresses of IPv6": v2("2001:db8::7", length=35),
    "longer than allowed": v2("192.0.2.7", length=MAX_V2_BYTES + 1),
    "as long as can be said": v2("192.0.2.7", length=0xFFFF),
    "of an unknown command": v2("192.0.2.7", command=2),
    "of UDP": v2("192.0.2.7", family=0x12),
    "of an unknown family": v2("192.0.2.7", family=0xFF),
    "of another version": v2("192.0.2.7").replace(b"\x21\x11", b"\x11\x11"),
    "of another signature": b"\r\n\r\n\0\r\nQUITX" + v2("192.0.2.7")[12:],
}


@pytest.mark.parametrize("header", BAD_V2.values(), ids=BAD_V2)
def test_a_header_of_version_2_with_a_forged_length_or_kind_is_refused(header: bytes) -> None:
    with pytest.raises(ProxyHeaderError):
        parsed(header)


# At a real relay


@asynccontextmanager
async def house(
    *networks: str, protocol: ProxyProtocol = ProxyProtocol.OPTIONAL, limits: RelayLimits | None = None
) -> AsyncIterator[House]:
    proxies = TrustedProxies(networks or ["127.0.0.1"], protocol)
    async with House.open(proxies=proxies, limits=limits) as opened:
        yield opened


async def told(house: House, *pieces: bytes, pause_s: float = 0, headers: str = "") -> tuple[bytes, str]:
    """What a check answers, sent behind `pieces`, and which address it then counts for; all on one
    connection."""
    body = json.dumps(CHECK).encode()
    headers += f"Host: a.local\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
    request = f"POST /check HTTP/1.1\r\n{headers}\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    try:
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(pause_s)
        writer.write(request.encode() + body)
        answer = await asyncio.wait_for(reader.read(), PATIENCE_S)
    except ConnectionError:
        answer = b""
    finally:
        writer.close()
    newest = house.relay.checks
    return answer.partition(b"\r\n")[0], newest[-1].address if newest else ""


async def what_is_left(reader: asyncio.StreamReader) -> bytes:
    """Until the relay hangs up; it does not read what was sent."""
    with suppress(ConnectionResetError):
        return await asyncio.wait_for(reader.read(), PATIENCE_S)
    return b""


@pytest.mark.parametrize("protocol", [ProxyProtocol.OPTIONAL, ProxyProtocol.OFF])
async def test_a_request_counts_for_the_address_in_its_header_and_each_one_for_its_own(
    protocol: ProxyProtocol,
) -> None:
    async with house(protocol=protocol) as relay:
        for address in ("192.0.2.7", "192.0.2.8"):
            status, counted = await told(relay, headers=f"X-Forwarded-For: {address}\r\n")
            assert (status, counted) == (b"HTTP/1.1 204 No Content", address)


async def test_requests_of_many_on_one_connection_count_each_for_its_own_address() -> None:
    async with house() as relay, aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as proxy:
        for number in range(5):
            headers = {"X-Forwarded-For": f"192.0.2.{number}"}
            async with proxy.post(f"{relay.url}/check", json=CHECK, headers=headers) as answer:
                assert answer.status == 204
        headers = {"Authorization": f"Bearer {HOST_KEY}"}
        async with proxy.get(f"{relay.url}/api/v1/checks", headers=headers) as answer:
            counted = [check["address"] for check in (await answer.json())["checks"]]
    assert counted == [f"192.0.2.{number}" for number in range(5)]


async def test_a_forged_header_from_outside_the_trusted_range_changes_nothing() -> None:
    async with house("10.0.0.0/8") as relay:
        status, counted = await told(relay, headers="X-Forwarded-For: 10.9.9.9\r\nForwarded: for=<x\r\n")
        assert (status, counted) == (b"HTTP/1.1 204 No Content", "127.0.0.1")


async def test_headers_that_can_t_be_understood_are_refused_and_counted() -> None:
    async with house() as relay:
        status, _ = await told(relay, headers="X-Forwarded-For: 192.0.2.7\r\nForwarded: for=192.0.2.8\r\n")
        assert status == b"HTTP/1.1 400 Bad Request"
        assert await relay.metric('streamer_refusals_total{code="bad-forwarded"}') == 1


async def test_members_are_limited_by_their_real_address_and_not_by_the_proxy_s() -> None:
    async with house(limits=RelayLimits(max_per_address=1, deadline_ms=30_000)) as relay:
        members = []
        for number in range(4):
            headers = {"X-Forwarded-For": f"192.0.2.{number}"}
            query = {"room": "home", "key": KEY}
            members.append(
                await relay.http.ws_connect(
                    f"{relay.url}/ws", params=query, protocols=["streamer.v1"], headers=headers
                )
            )
        status, code = await relay.refusal(headers, room="home", key=KEY)
        assert (status, code) == (429, "too-many")
        for member in members:
            await member.close()


V1 = b"PROXY TCP4 192.0.2.7 10.0.0.1 56324 443\r\n"


@pytest.mark.parametrize("protocol", [ProxyProtocol.OPTIONAL, ProxyProtocol.REQUIRED])
@pytest.mark.parametrize("header", [V1, v2("192.0.2.7", more=b"x" * 1_000)], ids=["version 1", "version 2"])
async def test_a_header_is_read_in_whatever_pieces_it_comes(header: bytes, protocol: ProxyProtocol) -> None:
    async with house(protocol=protocol) as relay:
        for pieces in (
            [header],
            [header[:1], header[1:]],
            [bytes([each]) for each in header[:60]] + [header[60:]],
        ):
            status, _ = await told(relay, *pieces, pause_s=0.001)
            assert status == b"HTTP/1.1 204 No Content"


@pytest.mark.parametrize(
    ("header", "address"),
    [
        (V1, "192.0.2.7"),
        (b"PROXY TCP6 ::ffff:192.0.2.7 ::1 1 2\r\n", "192.0.2.7"),
        (b"PROXY UNKNOWN\r\n", "127.0.0.1"),
        (v2("2001:db8::7"), "2001:db8::7"),
        (v2("192.0.2.7", command=0), "127.0.0.1"),
        (b"", "127.0.0.1"),
    ],
)
async def test_a_connection_counts_for_the_address_that_its_proxy_names(header: bytes, address: str) -> None:
    async with house() as relay:
        assert await told(relay, header) == (b"HTTP/1.1 204 No Content", address)


async def test_behind_the_protocol_the_client_s_own_headers_are_not_believed() -> None:
    async with house() as relay:
        assert (await told(relay, V1, headers="X-Forwarded-For: 10.9.9.9\r\n"))[1] == "192.0.2.7"
        behind_two = V1.replace(b"192.0.2.7", b"127.0.0.1")
        assert (await told(relay, behind_two, headers="X-Forwarded-For: 192.0.2.9\r\n"))[1] == "192.0.2.9"


@pytest.mark.parametrize("header", [V1, v2("192.0.2.7")], ids=["version 1", "version 2"])
async def test_a_header_from_outside_the_trusted_range_is_no_request(header: bytes) -> None:
    async with house("10.0.0.0/8") as relay:
        status, counted = await told(relay, header)
        assert b" 204 " not in status
        assert counted == ""


@pytest.mark.parametrize("header", [*(each for each in BAD_V1 if each[:6] == b"PROXY "), *BAD_V2.values()])
async def test_a_malformed_header_ends_the_connection_and_is_counted(header: bytes) -> None:
    async with house() as relay:
        assert await told(relay, header) == (b"", "")
        await relay.wait_for_metric('streamer_refusals_total{code="bad-proxy-header"}', 1)


@pytest.mark.parametrize("header", [b"P", b"PROXY TCP4 192", V2_SIGNATURE[:1], v2("192.0.2.7", length=2_000)])
async def test_a_header_that_does_not_end_ends_the_connection_in_time(
    header: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proxy_protocol, "READ_S", 0.2)
    async with house() as relay:
        reader, writer = await asyncio.open_connection("127.0.0.1", relay.port)
        writer.write(header)
        assert await what_is_left(reader) == b""
        await relay.wait_for_metric('streamer_refusals_total{code="bad-proxy-header"}', 1)
        writer.close()


async def test_a_slow_header_costs_no_processor_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxy_protocol, "READ_S", 1.0)
    async with house() as relay:
        ends = [await asyncio.open_connection("127.0.0.1", relay.port) for _ in range(20)]
        for number, (_, writer) in enumerate(ends):
            writer.write(b"P" if number % 2 else b"PROXY TCP4 1")
        began = os.times()
        for reader, _ in ends:
            assert await what_is_left(reader) == b""
        ended = os.times()
        assert (ended.user + ended.system) - (began.user + began.system) < 0.5  # s, of the second that passed
        for _, writer in ends:
            writer.close()


async def test_where_it_is_required_a_connection_without_it_is_refused_and_counted() -> None:
    proxies = TrustedProxies(["127.0.0.1"], ProxyProtocol.REQUIRED)
    async with House.open(proxies=proxies) as relay:
        reader, writer = await asyncio.open_connection("127.0.0.1", relay.port)
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: a.local\r\n\r\n")
        assert await what_is_left(reader) == b""
        writer.close()
        assert relay.relay.refusals["no-proxy-header"] == 1


async def test_where_it_is_off_a_header_is_no_request() -> None:
    async with house(protocol=ProxyProtocol.OFF) as relay:
        status, counted = await told(relay, V1)
        assert b" 204 " not in status
        assert counted == ""


async def test_the_header_comes_before_tls(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    tls = authority.leaf(["localhost"], ["127.0.0.1"]).server_context()
    trust = ssl.create_default_context(cafile=str(authority.certificate_path))
    async with House.open(tls=tls, proxies=TrustedProxies(["127.0.0.1"])) as relay:
        reader, writer = await asyncio.open_connection("127.0.0.1", relay.port)
        writer.write(V1)
        await writer.drain()
        await writer.start_tls(trust, server_hostname="localhost")
        body = json.dumps(CHECK).encode()
        writer.write(b"POST /check HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: ")
        writer.write(b"%d\r\n\r\n%s" % (len(body), body))
        assert (await asyncio.wait_for(reader.read(), PATIENCE_S)).startswith(b"HTTP/1.1 204")
        writer.close()
        headers = {"Authorization": f"Bearer {HOST_KEY}"}
        url = f"https://127.0.0.1:{relay.port}/api/v1/checks"
        async with relay.http.get(url, headers=headers, ssl=trust) as answer:
            assert (await answer.json())["checks"][-1]["address"] == "192.0.2.7"


async def test_a_relay_for_both_kinds_of_addresses_shows_those_of_ipv4_in_their_plain_form() -> None:
    async with House.open(host="::") as relay:
        assert (await told(relay))[1] == "127.0.0.1"
