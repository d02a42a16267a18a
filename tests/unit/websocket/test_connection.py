"""A connection after the takeover, over real sockets: handshake, messages, closing, fan-out, what waits and
goes."""

import asyncio
import socket
import time
from contextlib import asynccontextmanager

import pytest
import uvloop
from connection_limits import usual_limits
from echo_server import LIMITS, Echo, start
from rfc6455_oracle import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Frame, parse

from streamer.websocket.connection import Connection
from streamer.websocket.fanout import Fanout
from streamer.websocket.sink import Flusher
from streamer.wire.packet import Packet

REQUEST = (
    b"GET /anything?x HTTP/1.1\r\nHost: localhost\r\nUpgrade: WebSocket\r\nConnection: keep-alive, "
    b"Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
ACCEPT = b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
PACKET = Packet(seq=7, timestamp=480, payload=bytes(84)).serialize()
LOOPS = pytest.mark.parametrize(
    "loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"]
)


def run(coroutine, loop=uvloop.new_event_loop):
    with asyncio.Runner(loop_factory=loop) as runner:
        return runner.run(asyncio.wait_for(coroutine, 30))


class Peer:
    """The other end, by hand."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.received = b""

    async def send(self, *frames):
        self.writer.write(
            b"".join(frame if isinstance(frame, bytes) else frame.serialize() for frame in frames)
        )
        await self.writer.drain()

    async def receive(self, count):
        """The next `count` messages, as (opcode, payload)."""
        while len(messages := self._parsed()) < count:
            data = await self.reader.read(1 << 20)
            assert data, f"the connection ended after {messages}"
            self.received += data
        self.received = self.received[sum(self._size(message) for message in messages[:count]) :]
        return messages[:count]

    async def rest(self):
        """All messages until the end of the connection."""
        self.received += await self.reader.read()
        return self._parsed()

    def _parsed(self):
        messages, failure = parse(self.received, from_client=False, max_message_bytes=1 << 26)
        assert not failure
        return messages

    @staticmethod
    def _size(message):
        return len(Frame(*message, key=None).serialize())


@asynccontextmanager
async def serving(make_connection):
    """Gives a function that connects a Peer, after its handshake."""
    runner, port = await start(0, make_connection)
    peers = []

    async def connect(receive_buffer=None, behind=b""):
        sock = socket.socket()
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
        peer = Peer(*await asyncio.open_connection(sock=sock, limit=1 << 16))
        peer.writer.write(REQUEST + behind)
        head = await peer.reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 ")
        assert ACCEPT in head
        peers.append(peer)
        return peer

    try:
        yield connect
    finally:
        for peer in peers:
            peer.writer.close()
        await runner.cleanup()


@asynccontextmanager
async def echoing(limits=LIMITS):
    flusher = Flusher(asyncio.get_running_loop())
    async with serving(lambda: Echo(flusher, limits)) as connect:
        yield connect


# Section 4.2: the opening handshake


async def answer(request):
    flusher = Flusher(asyncio.get_running_loop())
    runner, port = await start(0, lambda: Echo(flusher, LIMITS))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    await runner.cleanup()
    return head


@pytest.mark.parametrize(
    ("line", "instead", "status"),
    [
        (b"GET", b"POST", 400),
        (b"HTTP/1.1", b"HTTP/1.0", 400),
        (b"Upgrade: WebSocket\r\n", b"", 400),
        (b"Upgrade: WebSocket\r\n", b"Upgrade: h2c\r\n", 400),
        (b"Connection: keep-alive, Upgrade\r\n", b"Connection: keep-alive\r\n", 400),
        (b"Sec-WebSocket-Version: 13\r\n", b"", 400),
        (b"Sec-WebSocket-Version: 13\r\n", b"Sec-WebSocket-Version: 8\r\n", 400),
        (b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", b"", 400),
        (b"dGhlIHNhbXBsZSBub25jZQ==", b"dGhlIHNhbXBsZQ==", 400),
        (b"dGhlIHNhbXBsZSBub25jZQ==", b"not base64 at all!======", 400),
        (b"\r\n\r\n", b"\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", 400),
    ],
)
def test_a_bad_opening_handshake_is_refused_before_any_upgrade(line, instead, status):
    assert run(answer(REQUEST.replace(line, instead))).split()[1] == b"%d" % status


def test_the_version_that_is_spoken_is_told():
    assert b"Sec-WebSocket-Version: 13\r\n" in run(answer(REQUEST.replace(b"Version: 13", b"Version: 25")))


def test_a_request_in_pieces_is_answered():
    async def scenario():
        flusher = Flusher(asyncio.get_running_loop())
        runner, port = await start(0, lambda: Echo(flusher, LIMITS))
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for octet in REQUEST:
            writer.write(bytes([octet]))
            await asyncio.sleep(0)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
        writer.close()
        await runner.cleanup()

    run(scenario())


@LOOPS
def test_frames_that_come_right_behind_the_handshake_are_not_lost(loop):
    async def scenario():
        frames = [Frame(TEXT, b"early"), Frame(PING, b"bird"), Frame(BINARY, b"x" * 300_000)]
        async with echoing() as connect:
            peer = await connect(behind=b"".join(frame.serialize() for frame in frames))
            assert await peer.receive(3) == [(TEXT, b"early"), (PONG, b"bird"), (BINARY, b"x" * 300_000)]

    run(scenario(), loop)


# Sections 5 and 6: messages


@LOOPS
@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 1 << 20])
def test_a_message_of_any_size_comes_back(loop, size):
    async def scenario():
        async with echoing() as connect:
            peer = await connect()
            await peer.send(Frame(TEXT, b"a" * size), Frame(BINARY, b"\xff" * size))
            assert await peer.receive(2) == [(TEXT, b"a" * size), (BINARY, b"\xff" * size)]

    run(scenario(), loop)


def test_the_longest_message_comes_back_and_a_longer_one_closes_with_1009():
    async def scenario():
        longest = b"m" * (32 << 20)
        async with echoing() as connect:
            peer = await connect()
            peer.writer.write(b"\x82\xff" + len(longest).to_bytes(8, "big") + bytes(4) + longest)
            size = 0
            while size < len(longest) + 10:
                size += len(await peer.reader.read(1 << 22))
            await peer.send(b"\x82\xff" + (len(longest) + 1).to_bytes(8, "big") + bytes(4))
            (close,) = await peer.rest()
            assert close[1][:2] == (1009).to_bytes(2, "big")

    run(scenario())


def test_what_comes_byte_by_byte_comes_back():
    async def scenario():
        frames = [
            Frame(TEXT, "Grü".encode(), fin=False),
            Frame(PING, b"p"),
            Frame(CONTINUATION, "ße".encode()),
        ]
        async with echoing() as connect:
            peer = await connect()
            for octet in b"".join(frame.serialize() for frame in frames):
                await peer.send(bytes([octet]))
                await asyncio.sleep(0)
            assert await peer.receive(2) == [(PONG, b"p"), (TEXT, "Grüße".encode())]

    run(scenario())


def test_ten_thousand_messages_come_back_in_order():
    async def scenario():
        async with echoing() as connect:
            peer = await connect()
            sending = asyncio.create_task(peer.send(*[Frame(TEXT, b"%d" % i) for i in range(10_000)]))
            received = b""
            expected = b"".join(Frame(TEXT, b"%d" % i, key=None).serialize() for i in range(10_000))
            while len(received) < len(expected):
                received += await peer.reader.read(1 << 20)
            await sending
            assert received == expected

    run(scenario())


# Section 7: closing


@LOOPS
@pytest.mark.parametrize(
    ("payload", "answered"), [(b"", b""), (b"\x03\xe8", b"\x03\xe8"), (b"\x0f\xa0bye", b"\x0f\xa0")]
)
def test_a_close_frame_is_answered_with_its_code_and_the_end(loop, payload, answered):
    async def scenario():
        async with echoing() as connect:
            peer = await connect()
            await peer.send(Frame(TEXT, b"last"), Frame(CLOSE, payload), Frame(TEXT, b"too late"))
            assert await peer.rest() == [(TEXT, b"last"), (CLOSE, answered)]

    run(scenario(), loop)


@LOOPS
@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (Frame(TEXT, key=None), 1002),
        (Frame(TEXT, rsv=4), 1002),
        (Frame(3), 1002),
        (Frame(CONTINUATION), 1002),
        (Frame(PING, fin=False), 1002),
        (Frame(BINARY, b"x", length_bytes=8), 1002),
        (Frame(CLOSE, b"\x03\xed"), 1002),
        (Frame(TEXT, b"\xff"), 1007),
        (Frame(CLOSE, b"\x03\xe8\xff"), 1007),
    ],
)
def test_a_violation_closes_with_its_code_and_is_counted(loop, frame, code):
    async def scenario():
        flusher = Flusher(asyncio.get_running_loop())
        async with serving(lambda: Echo(flusher, LIMITS)) as connect:
            peer = await connect()
            await peer.send(frame, Frame(TEXT, b"not read"))
            ((opcode, payload),) = await peer.rest()
            assert (opcode, int.from_bytes(payload[:2], "big")) == (CLOSE, code)
            assert payload[2:].decode()
            assert sum(flusher.traffic.failures.values()) == 1

    run(scenario(), loop)


class Noted(Connection, asyncio.Protocol):
    """Notes what it is told."""

    def __init__(self, *args):
        super().__init__(*args)
        self.notes = []

    def on_text(self, text):
        self.notes.append(text)
        if text == "fail":
            raise RuntimeError("a bug in the session")

    def on_close(self, code, reason):
        self.notes.append(code)

    def on_shed(self, packets):
        self.notes.append(f"shed {packets}")


def test_a_close_of_ours_ends_when_the_peer_has_answered():
    async def scenario():
        flusher, made = Flusher(asyncio.get_running_loop()), []
        async with serving(lambda: made.append(Noted(flusher, usual_limits())) or made[-1]) as connect:
            peer = await connect()
            made[0].close(4401, "not admitted " * 20)
            assert made[0].notes == [4401]
            ((opcode, payload),) = await peer.receive(1)
            assert (opcode, payload[:2], len(payload)) == (CLOSE, (4401).to_bytes(2, "big"), 125)
            await peer.send(Frame(TEXT, b"ignored"), Frame(CLOSE, payload[:2]))
            assert await peer.rest() == []
            made[0].close()
            assert made[0].notes == [4401], "on_close comes once"

    run(scenario())


def test_a_peer_that_never_answers_a_close_is_cut_off():
    async def scenario():
        flusher, made = Flusher(asyncio.get_running_loop()), []
        async with serving(
            lambda: made.append(Noted(flusher, usual_limits(close_s=1))) or made[-1]
        ) as connect:
            peer = await connect()
            made[0].close()
            await asyncio.sleep(0.01)
            made[0].tick(time.monotonic_ns() // 1000)
            assert not peer.reader.at_eof()
            made[0].tick(time.monotonic_ns() // 1000 + 1_100_000)
            assert [opcode for opcode, _ in await peer.rest()] == [CLOSE]

    run(scenario())


def test_a_lost_connection_is_1006_and_an_exception_of_the_session_1011():
    async def scenario():
        flusher, made = Flusher(asyncio.get_running_loop()), []
        reported = []
        asyncio.get_running_loop().set_exception_handler(
            lambda loop, context: reported.append(context["exception"])
        )
        async with serving(lambda: made.append(Noted(flusher, usual_limits())) or made[-1]) as connect:
            lost, failing = await connect(), await connect()
            lost.writer.transport.abort()
            await failing.send(Frame(TEXT, b"fail"))
            ((_, payload),) = await failing.receive(1)
            assert payload[:2] == (1011).to_bytes(2, "big")
            while not made[0].notes:
                await asyncio.sleep(0.01)
            assert made[0].notes == [1006]
            assert made[1].notes == ["fail", 1011]
            assert [type(error) for error in reported] == [RuntimeError]

    run(scenario())


# Care


def test_a_quiet_peer_is_pinged_and_a_silent_one_closed_with_4408():
    async def scenario():
        flusher, made = Flusher(asyncio.get_running_loop()), []
        async with serving(lambda: made.append(Noted(flusher, usual_limits())) or made[-1]) as connect:
            peer = await connect()
            now_s = time.monotonic_ns() // 1_000_000_000
            for second in range(1, 62):
                made[0].tick((now_s + second) * 1_000_000)
            assert await peer.receive(2) == [(PING, b"")] * 2
            made[0].tick((now_s + 62) * 1_000_000)
            ((opcode, payload),) = await peer.receive(1)
            assert (opcode, payload[:2]) == (CLOSE, (4408).to_bytes(2, "big"))

    run(scenario())


def test_after_we_were_held_up_ourselves_a_peer_is_asked_before_it_is_given_up():
    async def scenario():
        flusher, made = Flusher(asyncio.get_running_loop()), []
        async with serving(lambda: made.append(Noted(flusher, usual_limits())) or made[-1]) as connect:
            peer = await connect()
            later_s = time.monotonic_ns() // 1_000_000_000 + 1_000
            made[0].tick(later_s * 1_000_000)
            assert await peer.receive(1) == [(PING, b"")]
            for second in range(1, 41):
                made[0].tick((later_s + second) * 1_000_000)
            ((opcode, payload),) = (await peer.receive(2))[1:]
            assert (opcode, payload[:2]) == (CLOSE, (4408).to_bytes(2, "big"))

    run(scenario())


def test_more_messages_than_allowed_close_with_4429():
    async def scenario():
        async with echoing(usual_limits(messages_per_s=50)) as connect:
            peer = await connect()
            await peer.send(*[Frame(TEXT, b"x")] * 150, Frame(CLOSE))
            messages = await peer.rest()
            assert messages[-1][1][:2] == (4429).to_bytes(2, "big")
            assert 120 <= len(messages) <= 130, "2.5 seconds' worth may come at once"

    run(scenario())


def test_a_peer_that_does_not_read_while_text_piles_up_is_closed():
    async def scenario():
        async with echoing(usual_limits(backlog_bytes=100_000, messages_per_s=1e6)) as connect:
            peer = await connect(receive_buffer=4096)
            flood = [Frame(TEXT, b"x" * 10_000)] * 1_000
            with pytest.raises(ConnectionError):
                await peer.send(*flood)

    run(scenario())


# The fan-out


@asynccontextmanager
async def room(deadline_ms=120, limits=None):
    flusher, fanout, made = Flusher(asyncio.get_running_loop(), deadline_ms=deadline_ms), Fanout(), []

    def make():
        member = Noted(flusher, limits or usual_limits())
        made.append(member)
        member.talker_id, member.fanout = len(made), fanout
        fanout.add(member)
        return member

    async with serving(make) as connect:
        yield connect, flusher, made


@LOOPS
def test_a_packet_reaches_everyone_else_stamped_and_otherwise_as_it_came(loop):
    async def scenario():
        async with room() as (connect, flusher, _made):
            ada, grace, joan = [await connect() for _ in range(3)]
            await ada.send(Frame(BINARY, PACKET))
            stamped = PACKET[:2] + b"\x00\x01" + PACKET[4:]
            assert await grace.receive(1) == await joan.receive(1) == [(BINARY, stamped)]
            await grace.send(Frame(BINARY, PACKET))
            assert await ada.receive(1) == [(BINARY, PACKET[:2] + b"\x00\x02" + PACKET[4:])]
            assert (flusher.traffic.packets_in, flusher.traffic.deliveries) == (2, 4)

    run(scenario(), loop)


@pytest.mark.parametrize(
    "data",
    [
        PACKET[:12],
        PACKET + bytes(1500),
        b"\x20" + PACKET[1:],
        b"\x11" + PACKET[1:],
        PACKET[:3] + b"\x01" + PACKET[4:],
    ]
    + [PACKET[:7] + bytes([duration]) + PACKET[8:] for duration in (0, 3, 5, 23, 25, 255)],
)
def test_what_is_no_packet_goes_to_the_session_and_to_nobody_else(data):
    async def scenario():
        async with room() as (connect, _flusher, _made):
            ada, grace = await connect(), await connect()
            seen = []
            Noted.on_binary = lambda self, data: seen.append(data)
            try:
                await ada.send(Frame(BINARY, data), Frame(BINARY, PACKET))
                assert len(await grace.receive(1)) == 1
            finally:
                del Noted.on_binary
            assert seen == [data]

    run(scenario())


def test_packets_that_come_together_leave_in_one_write():
    async def scenario():
        async with room() as (connect, flusher, _made):
            ada, grace = await connect(), await connect()
            await ada.send(*[Frame(BINARY, PACKET)] * 50)
            assert len(await grace.receive(50)) == 50
            assert flusher.traffic.deliveries == 50
            assert flusher.traffic.writes < 10

    run(scenario())


async def keep_sending_the_last(talker):
    """A machine that is held up for longer than the deadline drops it."""
    while True:
        await talker.send(Frame(BINARY, Packet(seq=9999, timestamp=0, payload=b"last").serialize()))
        await asyncio.sleep(0.2)


@LOOPS
def test_a_listener_that_stops_reading_gets_fresh_voice_and_all_its_text_when_it_reads_again(loop):
    async def scenario():
        async with room(deadline_ms=100) as (connect, flusher, made):
            ada, deaf, grace = await connect(), await connect(receive_buffer=4096), await connect()
            sent = 1_000
            deaf.writer.transport.pause_reading()
            for seq in range(sent):  # 1.5 s of voice, of which 100 ms may wait
                await ada.send(Frame(BINARY, Packet(seq=seq, timestamp=0, payload=bytes(84)).serialize()))
                if seq % 10 == 0:
                    made[1].send_text(f"text {seq // 10}")
                await asyncio.sleep(0.0015)
            heard = await grace.receive(sent)
            assert [Packet.parse(data).seq for _, data in heard] == list(range(sent))
            assert flusher.traffic.shed_late > 100

            deaf.writer.transport.resume_reading()
            messages = []
            async with asyncio.TaskGroup() as tasks:
                ending = tasks.create_task(keep_sending_the_last(ada))
                while not messages or messages[-1][1][12:] != b"last":
                    messages += await deaf.receive(1)
                ending.cancel()
            texts = [data.decode() for opcode, data in messages if opcode == TEXT]
            assert texts == [f"text {i}" for i in range(100)]
            seqs = [Packet.parse(data).seq for opcode, data in messages if opcode == BINARY]
            assert seqs == sorted(seqs)
            gap = max(range(1, len(seqs)), key=lambda i: seqs[i] - seqs[i - 1])
            assert seqs[gap] > sent - 200, "after the gap comes what is younger than the deadline"

    run(scenario(), loop)


def test_a_listener_is_told_once_it_can_hear_again_how_much_was_shed():
    async def scenario():
        async with room(deadline_ms=20) as (connect, flusher, made):
            ada, deaf = await connect(), await connect(receive_buffer=4096)
            deaf.writer.transport.pause_reading()
            for _ in range(400):
                await ada.send(Frame(BINARY, PACKET))
                await asyncio.sleep(0.001)
            made[1].tick(time.monotonic_ns() // 1000)
            assert made[1].notes == [], "not while nothing can reach it"
            deaf.writer.transport.resume_reading()
            while not made[1].notes:  # what waited for the listener has to go first
                await asyncio.sleep(0.01)
                made[1].tick(time.monotonic_ns() // 1000)
            assert made[1].notes == [f"shed {flusher.traffic.shed_late}"]

    run(scenario())
