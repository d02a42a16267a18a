"""RFC 6455 frames: what comes in (FrameParser) and what goes out (write_header, serialize)."""

from libc.stdint cimport uint8_t, uint64_t

from streamer.websocket.mask cimport MaskingKeys
from streamer.websocket.utf8 cimport Utf8


cdef enum Opcode:
    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


cdef enum Event:
    NEED_DATA             # everything fed was taken
    MESSAGE               # opcode (TEXT, BINARY, CLOSE, PING or PONG) and payload are set
    FAILED                # failure is set; nothing more will be parsed


cdef enum Failure:
    NO_FAILURE
    RESERVED_BITS
    RESERVED_OPCODE
    NOT_MASKED
    MASKED
    NOT_MINIMAL
    LENGTH_TOO_LARGE
    CONTROL_TOO_LONG
    CONTROL_FRAGMENTED
    NOTHING_TO_CONTINUE
    MESSAGE_UNFINISHED
    MESSAGE_TOO_BIG
    NOT_UTF8
    BAD_CLOSE


cdef enum ParserState:
    AT_HEADER
    IN_PAYLOAD
    ENDED                 # after a close frame or a failure


cdef enum:
    LONGEST_HEADER = 14
    LONGEST_CONTROL = 125


cdef class FrameParser:
    # the message given by the last MESSAGE event; borrowed, valid until the next call of next_event or feed
    cdef uint8_t opcode
    cdef unsigned char* payload
    cdef Py_ssize_t payload_size
    cdef readonly Failure failure

    cdef bint _from_client            # so its frames must be masked
    cdef Py_ssize_t _max_message_bytes
    cdef ParserState _state
    cdef unsigned char* _at           # what was fed and not yet taken
    cdef unsigned char* _end

    cdef unsigned char _header[LONGEST_HEADER]
    cdef uint8_t _header_size         # how much of it is there
    cdef unsigned char _key[4]
    cdef uint64_t _frame_size         # of the payload
    cdef uint64_t _frame_taken

    cdef unsigned char* _control      # a control frame that came in pieces
    cdef uint8_t _message_opcode      # of the message being gathered, or CONTINUATION
    cdef Utf8 _utf8
    cdef unsigned char* _message      # of a message in several frames or pieces
    cdef Py_ssize_t _message_size
    cdef Py_ssize_t _message_capacity

    cdef void feed(self, unsigned char* data, Py_ssize_t size) noexcept
    cdef Event next_event(self) except? FAILED
    cdef bint _gather_header(self, int size) noexcept
    cdef bint _parse_header(self) noexcept
    cdef Failure _check_start(self) noexcept
    cdef Failure _check_length(self) noexcept
    cdef unsigned char* _take_payload(self) noexcept
    cdef Event _continue_control(self) except? FAILED
    cdef Event _continue_message(self) except? FAILED
    cdef Event _end_message(self, unsigned char* payload, Py_ssize_t size) noexcept
    cdef int _append(self, unsigned char* data, Py_ssize_t size) except -1
    cdef void _release_message(self) noexcept
    cdef Event _fail(self, Failure failure) noexcept


cdef int header_size(uint64_t payload_size, bint masked) noexcept nogil
cdef void write_header(unsigned char* header, int opcode, uint64_t payload_size) noexcept nogil
cdef bytes payload_of(bytes frame)
cdef Py_ssize_t payload_at(bytes frame) noexcept
cdef bytes serialize(int opcode, const unsigned char* payload, Py_ssize_t size, MaskingKeys keys)
cdef Failure check_close(const unsigned char* payload, Py_ssize_t size) noexcept nogil
