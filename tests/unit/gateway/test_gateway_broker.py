"""The connection to a broker, with a real mosquitto: it comes back, and loses nothing that the broker keeps
for us."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiomqtt
import pytest
from mosquitto import Mosquitto

from streamer.client import unattended
from streamer.errors import SetupError
from streamer.gateway.broker import Broker, BrokerAddress, BrokerAwayError, LastWill, Message
from streamer.gateway.publisher import Publisher
from streamer.relay.tls.authority import Authority

PATIENCE_S = 30


@pytest.fixture(autouse=True)
def _soon_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unattended, "LONGEST_WAIT_S", 0.1)


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "mosquitto") as mosquitto:
        yield mosquitto


class Ours:
    """A `Broker` that runs, and all that it has said."""

    def __init__(self, url: str, ca_file: Path | None = None, identifier: str = "ours") -> None:
        self.told: list[str] = []
        self.messages: list[Message] = []
        will = LastWill("house/status", "offline")
        address = BrokerAddress.parse(url)
        self.broker = Broker(address, ca_file, identifier, will, ["house/+/notice"], self.told.append)
        self.broker.on_message = self.messages.append

    @property
    def payloads(self) -> list[bytes]:
        return [message.payload for message in self.messages]

    async def until(self, condition: Callable[[], object]) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not condition():
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise AssertionError(f"told: {self.told}, messages: {self.messages}") from None

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Ours"]:
        task = asyncio.create_task(self.broker.run())
        try:
            yield self
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def publish(
    mosquitto: Mosquitto, topic: str, payload: str, *, retain: bool = False, qos: int = 1
) -> None:
    async with aiomqtt.Client("127.0.0.1", mosquitto.port) as device:
        await device.publish(topic, payload, qos=qos, retain=retain)


async def first_message(mosquitto: Mosquitto, topic: str) -> str:
    async with asyncio.timeout(PATIENCE_S), aiomqtt.Client("127.0.0.1", mosquitto.port) as device:
        await device.subscribe(topic)
        async for message in device.messages:
            assert isinstance(message.payload, bytes)
            return message.payload.decode()
    raise AssertionError


async def test_what_a_device_says_arrives_and_what_we_say_is_kept(mosquitto: Mosquitto) -> None:
    async with Ours(mosquitto.url).running() as ours:
        await ours.until(lambda: ours.broker.is_here)
        await publish(mosquitto, "house/gate/notice", "somebody")
        await ours.until(lambda: ours.messages)
        assert ours.messages == [Message("house/gate/notice", b"somebody", False)]
        await ours.broker.publish("house/state", "on", retain=True)
        assert await first_message(mosquitto, "house/state") == "on"


async def test_what_can_not_be_published_is_left_out_in_words_and_the_next_is_said(
    mosquitto: Mosquitto,
) -> None:
    async with Ours(mosquitto.url).running() as ours:
        await ours.until(lambda: ours.broker.is_here)
        publisher = Publisher(ours.broker, ours.told.append)
        for topic in ("house/+/notice", "house/#", "house/gate/notice"):
            publisher.say(topic, topic)
        task = asyncio.create_task(publisher.run())
        await ours.until(lambda: ours.messages)
        task.cancel()
        assert ours.payloads == [b"house/gate/notice"]
        assert [words for words in ours.told if "left out" in words]


async def test_what_devices_say_while_we_are_away_is_kept_for_us(mosquitto: Mosquitto) -> None:
    async with Ours(mosquitto.url).running() as ours:
        await ours.until(lambda: ours.broker.is_here)
    for number in range(3):
        await publish(mosquitto, "house/gate/notice", str(number))
    async with Ours(mosquitto.url).running() as ours:
        await ours.until(lambda: len(ours.messages) == 3)
    assert ours.payloads == [b"0", b"1", b"2"]


@pytest.mark.parametrize("kill", [False, True])
async def test_a_broker_that_is_restarted_is_found_again_and_each_change_is_told_once(
    mosquitto: Mosquitto, kill: bool
) -> None:
    async with Ours(mosquitto.url).running() as ours:
        changes: list[str] = []

        async def on_here() -> None:
            changes.append("here")

        ours.broker.on_here = on_here
        ours.broker.on_away = lambda: changes.append("away")
        await ours.until(lambda: changes == ["here"])
        mosquitto.stop(kill=kill)
        await ours.until(lambda: changes == ["here", "away"])
        with pytest.raises(BrokerAwayError):
            await ours.broker.publish("house/state", "on")
        await ours.until(lambda: any("can't be reached" in line for line in ours.told))
        mosquitto.start()
        await ours.until(lambda: changes == ["here", "away", "here"])
        await publish(mosquitto, "house/gate/notice", "again")
        await ours.until(lambda: ours.payloads == [b"again"])
    assert sum("can't be reached" in line for line in ours.told) <= 2, ours.told


async def test_a_broker_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    mosquitto = Mosquitto(tmp_path / "late")
    async with Ours(mosquitto.url).running() as ours:
        await ours.until(lambda: ours.told)
        with mosquitto:
            await ours.until(lambda: ours.broker.is_here)


async def test_a_message_that_is_longer_than_we_take_stays_with_the_broker(mosquitto: Mosquitto) -> None:
    async with Ours(mosquitto.url).running() as ours:
        await ours.until(lambda: ours.broker.is_here)
        await publish(mosquitto, "house/gate/notice", "x" * 10_000_000)
        await publish(mosquitto, "house/gate/notice", "short")
        await ours.until(lambda: ours.messages)
    assert ours.payloads == [b"short"]


async def test_user_and_password_let_us_in_and_wrong_ones_are_said_without_the_password(
    tmp_path: Path,
) -> None:
    with Mosquitto(tmp_path / "closed", passwords={"house": "s3cret!"}) as mosquitto:
        good = f"mqtt://house:s3cret%21@127.0.0.1:{mosquitto.port}"
        async with Ours(good).running() as ours:
            await ours.until(lambda: ours.broker.is_here)
        async with Ours(good.replace("s3cret", "wr0ng"), identifier="other").running() as ours:
            await ours.until(lambda: ours.told)
            assert "wr0ng" not in str(ours.told)
            assert "Not authorized" in ours.told[0]


async def test_with_tls_the_broker_is_checked_by_its_authority(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    leaf = authority.leaf(["localhost"], ["127.0.0.1"])
    options = [f"certfile {leaf.cert}", f"keyfile {leaf.key}"]
    with Mosquitto(tmp_path / "secure", *options) as mosquitto:
        url = mosquitto.url.replace("mqtt:", "mqtts:")
        async with Ours(url, authority.certificate_path).running() as ours:
            await ours.until(lambda: ours.broker.is_here)
        other = Authority(tmp_path / "other").certificate_path
        async with Ours(url, other, identifier="other").running() as ours:
            await ours.until(lambda: any("certificate verify failed" in line for line in ours.told))


@pytest.mark.parametrize(
    "url",
    [
        "", "broker", "http://broker", "mqtt://", "mqtt://:1883", "mqtt://broker:0", "mqtt://broker:99999",
        "mqtt://broker/topic", "mqtt://broker?x=1", "mqtt://[::1", "mqtt://bro\nker",
    ],
)  # fmt: skip
def test_what_is_no_address_of_a_broker_is_refused_in_words(url: str) -> None:
    with pytest.raises(SetupError, match="the address of the broker"):
        BrokerAddress.parse(url)


def test_an_address_is_shown_without_its_password() -> None:
    address = BrokerAddress.parse("mqtts://ann:p%40ss@[fd00::1]")
    assert (address.user, address.password, address.port) == ("ann", "p@ss", 8883)
    assert str(address) == "mqtts://[fd00::1]:8883"
    assert "p@ss" not in repr(address)


def test_an_authority_that_is_none_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    for path in (tmp_path / "ca.pem", tmp_path / "missing.pem"):
        with pytest.raises(SetupError, match="not a readable certificate authority"):
            Ours("mqtts://broker", path)
