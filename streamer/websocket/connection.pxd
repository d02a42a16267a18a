"""One WebSocket after its handshake: an asyncio protocol over FrameParser and Sink."""

from libc.stdint cimport int64_t, uint16_t, uint32_t

from streamer.websocket.budget cimport Budget, Limits
from streamer.websocket.fanout cimport Fanout
from streamer.websocket.sink cimport Sink
from streamer.websocket.frames cimport FrameParser
from streamer.websocket.mask cimport MaskingKeys


cdef enum ConnectionState:
    OPEN
    CLOSING               # our close frame is on its way; what still comes is ignored
    CLOSED                # nothing more is read or written


cdef enum CloseCode:
    NO_CODE = 1005        # the three that are never sent (RFC 6455, section 7.4.1) stand for what happened
    LOST = 1006
    POLICY = 1008
    FAILED_HERE = 1011
    IDLE = 4408           # these are wire/PROTOCOL.md's
    TOO_FAST = 4429


cdef enum:
    HELD_UP_US = 2_000_000  # twice as long as from tick to tick
    PACKET_HEADER_BYTES = 12
    VOICE_ACTIVITY = 0x80   # of the packet's second byte (PROTOCOL.md, Packets)
    LONGEST_PACKET = 1_500
    READS_WITHIN_US = 10_000_000  # a phone that changes from one Wi-Fi to another reads again within that
    WORST_BACKLOG = 16      # times the backlog: what nobody may have waiting, however fast it came
    # What waited is read by then: also what its sender's system had kept; one second is promised.
    CATCH_UP_US = 800_000
    STRANGER_US = 250_000   # of a talker whose clock is not known: what waited here is read by then
    OTHER_CLOCK_US = 2_000_000  # no network is that late and goes on
    BURST_BYTES = 65_536    # four of the longest messages, or a second of the best voice
    PONGS_PER_S = 50        # a browser sends none, our client one a second
    PONGS_BURST = 200
    # A client gives up a silent connection then: what it said meanwhile may come at once.
    BURST_MESSAGES_US = 2_500_000
    USUAL_DURATION = 4      # 10 ms, in 2.5 ms: shorter packets are a luxury
    DURATIONS = 1 << 1 | 1 << 2 | 1 << 4 | 1 << 8 | 1 << 16 | 1 << 24


cdef class Connection(Sink):
    cdef public Fanout fanout     # the room that packets go to; None gives all to on_binary
    cdef public bint may_talk     # False: packets are dropped, and counted
    # What all connections of this address may make the room deliver, where it is crowded.
    cdef public Budget deliveries
    cdef public uint16_t talker_id
    # Packets of a crowded room were shed because they are shorter than usual.
    cdef public bint sends_too_short
    cdef readonly Limits limits
    cdef readonly bint closed_by_peer
    cdef readonly int64_t voiced_us  # when the last packet with a voice went to the room; 0 before the first
    cdef FrameParser _parser
    cdef MaskingKeys _keys        # None for a relay: its frames are not masked
    cdef ConnectionState _state
    cdef bint _closes_when_written
    cdef int64_t _heard_us
    cdef int64_t _pinged_us
    cdef int64_t _ticked_us
    cdef int64_t _close_by_us
    cdef bint _is_receiving       # what just came is being handled
    cdef int64_t _rate_us         # by when the messages so far were due, at the highest allowed rate
    cdef double _bytes_due_us     # and the bytes
    cdef Budget _pongs
    cdef bint _catches_up         # what is being read may have waited while the loop was held up
    cdef bint _has_base
    cdef uint32_t _base           # arrival minus timestamp of the fastest packets, in samples mod 2^32

    cdef void _note_held_up(self, int64_t now_us) noexcept
    cdef bint _takes_bytes(self, Py_ssize_t size, int64_t now_us) noexcept
    cdef bint _is_stale(self, const unsigned char* packet, int64_t now_us) noexcept
    cdef int _stop_reading(self) except -1

    cdef int _take_messages(self, int64_t now_us) except -1
    cdef int _take_message(self, int64_t now_us) except -1
    cdef int _take_voice(self, int64_t now_us) except -1
    cdef int _take_packet(self, int64_t now_us) except -1
    cdef int _take_close(self) except -1
    cdef bint _is_too_fast(self, int64_t now_us) noexcept
    cdef int _judge(self, int64_t now_us) except -1
    cdef int _send_control(self, bytes frame) except -1
    cdef int _send_close(self, bytes payload) except -1
    cdef int _fail(self) except -1
    cdef int _abort(self) except -1
    cdef int _end(self) except -1
    cdef int _receive(self, unsigned char* room, bytes data, int64_t now_us) except -1


cdef bint is_packet(const unsigned char* payload, Py_ssize_t size) noexcept nogil
