# cython: language_level=3, boundscheck=False, wraparound=False
"""One WebSocket connection after its handshake, for both roles (RFC 6455, sections 5 to 7).

It is an asyncio protocol: a handshake done by somebody else ends in `attach(transport)`. From then on a
packet goes from `data_received` through the parser to every listener of `fanout` within one call; all other
messages, also binary ones that are no packets, go to the `on_…` methods, which a subclass overrides.
`on_close` comes once, when the connection stops being open.

    OPEN ── we close ──→ CLOSING ── the peer's close frame, or close_s ──→ CLOSED
      ├──── the peer closes: its close frame is answered ────────────────→ CLOSED
      ├──── the peer broke the protocol: close frame, half-close ──→ CLOSING
      └──── the transport is lost ───────────────────────────────────────→ CLOSED

Time is read once for each chunk received; `tick` is told it, once a second or so.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.stdint cimport int32_t, int64_t, uint32_t
from libc.string cimport memcpy

from streamer.websocket.budget cimport Budget, Limits
from streamer.websocket.fanout cimport Fanout
from streamer.websocket.sink cimport RECEIVE_BYTES, Flusher, Sink, monotonic_us
from streamer.websocket.frames cimport BINARY, CLOSE, FAILED, NEED_DATA, PING, PONG, TEXT
from streamer.websocket.frames cimport Event, FrameParser, serialize
from streamer.websocket.mask cimport MaskingKeys

from streamer.websocket.violations import FAILURES


cdef bint is_packet(const unsigned char* payload, Py_ssize_t size) noexcept nogil:
    """Whether a client may send this as a packet (wire/PROTOCOL.md, Packets)."""
    if size <= PACKET_HEADER_BYTES or size > LONGEST_PACKET or payload[0] != 0x10:
        return False
    return payload[2] == payload[3] == 0 and payload[7] <= 24 and DURATIONS >> payload[7] & 1


cdef Limits NO_LIMITS = Limits.__new__(Limits)
"""Of a connection that was made without its `__init__`: it takes no message."""


cdef class Connection(Sink):
    def __cinit__(self):
        self._state = CLOSED
        self.may_talk = True
        self.limits = NO_LIMITS
        self._parser = FrameParser(from_client=True, max_message_bytes=0)

    def __init__(self, Flusher flusher not None, Limits limits not None, *, bint is_client=False):
        """Raises RuntimeError where it is attached already."""
        Sink.__init__(self, flusher)
        self.limits = limits
        self._parser = FrameParser(from_client=not is_client, max_message_bytes=limits.max_message_bytes)
        self._keys = MaskingKeys() if is_client else None
        self._pongs = Budget(PONGS_PER_S, PONGS_BURST)
        self._state = CLOSED

    # what an owner overrides

    def on_open(self): ...

    def on_text(self, text): ...

    def on_binary(self, data): ...

    def on_shed(self, packets): ...

    def on_close(self, code, reason): ...

    def on_error(self, error):
        """One of these methods raised `error`; the connection is closed then."""
        self.flusher.report(error, self)

    # what an owner calls

    def attach(self, transport, *, bint is_direct=False):
        """Begin. `is_direct`: the transport is a plain TCP socket's, so that frames may go straight to it.

        Raises RuntimeError where it is attached already, or was made without `__init__`.
        """
        if self.transport is not None or self.limits is NO_LIMITS:
            raise RuntimeError("this connection can't be attached")
        self.attach_sink(transport, is_direct)
        self._heard_us = self._pinged_us = self._ticked_us = monotonic_us()
        self._state = OPEN
        self.on_open()

    @property
    def is_open(self):
        return self._state == OPEN

    def send_text(self, str text not None):
        self.send_frame(self.serialize(TEXT, text.encode()))

    def send_binary(self, bytes data not None):
        self.send_frame(self.serialize(BINARY, data))

    def send_packet(self, bytes packet not None):
        """Send voice: in time or not at all."""
        if self._state == OPEN:
            self.push_voice(self.serialize(BINARY, packet), monotonic_us())

    def send_frame(self, bytes frame not None):
        """Send a frame of `serialize`; a relay makes one for all the members of a room."""
        if self._state == OPEN:
            self._send_control(frame)

    def serialize(self, int opcode, bytes payload not None):
        cdef const unsigned char* data = <const unsigned char*>PyBytes_AS_STRING(payload)
        return serialize(opcode, data, PyBytes_GET_SIZE(payload), self._keys)

    def close(self, int code=1000, str reason=""):
        """Begin the closing handshake (section 7.1.2); the reason is cut to fit."""
        if self._state != OPEN:
            return
        self._send_close(code.to_bytes(2, "big") + reason.encode()[:123].decode(errors="ignore").encode())
        self.on_close(code, reason)

    def abort(self):
        """End at once, without a word to the peer."""
        self._abort()

    def tick(self, int64_t now_us):
        """Once a second: ping a quiet peer, give up a silent one, finish a close, report what was shed."""
        # What the peer said meanwhile has not been read yet: ask it first.
        if now_us - self._ticked_us > HELD_UP_US:
            self._heard_us = self._pinged_us = now_us - self.limits.ping_us - 1
        self._ticked_us = now_us
        if self._state == CLOSING and now_us > self._close_by_us:
            self._abort()
            self._end()
        if self._state == OPEN and self._over_us:
            self._judge(now_us)
        if self._state != OPEN:
            return
        if now_us - self._heard_us > self.limits.idle_us:
            self.close(IDLE, "idle")
        elif now_us - max(self._heard_us, self._pinged_us) > self.limits.ping_us:
            self._pinged_us = now_us
            self._send_control(self.serialize(PING, b""))
        if self.shed_unreported and not self.is_blocked:
            shed, self.shed_unreported = self.shed_unreported, 0
            self.on_shed(shed)

    # what the transport calls

    def data_received(self, bytes data not None):
        """Copied, to be unmasked in place: for one packet that costs less than asyncio's buffered protocols.

        Raises RuntimeError where one of this connection's own `on_…` methods calls it.
        """
        cdef Flusher flusher = self.flusher
        cdef unsigned char* room
        cdef int64_t now_us = monotonic_us()
        if self._is_receiving:
            raise RuntimeError("what came before is still being handled")
        flusher.note_alive(now_us)
        self._note_held_up(now_us)
        self._heard_us = now_us
        flusher.traffic.bytes_in += PyBytes_GET_SIZE(data)
        if not flusher.is_receiving:
            flusher.is_receiving = self._is_receiving = True
            try:
                self._receive(flusher.received, data, now_us)
            finally:
                flusher.is_receiving = self._is_receiving = False
            return
        # What came for another connection has led here: its bytes are still in the shared room.
        room = <unsigned char*>PyMem_Malloc(RECEIVE_BYTES)
        if room == NULL:
            raise MemoryError
        self._is_receiving = True
        try:
            self._receive(room, data, now_us)
        finally:
            self._is_receiving = False
            PyMem_Free(room)

    cdef int _receive(self, unsigned char* room, bytes data, int64_t now_us) except -1:
        """Parse what came, in a room of RECEIVE_BYTES that is the parser's alone until it needs more."""
        cdef const char* start = PyBytes_AS_STRING(data)
        cdef Py_ssize_t taken = 0, size = PyBytes_GET_SIZE(data), part
        if self._state == OPEN and not self._takes_bytes(size, now_us):
            self._stop_reading()
            return 0
        while taken < size and self._state != CLOSED:
            part = min(size - taken, <Py_ssize_t>RECEIVE_BYTES)
            memcpy(room, start + taken, part)
            self._parser.feed(room, part)
            try:
                self._take_messages(now_us)
            finally:
                self._parser.feed(NULL, 0)  # it keeps nothing of a room that is not its own
            taken += part
        return 0

    def eof_received(self): ...  # None, so that the transport closes

    def connection_lost(self, exc):
        was_open = self._state == OPEN
        self._end()
        if was_open:
            self.on_close(LOST, "the connection was lost")

    cdef int _take_messages(self, int64_t now_us) except -1:
        cdef Event event
        try:
            while self._state != CLOSED:
                event = self._parser.next_event()
                if event == NEED_DATA:
                    return 0
                if event == FAILED:
                    self._fail()
                    return 0
                self._take_message(now_us)
        except Exception as error:
            self.on_error(error)
            self.close(FAILED_HERE, "internal error")
        return 0

    cdef int _take_message(self, int64_t now_us) except -1:
        cdef FrameParser message = self._parser
        if message.opcode == CLOSE:
            self._take_close()
            return 0
        if self._state != OPEN:
            return 0
        self.flusher.traffic.messages_in += 1
        if self._is_too_fast(now_us):
            self._stop_reading()
        elif message.opcode == BINARY and is_packet(message.payload, message.payload_size):
            self._take_voice(now_us)
        elif message.opcode == BINARY:
            self.on_binary(PyBytes_FromStringAndSize(<char*>message.payload, message.payload_size))
        elif message.opcode == TEXT:
            self.on_text(PyUnicode_DecodeUTF8(<char*>message.payload, message.payload_size, NULL))
        # Of many pings not each is due one (section 5.5.3).
        elif message.opcode == PING and self._pongs.take(1, now_us):
            self._send_control(serialize(PONG, message.payload, message.payload_size, self._keys))
        return 0

    cdef int _take_voice(self, int64_t now_us) except -1:
        cdef FrameParser message = self._parser
        if self._keys is None and self._is_stale(message.payload, now_us):
            self.flusher.traffic.shed_held_up += 1
        elif not self.may_talk:
            self.flusher.traffic.shed_not_allowed += 1
        elif self.fanout is not None:
            self._take_packet(now_us)
        else:
            self.on_binary(PyBytes_FromStringAndSize(<char*>message.payload, message.payload_size))
        return 0

    cdef int _take_packet(self, int64_t now_us) except -1:
        """Stamp the packet and give it to the room. The relay looks at nothing behind the header."""
        cdef unsigned char* packet = self._parser.payload
        packet[2], packet[3] = self.talker_id >> 8, self.talker_id & 0xFF
        self.flusher.traffic.packets_in += 1
        if packet[1] & VOICE_ACTIVITY:
            self.voiced_us = now_us
        if packet[7] < USUAL_DURATION and self.fanout.is_crowded():  # the short ones go first
            self.sends_too_short = True
            self.flusher.traffic.shed_crowded += 1
            return 0
        if self.deliveries is not None and not self.deliveries.take(len(self.fanout), now_us):
            if self.fanout.is_crowded():  # the other addresses of the room go first
                self.flusher.traffic.shed_crowded += 1
                return 0
        self.fanout.push(serialize(BINARY, packet, self._parser.payload_size, None), self, now_us)
        return 0

    cdef bint _is_too_fast(self, int64_t now_us) noexcept:
        """So much as a client keeps of a stall may come at once; and what came while the loop was held up."""
        cdef int64_t window_us = BURST_MESSAGES_US + (self.flusher.held_us if self._catches_up else 0)
        self._rate_us = max(self._rate_us, now_us - window_us) + self.limits.message_us
        return self._rate_us > now_us

    cdef bint _takes_bytes(self, Py_ssize_t size, int64_t now_us) noexcept:
        """Likewise for bytes of any kind: fragments and frames that are no messages cost time as well."""
        cdef double byte_us = self.limits.byte_us
        cdef double window_us = BURST_BYTES * byte_us + (self.flusher.held_us if self._catches_up else 0)
        self._bytes_due_us = max(self._bytes_due_us, now_us - window_us) + size * byte_us
        return self._bytes_due_us <= now_us or size * byte_us < 1

    cdef int _stop_reading(self) except -1:
        """Close with 4429. What still comes stays unread: TCP holds up who sends it, and the tick ends it."""
        self.close(TOO_FAST, "too-fast")
        self.flush(monotonic_us())
        if self.transport is not None:
            self.transport.pause_reading()

    cdef void _note_held_up(self, int64_t now_us) noexcept:
        """What is read first after the loop was held up had waited; so may have what follows, for a while."""
        cdef int64_t since_us = now_us - self.flusher.resumed_us
        cdef bint waited = self._heard_us < self.flusher.resumed_us
        self._catches_up = since_us < CATCH_UP_US and (self._catches_up or waited)

    cdef bint _is_stale(self, const unsigned char* packet, int64_t now_us) noexcept:
        """Whether this packet waited for us longer than voice may.

        The kernel does not say when it came. But a packet says when it was captured, and the fastest ones of
        this talker told how far that is from its arrival: what is beyond that, it waited. One that did not
        wait ends the search, since TCP keeps the order. Of a talker not heard before, it drops what comes.
        """
        cdef uint32_t captured = <uint32_t>packet[8] << 24 | packet[9] << 16 | packet[10] << 8 | packet[11]
        cdef uint32_t offset = <uint32_t>(now_us * 6 // 125) - captured  # 48 samples a ms
        cdef int64_t late_us = <int64_t><int32_t>(offset - self._base) * 125 // 6
        if self._catches_up and self._has_base:
            self._catches_up = not -self.flusher.deadline_us < late_us <= self.flusher.deadline_us
        elif self._catches_up:
            self._catches_up = now_us - self.flusher.resumed_us < STRANGER_US
        if self._catches_up:
            return True
        if not self._has_base or late_us < 0 or late_us > OTHER_CLOCK_US:
            self._base, self._has_base = offset, True
        else:
            self._base += <uint32_t>(<int32_t>(offset - self._base) >> 8)  # clocks drift apart
        return False

    cdef int _take_close(self) except -1:
        payload = PyBytes_FromStringAndSize(<char*>self._parser.payload, self._parser.payload_size)
        was_open = self._state == OPEN
        if was_open:
            self.closed_by_peer = True
            self._send_close(payload[:2])
        self._closes_when_written = self._keys is None  # a client lets the server close first (section 7.1.1)
        self.flusher.mark(self)
        if was_open:
            self.on_close(int.from_bytes(payload[:2], "big") or NO_CODE, payload[2:].decode())
        return 0

    cdef int _fail(self) except -1:
        """Fail the connection (section 7.1.7). What still comes is dropped until the peer has seen why."""
        if self._state != OPEN or not self._parser.failure:
            return 0
        self.flusher.traffic.failed[<int>self._parser.failure] += 1
        kind = FAILURES[<int>self._parser.failure]
        self.close(kind.close_code, kind.text)
        self.flush(monotonic_us())
        if self.transport is not None and self.outbox.is_empty() and self.transport.can_write_eof():
            self.transport.write_eof()
        return 0

    cdef int _send_control(self, bytes frame) except -1:
        self.push_control(frame)
        if self.outbox.control_bytes > self.limits.backlog_bytes:
            self._judge(monotonic_us())

    cdef int _judge(self, int64_t now_us) except -1:
        """Give up a peer that leaves a backlog for READS_WITHIN_US. First it gets what it would take now.

        A burst says nothing about who it was sent to; only the memory that it takes is bounded at once.
        """
        self.flush(now_us)
        cdef Py_ssize_t left = self.outbox.control_bytes, backlog = self.limits.backlog_bytes
        if left <= backlog or self._state == CLOSED:
            self._over_us = 0
            return 0
        if not self._over_us:
            self._over_us = now_us
        if left > WORST_BACKLOG * backlog or now_us - self._over_us > READS_WITHIN_US:
            was_open = self._state == OPEN  # the flush may have closed it, and said so
            self._state = CLOSED  # first, so that a transport which ends at once finds it said already
            self._abort()
            self._end()
            if was_open:
                self.on_close(POLICY, "the peer does not read")
        return 0

    cdef int _abort(self) except -1:
        """A transport may be gone already: a write failed, and `connection_lost` is on its way."""
        transport = self.transport
        if transport is not None:
            transport.abort()
        return 0

    cdef int _send_close(self, bytes payload) except -1:
        # What its room still holds would come behind the close frame.
        self._state, self.takes_bundles = CLOSING, False
        self._close_by_us = monotonic_us() + self.limits.close_us
        self.flusher.traffic.shed_closed += self.outbox._voices
        self.outbox.clear_voice()
        self.push_control(self.serialize(CLOSE, payload))
        return 0

    cdef int flush(self, int64_t now_us) except -1:
        Sink.flush(self, now_us)
        if self._closes_when_written and self._state != CLOSED and self.outbox.is_empty():
            transport = self.transport
            self._end()
            if transport is not None:
                transport.close()
        return 0

    cdef int _end(self) except -1:
        self._state = CLOSED
        self.detach_sink()
        return 0
