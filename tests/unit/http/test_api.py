"""The HTTP interface, /api/v1, at a real relay: what it answers, to whom, and what it does in the rooms."""

import asyncio
import json
import shutil
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import numpy as np
import pytest
from relay_fixture import HOST_KEY, KEY, PATIENCE_S, Guest, House

from streamer.client.audio.studio import Recording
from streamer.errors import RefusedError
from streamer.relay.access.allowance import CHATS
from streamer.relay.access.guesses import Guesses
from streamer.relay.access.invites import Invite, InviteStore
from streamer.relay.access.tokens import SCOPES, Scope, TokenStore
from streamer.relay.api.announcements import MAX_SOUND_BYTES, MOST
from streamer.relay.api.callers import Callers
from streamer.relay.rooms.events import KEPT, MAX_QUEUED, Events

NOTICE = {"text": "Somebody is at the gate", "level": "info", "actions": ["Open", "Wait"]}


class Program:
    """Calls the interface with one token."""

    def __init__(self, house: House, secret: str) -> None:
        self.house = house
        self.headers = {"Authorization": f"Bearer {secret}"} if secret else {}

    async def call(self, method: str, path: str, **rest: Any) -> tuple[int, Any]:
        rest["headers"] = {**self.headers, **rest.get("headers", {})}
        async with self.house.http.request(method, f"{self.house.url}/api/v1{path}", **rest) as response:
            if response.status >= 400:
                assert response.content_type == "application/problem+json"
                problem = await response.json()
                assert problem["status"] == response.status
                assert problem["detail"]
                return response.status, problem["code"]
            return response.status, await response.json() if response.status != 204 else None

    @asynccontextmanager
    async def events(self, **headers: str) -> AsyncIterator["Stream"]:
        async with self.house.http.get(
            f"{self.house.url}/api/v1/events", headers={**self.headers, **headers}
        ) as response:
            assert response.status == 200, await response.text()
            stream = Stream(response)
            await stream.hello()
            yield stream


class Stream:
    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self.last_id = ""

    async def hello(self) -> None:
        while (await self._line()) != ": hello":
            pass

    async def event(self, kind: str) -> dict[str, Any]:
        """The next of this kind; others before it are passed over."""
        found = ""
        while True:
            line = await self._line()
            if line.startswith("id: "):
                self.last_id = line[4:]
            elif line.startswith("event: "):
                found = line[7:]
            elif line.startswith("data: ") and found == kind:
                return dict(json.loads(line[6:]))

    async def ends(self) -> bool:
        async with asyncio.timeout(PATIENCE_S):
            try:
                while await self._response.content.readline():
                    pass
            except aiohttp.ClientError:
                pass
        return True

    async def _line(self) -> str:
        line = await asyncio.wait_for(self._response.content.readline(), PATIENCE_S)
        assert line, "the stream ended"
        return line.decode().rstrip("\n")


@pytest.fixture
def store(tmp_path: Path) -> TokenStore:
    return TokenStore(tmp_path / "tokens.json")


def token(store: TokenStore, *scopes: Scope, room: str = "", name: str = "door") -> str:
    return store.create(name, frozenset(scopes or SCOPES), room, 1.0)[1]


def wav(seconds: float, rate: int = 48_000, channels: int = 1) -> bytes:
    times = np.arange(int(seconds * rate)) / rate
    tone = (np.sin(2 * np.pi * 440 * times) * 12_000).astype("<i2")
    data = np.repeat(tone, channels).tobytes()
    form = struct.pack("<HHIIHH", 1, channels, rate, rate * channels * 2, channels * 2, 16)
    body = b"WAVEfmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def page(packets: list[bytes], flags: int = 0) -> bytes:
    table = b"".join(b"\xff" * (len(each) // 255) + bytes([len(each) % 255]) for each in packets)
    header = struct.pack("<4sBBqIIIB", b"OggS", 0, flags, 0, 7, 0, 0, len(table))
    return header + table + b"".join(packets)


def ogg(packets: list[bytes], channels: int = 1, mapping: int = 0) -> bytes:
    head = b"OpusHead" + struct.pack("<BBHIhB", 1, channels, 312, 48_000, 0, mapping)
    pages = [page(packets[at : at + 40]) for at in range(0, len(packets), 40)]
    return page([head], 2) + page([b"OpusTags" + bytes(8)]) + b"".join(pages)


async def speak(
    program: Program, body: bytes, kind: str = "audio/wav", name: str = "Gate"
) -> tuple[int, Any]:
    path = f"/rooms/home/announcements?name={name}"
    return await program.call("POST", path, data=body, headers={"Content-Type": kind})


# ---- Who may


async def test_without_a_token_or_with_a_wrong_one_nothing_is_told(store: TokenStore) -> None:
    async with House.open(tokens=store) as house:
        assert await Program(house, "").call("GET", "/rooms") == (401, "token-required")
        assert await Program(house, "wrong").call("GET", "/rooms") == (403, "token-wrong")
        for _ in range(30):
            refusal = await Program(house, "guess").call("GET", "/rooms")
        assert refusal == (429, "too-many-guesses")
        good = Program(house, token(store, "read"))
        assert (await good.call("GET", "/rooms"))[0] == 200


ASKED: list[tuple[Scope, str, str, Any]] = [
    ("read", "GET", "/rooms/home", None),
    ("read", "GET", "/rooms/home/members", None),
    ("read", "GET", "/rooms/home/notices/1", None),
    ("read", "GET", "/events?room=home", None),
    ("notify", "POST", "/rooms/home/notices", NOTICE),
    ("speak", "POST", "/rooms/home/announcements", {"text": "Hello"}),
    ("speak", "DELETE", "/rooms/home/announcements/1", None),
    ("moderate", "DELETE", "/rooms/home/members/1", None),
    ("moderate", "POST", "/rooms/home/invites", {}),
    ("command", "POST", "/rooms/home/members/1/commands", {"name": "open"}),
]


@pytest.mark.parametrize(("scope", "method", "path", "body"), ASKED, ids=lambda value: str(value)[:30])
async def test_a_token_without_the_scope_or_for_another_room_or_revoked_is_refused(
    store: TokenStore, scope: Scope, method: str, path: str, body: Any
) -> None:
    others = [each for each in SCOPES if each != scope]
    async with House.open(tokens=store) as house:
        lacking = Program(house, token(store, *others))
        elsewhere = Program(house, token(store, room="garage"))
        made, secret = store.create("door", frozenset(SCOPES), "", 1.0)
        store.revoke(made.id)
        assert await lacking.call(method, path, json=body) == (403, "no-scope")
        assert await elsewhere.call(method, path, json=body) == (403, "no-scope")
        assert await Program(house, secret).call(method, path, json=body) == (403, "token-wrong")


async def test_the_host_s_own_key_may_do_everything(store: TokenStore) -> None:
    async with House.open(tokens=store) as house:
        host = Program(house, HOST_KEY)
        assert (await host.call("POST", "/rooms/home/notices", json=NOTICE))[0] == 201
        assert await host.call("GET", "/checks") == (200, {"checks": []})


def test_one_token_may_not_call_without_end_and_others_may_meanwhile(store: TokenStore) -> None:
    callers = Callers(store, InviteStore({}, HOST_KEY), Guesses())

    def call(secret: str, times: int = 1) -> None:
        request = SimpleNamespace(headers={"Authorization": f"Bearer {secret}"}, remote="192.168.1.7")
        for _ in range(times):
            callers.caller(request)  # type: ignore[arg-type]

    busy, quiet = token(store, "read"), token(store, "read")
    with pytest.raises(RefusedError, match="too often"):
        call(busy, 100_000)
    call(quiet)


# ---- Rooms and members


async def test_rooms_and_members_are_told_with_their_telemetry_and_only_those_of_the_token(
    store: TokenStore,
) -> None:
    admission = InviteStore({"home": Invite(KEY), "garage": Invite(KEY)}, HOST_KEY)
    async with House.open(admission, tokens=store) as house:
        ada = await house.enter(name="Ada")
        await ada.socket.send_json({"type": "telemetry", "device": "lamp", "values": {"on": True}})
        assert await ada.text("telemetry")
        everywhere, here = (
            Program(house, token(store, "read")),
            Program(house, token(store, "read", room="home")),
        )
        assert [room["name"] for room in (await everywhere.call("GET", "/rooms"))[1]["rooms"]] == [
            "home",
            "garage",
        ]
        assert [room["name"] for room in (await here.call("GET", "/rooms"))[1]["rooms"]] == ["home"]
        _, told = await here.call("GET", "/rooms/home/members")
        [member] = told["members"]
        assert (member["name"], member["role"]) == ("Ada", "talk")
        [report] = member["telemetry"]
        assert (report["device"], report["values"]) == ("lamp", {"on": True})
        assert await everywhere.call("GET", "/rooms/cellar") == (404, "no-room")
        assert await everywhere.call("GET", "/rooms/a%2Fb") == (400, "bad-room")
        assert await everywhere.call("GET", "/nothing") == (404, "not-found")


async def test_what_a_host_decides_is_read_and_changed_and_members_are_told_of_changes_alone(
    store: TokenStore,
) -> None:
    async with House.open(tokens=store) as house:
        ada = await house.enter(name="Ada")
        reader, program = (
            Program(house, token(store, "read")),
            Program(house, token(store, "moderate", "read")),
        )
        _, before = await reader.call("GET", "/rooms/home")
        decided = ("locked", "one_at_a_time", "only_hosts", "keep_captions")
        assert {name: before[name] for name in (*decided, "captions", "recording")} == dict.fromkeys(
            (*decided, "captions", "recording"), False
        )
        assert await reader.call("PATCH", "/rooms/home", json={"keep_captions": True}) == (403, "no-scope")
        status, after = await program.call("PATCH", "/rooms/home", json={"keep_captions": True})
        assert (status, after) == (200, {**before, "keep_captions": True})
        assert await ada.text("keep_captions") == {"type": "keep_captions", "talker_id": 0, "on": True}
        for body in ({}, {"keep_captions": True}, after_decisions(after, decided)):
            assert await program.call("PATCH", "/rooms/home", json=body) == (200, after)
        assert await ada.hears_nothing()
        everything = dict.fromkeys(decided, True)
        _, after = await program.call("PATCH", "/rooms/home", json=everything)
        assert after == {**before, **everything}
        assert (await ada.text("lock"))["locked"] is True
        assert (await house.enter(key=HOST_KEY, name="Host")).welcome["keep_captions"] is True
        assert await program.call("PATCH", "/rooms/home", json={"captions": True}) == (400, "bad-body")
        assert await program.call("PATCH", "/rooms/cellar", json={}) == (404, "no-room")


def after_decisions(room: dict[str, Any], decided: tuple[str, ...]) -> dict[str, Any]:
    return {name: room[name] for name in decided}


async def test_captions_and_a_recording_are_told_of_a_room(store: TokenStore) -> None:
    async with House.open(tokens=store) as house:
        host = await house.enter(key=HOST_KEY)
        program = Program(house, token(store, "read"))
        for kind, field in (("captioning", "captions"), ("recording", "recording")):
            await host.socket.send_json({"type": kind, "on": True})
            assert (await host.text(kind))["on"] is True
            assert (await program.call("GET", "/rooms/home"))[1][field] is True


async def test_a_member_is_removed_as_the_host_does_it(store: TokenStore) -> None:
    async with House.open(tokens=store) as house:
        ada = await house.enter(name="Ada")
        program = Program(house, token(store, "moderate"))
        assert await program.call("DELETE", "/rooms/home/members/999") == (404, "no-member")
        assert (await program.call("DELETE", f"/rooms/home/members/{ada.welcome['talker_id']}"))[0] == 204
        assert await ada.close_code() == 4401


async def test_new_invitations_are_made_and_members_hear_of_them(store: TokenStore) -> None:
    async with House.open(tokens=store) as house:
        ada = await house.enter(name="Ada")
        status, made = await Program(house, token(store, "moderate")).call(
            "POST", "/rooms/home/invites", json={"hours": 2, "uses": 5}
        )
        assert status == 201
        [talk] = [invite for invite in made["invites"] if invite["role"] == "talk"]
        assert (await ada.text("invite"))["invites"][0] == talk
        assert await house.refusal(room="home", key=KEY) == (403, "key-wrong")
        await house.enter(key=talk["key"])


# ---- Notices


async def test_a_notice_reaches_everybody_and_shows_who_answered_what(store: TokenStore) -> None:
    async with House.open(tokens=store) as house:
        ada = await house.enter(name="Ada")
        program = Program(house, token(store, "notify", "read", name="Gate"))
        status, sent = await program.call("POST", "/rooms/home/notices", json={**NOTICE, "title": "Gate"})
        assert (status, sent["members"]) == (201, 1)
        told = await ada.text("notice")
        assert (told["id"], told["talker_id"], told["name"]) == (sent["id"], 0, "Gate")
        await ada.socket.send_json({"type": "reply", "id": told["id"], "action": 0})
        assert await ada.hears_nothing()
        _, shown = await program.call("GET", f"/rooms/home/notices/{sent['id']}")
        assert [(reply["name"], reply["action"]) for reply in shown["replies"]] == [("Ada", 0)]


async def test_a_flood_of_notices_is_cut_down_and_a_huge_one_refused(store: TokenStore) -> None:
    async with House.open(tokens=store) as house:
        ada = await house.enter(name="Ada")
        program = Program(house, token(store, "notify"))
        huge = {"text": "x" * 10_000_000, "level": "info"}
        assert await program.call("POST", "/rooms/home/notices", json=huge) == (413, "too-big")
        most = int(CHATS.size)
        answers = [await program.call("POST", "/rooms/home/notices", json=NOTICE) for _ in range(most + 5)]
        assert answers[-1] == (429, "too-fast")
        for _ in range(most):
            await ada.text("notice")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "bad-body"),
        (b"[]", 400, "bad-body"),
        (b'{"text": "a"}', 400, "bad-body"),
        (b'{"text": "a", "level": 7}', 400, "bad-body"),
        (b'{"text": "a", "level": "info", "more": 1}', 400, "bad-body"),
        (b'{"text": "a", "level": "loud"}', 400, "bad-notice"),
        (b'{"text": "\\ud800", "level": "info"}', 400, "bad-body"),
        (b'{"text": "", "level": "info"}', 400, "bad-notice"),
        (b"[" * 8_000, 400, "bad-body"),
    ],
)
async def test_a_body_that_is_no_notice_is_refused(
    store: TokenStore, body: bytes, status: int, code: str
) -> None:
    async with House.open(tokens=store) as house:
        program = Program(house, token(store, "notify"))
        answer = await program.call(
            "POST", "/rooms/home/notices", data=body, headers={"Content-Type": "application/json"}
        )
        assert answer == (status, code)


# ---- Commands


async def test_a_command_waits_for_its_result_and_no_longer_than_its_deadline(store: TokenStore) -> None:
    async with House.open(tokens=store) as house:
        door = await house.enter(name="Door")
        path = f"/rooms/home/members/{door.welcome['talker_id']}/commands"
        program = Program(house, token(store, "command", name="Gate"))
        asking = asyncio.create_task(program.call("POST", path, json={"name": "open", "device": "gate"}))
        asked = await door.text("command")
        assert (asked["talker_id"], asked["sender"], asked["device"]) == (0, "Gate", "gate")
        await door.socket.send_json(
            {"type": "result", "id": asked["id"], "outcome": "done", "message": "open"}
        )
        assert await asking == (200, {"outcome": "done", "message": "open"})
        status, late = await program.call("POST", path, json={"name": "open", "deadline_ms": 50})
        assert (status, late["outcome"]) == (200, "timed-out")
        assert await program.call("POST", path, json={"name": ""}) == (400, "bad-command")


# ---- Announcements


async def packets_of(guest: Guest, talker_id: int) -> list[Any]:
    """All until that talker has left."""
    found = []
    while True:
        message = await asyncio.wait_for(guest.socket.receive(), PATIENCE_S)
        if message.type is aiohttp.WSMsgType.BINARY:
            found.append(message.data)
        elif message.json()["type"] == "left" and message.json()["talker_id"] == talker_id:
            return found


async def test_ogg_opus_is_said_as_it_came_in_order_and_at_its_own_pace(store: TokenStore) -> None:
    payloads = [bytes([0b01001_0_00, number]) for number in range(30)]  # SILK, 20 ms, mono
    async with House.open(tokens=store) as house:
        ada = await house.enter(name="Ada")
        program = Program(house, token(store, "speak"))
        begun = asyncio.get_running_loop().time()
        status, made = await speak(program, ogg(payloads), "audio/ogg")
        assert (status, made["name"], made["duration_s"]) == (201, "Gate", 0.6)
        heard = await packets_of(ada, made["talker_id"])
        assert asyncio.get_running_loop().time() - begun >= 0.55
        assert [packet[12:] for packet in heard] == payloads
        assert {int.from_bytes(packet[2:4], "big") for packet in heard} == {made["talker_id"]}
        assert [int.from_bytes(packet[8:12], "big") for packet in heard] == [960 * at for at in range(30)]


@pytest.mark.parametrize(
    "sound", [wav(0.3), wav(0.3, 8_000), wav(0.3, 44_100, 2)], ids=["48k", "8k", "44k stereo"]
)
async def test_a_wav_is_encoded_and_said(store: TokenStore, sound: bytes) -> None:
    async with House.open(tokens=store, studio=Recording) as house:
        ada = await house.enter(name="Ada")
        status, made = await speak(Program(house, token(store, "speak")), sound)
        assert (status, made["duration_s"]) == (201, 0.3)
        assert len(await packets_of(ada, made["talker_id"])) == 30


async def test_a_long_sound_arrives_whole_however_it_is_cut_on_the_way(store: TokenStore) -> None:
    async with House.open(tokens=store, studio=Recording) as house:
        program = Program(house, token(store, "speak"))
        status, made = await speak(program, wav(30.0))
        assert (status, made["duration_s"]) == (201, 30.0)
        path = f"/rooms/home/announcements/{made['id']}"
        assert (await program.call("DELETE", path))[0] == 204
        assert await program.call("DELETE", path) == (404, "no-announcement")


async def test_cancelling_silences_it_at_once_and_only_for_its_own_token(store: TokenStore) -> None:
    async with House.open(tokens=store, studio=Recording) as house:
        ada = await house.enter(name="Ada")
        program, other = Program(house, token(store, "speak")), Program(house, token(store, "speak"))
        _, made = await speak(program, wav(20.0))
        await ada.packet()
        path = f"/rooms/home/announcements/{made['id']}"
        assert await other.call("DELETE", path) == (403, "no-scope")
        assert (await program.call("DELETE", path))[0] == 204
        await packets_of(ada, made["talker_id"])
        assert await ada.hears_nothing()


async def test_no_more_announcements_than_the_relay_can_make_and_none_by_who_was_removed(
    store: TokenStore,
) -> None:
    async with House.open(tokens=store, studio=Recording) as house:
        program = Program(house, token(store, "speak", "moderate", "read"))
        made = [await speak(program, wav(20.0)) for _ in range(MOST)]
        assert [status for status, _ in made] == [201] * MOST
        assert await speak(program, wav(1.0)) == (429, "too-many")
        talker_id = made[0][1]["talker_id"]
        assert (await program.call("DELETE", f"/rooms/home/members/{talker_id}"))[0] == 204
        async with asyncio.timeout(PATIENCE_S):
            while (await program.call("GET", "/rooms/home"))[1]["members"] == MOST:
                await asyncio.sleep(0.01)
        assert (await speak(program, wav(1.0)))[0] == 201


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        (b"", "audio/wav", 422, "not-audio"),
        (b"hello", "audio/wav", 422, "not-audio"),
        (b"\x89PNG\r\n\x1a\n", "audio/ogg", 422, "not-audio"),
        (wav(0.1)[:40], "audio/wav", 422, "not-audio"),
        (ogg([]), "audio/ogg", 422, "not-audio"),
        (ogg([b"\xfc"], mapping=1), "audio/ogg", 422, "not-audio"),
        (ogg([b""]), "audio/ogg", 422, "not-audio"),
        (ogg([bytes(1_500)]), "audio/ogg", 422, "not-audio"),
        (ogg([b"\x03\x3f"]), "audio/ogg", 422, "not-audio"),
        (wav(0.1), "text/plain", 415, "bad-type"),
        (wav(0.1), "application/json", 413, "too-big"),
        (b'{"text": ""}', "application/json", 400, "bad-field"),
        (b'{"text": "a", "language": "xx"}', "application/json", 400, "bad-body"),
    ],
    ids=lambda value: str(value)[:20],
)
async def test_what_is_no_sound_is_refused_and_nobody_joins(
    store: TokenStore, body: bytes, kind: str, status: int, code: str
) -> None:
    async with House.open(tokens=store, studio=Recording) as house:
        ada = await house.enter(name="Ada")
        body = body if len(body) < 5_000 or kind != "application/json" else body * 3
        assert await speak(Program(house, token(store, "speak")), body, kind) == (status, code)
        assert await ada.hears_nothing()


async def test_a_sound_that_is_too_large_is_refused(store: TokenStore) -> None:
    async with House.open(tokens=store) as house:
        program = Program(house, token(store, "speak"))
        answer = await speak(program, b"RIFF" + bytes(MAX_SOUND_BYTES + 10), "audio/wav")
        assert answer == (413, "too-big")


async def test_a_sound_that_is_cut_off_in_the_middle_leaves_nothing_behind(store: TokenStore) -> None:
    secret = token(store, "speak", "read")
    async with House.open(tokens=store, studio=Recording) as house:
        ada = await house.enter(name="Ada")
        for _ in range(MOST + 1):  # a place that was not given back would be missing
            _, writer = await asyncio.open_connection("127.0.0.1", house.port)
            writer.write(
                b"POST /api/v1/rooms/home/announcements HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
                b"audio/wav\r\n"
                + f"Authorization: Bearer {secret}\r\nContent-Length: 500000\r\n\r\n".encode()
                + wav(1.0)
            )
            await writer.drain()
            writer.close()
        async with asyncio.timeout(PATIENCE_S):
            while (await speak(Program(house, secret), wav(0.1)))[0] != 201:
                await asyncio.sleep(0.05)
        assert (await ada.text("joined"))["name"] == "Gate"


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
async def test_a_text_is_spoken(store: TokenStore) -> None:
    async with House.open(tokens=store, studio=Recording) as house:
        ada = await house.enter(name="Ada")
        program = Program(house, token(store, "speak", name="Bell"))
        body = {"text": "Dinner", "language": "de", "name": "Küche"}
        status, made = await program.call("POST", "/rooms/home/announcements", json=body)
        assert (status, made["name"]) == (201, "Küche")
        assert len(await packets_of(ada, made["talker_id"])) > 20


async def test_the_tail_of_an_announcement_is_not_cut_by_its_leaving(store: TokenStore) -> None:
    payloads = [bytes([0b01001_0_00, number]) for number in range(10)]
    async with House.open(tokens=store) as house:
        ada = await house.enter(name="Ada")
        _, made = await speak(Program(house, token(store, "speak")), ogg(payloads), "audio/ogg")
        for _ in payloads:
            await ada.packet()
        last = asyncio.get_running_loop().time()
        await packets_of(ada, made["talker_id"])
        assert asyncio.get_running_loop().time() - last > 0.3


# ---- Events


async def test_what_happens_in_a_room_is_told_and_told_again_from_the_last_event_on(
    store: TokenStore,
) -> None:
    async with House.open(tokens=store) as house:
        program = Program(house, token(store, "read", "notify"))
        async with program.events() as stream:
            ada = await house.enter(name="Ada")
            joined = await stream.event("joined")
            assert (joined["room"], joined["name"]) == ("home", "Ada")
            await ada.socket.send_json({"type": "chat", "text": "Hello"})
            assert (await stream.event("chat"))["text"] == "Hello"
            await ada.socket.send_json({"type": "telemetry", "device": "", "values": {"n": 1}})
            assert (await stream.event("telemetry"))["values"] == {"n": 1}
            last = stream.last_id
        await program.call("POST", "/rooms/home/notices", json=NOTICE)
        await ada.socket.close()
        async with program.events(**{"Last-Event-ID": last}) as again:
            assert (await again.event("notice"))["text"] == NOTICE["text"]
            assert (await again.event("left"))["name"] == "Ada"
        async with program.events(**{"Last-Event-ID": "elsewhere-7"}) as stranger:
            await stranger.event("missed")


async def test_a_watcher_of_one_room_sees_nothing_of_another(store: TokenStore) -> None:
    admission = InviteStore({"home": Invite(KEY), "garage": Invite(KEY)}, HOST_KEY)
    secret = token(store, "read", room="home")
    async with House.open(admission, tokens=store) as house, Program(house, secret).events() as stream:
        await house.enter(room="garage", name="Mallory")
        await house.enter(name="Ada")
        assert (await stream.event("joined"))["name"] == "Ada"


async def test_who_talks_is_told_and_that_they_stopped(store: TokenStore) -> None:
    payloads = [bytes([0b01001_0_00, number]) for number in range(10)]
    async with House.open(tokens=store) as house:
        program = Program(house, token(store, "read", "speak"))
        async with program.events() as stream:
            await speak(program, ogg(payloads), "audio/ogg")
            assert (await stream.event("talking"))["name"] == "Gate"
            assert (await stream.event("silent"))["name"] == "Gate"


async def test_a_revoked_token_sees_no_more(store: TokenStore) -> None:
    async with House.open(tokens=store) as house:
        made, secret = store.create("board", frozenset({"read"}), "", 1.0)
        async with Program(house, secret).events() as stream:
            store.revoke(made.id)
            assert await stream.ends()


def test_a_watcher_that_never_reads_is_cut_off_and_costs_nobody_else_anything() -> None:
    events = Events()
    deaf, other = events.watch(""), events.watch("")
    assert deaf
    assert other
    for number in range(MAX_QUEUED + 1):
        events.add("chat", "home", {"n": number})
        other.take()
    assert deaf.is_cut_off
    assert not other.is_cut_off


def test_events_that_are_kept_are_bounded_in_number_and_size() -> None:
    events = Events()
    for number in range(KEPT + 10):
        events.add("chat", "home", {"n": number})
    everything = events.watch("", f"{events.series}-0")
    assert everything
    assert len(everything.take()) == KEPT
    assert events.has_lost(f"{events.series}-0")
    assert not events.has_lost(f"{events.series}-{KEPT}")
    for _ in range(100):
        events.add("chat", "home", {"text": "x" * 100_000})
    assert len(events.watch("", f"{events.series}-{KEPT}").take()) < 12  # type: ignore[union-attr]
