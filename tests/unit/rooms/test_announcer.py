"""An announcement begins with what is read, and ends when it is told to, whatever its sound is doing."""

import threading
from collections.abc import Iterator
from pathlib import Path
from time import time

import pytest
from host import hosting
from relay_fixture import House
from test_api import Program, packets_of, speak, token, wav

from streamer.client.audio.studio import Recording
from streamer.relay.access.tokens import TokenStore
from streamer.relay.rooms.announcer import READ_FIRST
from streamer.sounds import Piece, warm_up

PIECE = Piece(bytes([0b01001_0_00, 1]), 8, 20, voice=True)
"""Opus: SILK, 20 ms, mono."""


class HeldUp:
    """Its first pieces are there at once; all others take as long as the machine likes."""

    duration_s = 60.0

    def __init__(self) -> None:
        self.goes_on = threading.Event()
        self.asked: list[int] = []

    def read(self, count: int) -> list[Piece]:
        self.asked.append(count)
        if len(self.asked) > 1:
            self.goes_on.wait(60)
        return [PIECE] * count

    def close(self) -> None:
        pass


@pytest.fixture
def held_up() -> Iterator[HeldUp]:
    sound = HeldUp()
    yield sound
    sound.goes_on.set()


@pytest.fixture
def store(tmp_path: Path) -> TokenStore:
    return TokenStore(tmp_path / "tokens.json")


async def test_what_is_read_is_said_and_a_cancelled_one_ends_while_the_rest_is_held_up(
    store: TokenStore, held_up: HeldUp
) -> None:
    async with House.open(tokens=store, studio=lambda content: held_up) as house:
        ada = await house.enter(name="Ada")
        program = Program(house, token(store, "speak"))
        _, made = await speak(program, wav(0.1))
        heard = [await ada.packet() for _ in range(READ_FIRST)]
        assert [packet.talker_id for packet in heard] == [made["talker_id"]] * READ_FIRST
        assert (await program.call("DELETE", f"/rooms/home/announcements/{made['id']}"))[0] == 204
        assert await packets_of(ada, made["talker_id"]) == []
        assert not held_up.goes_on.is_set()


async def test_a_relay_that_somebody_may_have_announce_loads_the_codec_before_it_serves(
    tmp_path: Path,
) -> None:
    heard: list[bytes] = []

    def studio(content: bytes) -> HeldUp:
        heard.append(content)
        return HeldUp()

    async with hosting(tmp_path, studio=studio):
        assert heard == []
    TokenStore(tmp_path / "tokens.json").create("Gate", frozenset({"speak"}), "", time())
    async with hosting(tmp_path, studio=studio):
        assert len(heard) == 1


def test_what_is_loaded_for_the_first_sound_is_a_real_one_and_where_nothing_can_be_loaded_nothing_happens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[int] = []

    def studio(content: bytes) -> Recording:
        sound = Recording(content)
        read.append(len(Recording(content).read(1)))
        return sound

    warm_up(studio)
    assert read == [1]
    monkeypatch.setattr("tempfile.tempdir", "/proc/no/place")
    warm_up(studio)
    assert read == [1]
