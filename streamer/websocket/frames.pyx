# cython: language_level=3, boundscheck=False, wraparound=False
"""RFC 6455 frames, parsed as they come and serialized. Bytes in, messages out; no input or output happens
here.

The parser takes any chunking, one byte at a time too, and unmasks in place. A message that lies whole in what
was fed is handed out where it lies; only what comes in pieces is copied. It never raises for what a peer
sent: it answers FAILED, and `failure` says why: an index of `failures.FAILURES`, which has the close code and
the words for it.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_Realloc
from libc.string cimport memcpy

from streamer.websocket.mask cimport MaskingKeys, mask_bytes
from streamer.websocket.utf8 cimport Utf8, utf8_feed


cdef class FrameParser:
    """The incoming half of one connection.

    `from_client` says whose frames come: a client's are masked (section 5.1). A message may be at most
    `max_message_bytes` long, all its fragments together. Raises ValueError where that is negative.
    """

    def __cinit__(self, *, bint from_client, Py_ssize_t max_message_bytes):
        if max_message_bytes < 0:
            raise ValueError(f"a message can't be at most {max_message_bytes} bytes long")
        self._from_client = from_client
        self._max_message_bytes = max_message_bytes

    def __dealloc__(self):
        PyMem_Free(self._control)
        PyMem_Free(self._message)

    def parse(self, data):
        """Take `data` and return the messages it completes, as (opcode, payload) pairs; see `failure`
        afterwards."""
        cdef bytearray writable = bytearray(data)
        messages = []
        self.feed(writable, len(writable))
        while self.next_event() == MESSAGE:
            messages.append((self.opcode, PyBytes_FromStringAndSize(<char*>self.payload, self.payload_size)))
        return messages

    cdef void feed(self, unsigned char* data, Py_ssize_t size) noexcept:
        """Lend `size` bytes; they are unmasked where they lie, and must live until `next_event` answers
        NEED_DATA."""
        self._at, self._end = data, data + size

    cdef Event next_event(self) except? FAILED:
        if self._message_opcode == CONTINUATION and self._message != NULL:
            self._release_message()
        while True:
            if self._state == ENDED:
                return FAILED if self.failure else NEED_DATA
            if self._state == AT_HEADER:
                if not self._parse_header():
                    return FAILED if self.failure else NEED_DATA
                self._state = IN_PAYLOAD
            event = self._continue_control() if self._header[0] & 0x08 else self._continue_message()
            if event != NEED_DATA or self._state == IN_PAYLOAD:
                return event

    cdef bint _gather_header(self, int size) noexcept:
        """Whether the first `size` bytes of the header are there now."""
        while self._header_size < size and self._at < self._end:
            self._header[self._header_size] = self._at[0]
            self._header_size += 1
            self._at += 1
        return self._header_size >= size

    cdef bint _parse_header(self) noexcept:
        """Whether a whole and proper header was taken (section 5.2)."""
        if not self._gather_header(2):
            return False
        cdef Failure failure = self._check_start()
        if failure:
            self._fail(failure)
            return False
        cdef unsigned char* header = self._header
        cdef int length = header[1] & 0x7F
        cdef int length_end = 2 if length < 126 else 4 if length == 126 else 10
        cdef int size = length_end + (4 if header[1] & 0x80 else 0)
        if not self._gather_header(size):
            return False
        cdef int i
        self._frame_size = length if length < 126 else 0
        for i in range(2, length_end):
            self._frame_size = self._frame_size << 8 | header[i]
        failure = self._check_length()
        if failure:
            self._fail(failure)
            return False
        memcpy(self._key, header + length_end, 4)
        self._frame_taken = 0
        self._header_size = 0
        return True

    cdef Failure _check_start(self) noexcept:
        cdef uint8_t first = self._header[0], opcode = first & 0x0F
        if first & 0x70:
            return RESERVED_BITS
        if opcode > PONG or BINARY < opcode < CLOSE:
            return RESERVED_OPCODE
        if bool(self._header[1] & 0x80) != self._from_client:
            return NOT_MASKED if self._from_client else MASKED
        if opcode >= CLOSE:
            if not first & 0x80:
                return CONTROL_FRAGMENTED
            return CONTROL_TOO_LONG if (self._header[1] & 0x7F) > LONGEST_CONTROL else NO_FAILURE
        if opcode == CONTINUATION:
            return NO_FAILURE if self._message_opcode else NOTHING_TO_CONTINUE
        return MESSAGE_UNFINISHED if self._message_opcode else NO_FAILURE

    cdef Failure _check_length(self) noexcept:
        cdef int length = self._header[1] & 0x7F
        if self._frame_size >> 63:
            return LENGTH_TOO_LARGE
        if (length == 126 and self._frame_size < 126) or (length == 127 and self._frame_size < 65_536):
            return NOT_MINIMAL
        cdef uint64_t room = <uint64_t>(self._max_message_bytes - self._message_size)
        if self._header[0] & 0x08 or self._frame_size <= room:
            return NO_FAILURE
        return MESSAGE_TOO_BIG

    cdef unsigned char* _take_payload(self) noexcept:
        """Take what is there of the frame's payload, unmasked; it ends at `_at`."""
        cdef unsigned char* piece = self._at
        cdef uint64_t size = <uint64_t>(self._end - self._at)
        if size > self._frame_size - self._frame_taken:
            size = self._frame_size - self._frame_taken
        if self._from_client:
            mask_bytes(piece, size, self._key, self._frame_taken & 3)
        self._at += size
        self._frame_taken += size
        if self._frame_taken == self._frame_size:
            self._state = AT_HEADER
        return piece

    cdef Event _continue_control(self) except? FAILED:
        cdef unsigned char* piece = self._take_payload()
        cdef Py_ssize_t size = self._at - piece
        if size < <Py_ssize_t>self._frame_size:
            if self._control == NULL:
                self._control = <unsigned char*>PyMem_Malloc(LONGEST_CONTROL)
                if self._control == NULL:
                    raise MemoryError
            memcpy(self._control + self._frame_taken - size, piece, size)
            piece = self._control
        if self._state == IN_PAYLOAD:
            return NEED_DATA
        self.opcode = self._header[0] & 0x0F
        self.payload, self.payload_size = piece, <Py_ssize_t>self._frame_size
        if self.opcode == CLOSE:
            self._state = ENDED
            failure = check_close(self.payload, self.payload_size)
            return self._fail(failure) if failure else MESSAGE
        return MESSAGE

    cdef Event _continue_message(self) except? FAILED:
        if self._message_opcode == CONTINUATION:
            self._message_opcode = self._header[0] & 0x0F
            self._utf8.missing = 0
        cdef unsigned char* piece = self._take_payload()
        cdef Py_ssize_t size = self._at - piece
        cdef bint ends = self._state == AT_HEADER and self._header[0] & 0x80
        if self._message_opcode == TEXT:
            if not utf8_feed(&self._utf8, piece, size) or (ends and self._utf8.missing):
                return self._fail(NOT_UTF8)
        if ends and self._message_size == 0:
            return self._end_message(piece, size)
        self._append(piece, size)
        return self._end_message(self._message, self._message_size) if ends else NEED_DATA

    cdef Event _end_message(self, unsigned char* payload, Py_ssize_t size) noexcept:
        self.opcode = self._message_opcode
        self.payload, self.payload_size = payload, size
        self._message_opcode = CONTINUATION
        return MESSAGE

    cdef int _append(self, unsigned char* data, Py_ssize_t size) except -1:
        """Grow by what came, never by what a header promised: a promise costs a peer nothing."""
        cdef Py_ssize_t needed = self._message_size + size
        if needed > self._message_capacity:
            grown = PyMem_Realloc(self._message, 2 * needed)
            if grown == NULL:
                raise MemoryError
            self._message, self._message_capacity = <unsigned char*>grown, 2 * needed
        if size:
            memcpy(self._message + self._message_size, data, size)
        self._message_size = needed

    cdef void _release_message(self) noexcept:
        PyMem_Free(self._message)
        self._message = NULL
        self._message_size = self._message_capacity = 0

    cdef Event _fail(self, Failure failure) noexcept:
        self.failure = failure
        self._state = ENDED
        return FAILED


cdef Failure check_close(const unsigned char* payload, Py_ssize_t size) noexcept nogil:
    """What is wrong with a close frame: half a code, one that must not be sent (section 7.4), a reason not
    UTF-8."""
    if size == 0:
        return NO_FAILURE
    if size == 1:
        return BAD_CLOSE
    cdef int code = payload[0] << 8 | payload[1]
    if not (1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999):
        return BAD_CLOSE
    cdef Utf8 utf8
    utf8.missing = 0
    if not utf8_feed(&utf8, payload + 2, size - 2) or utf8.missing:
        return NOT_UTF8
    return NO_FAILURE


cdef int header_size(uint64_t payload_size, bint masked) noexcept nogil:
    return (2 if payload_size < 126 else 4 if payload_size < 65_536 else 10) + (4 if masked else 0)


cdef void write_header(unsigned char* header, int opcode, uint64_t payload_size) noexcept nogil:
    """Write the header of an unmasked, unfragmented frame: `header_size(payload_size, False)` bytes."""
    cdef int size = header_size(payload_size, False), i
    header[0] = 0x80 | opcode
    header[1] = <unsigned char>payload_size if size == 2 else 126 if size == 4 else 127
    for i in range(size - 1, 1, -1):
        header[i] = payload_size & 0xFF
        payload_size >>= 8


cdef bytes serialize(int opcode, const unsigned char* payload, Py_ssize_t size, MaskingKeys keys):
    """One whole frame; masked with a fresh key where `keys` are given, as a client must (section 5.3)."""
    cdef int head = header_size(size, keys is not None)
    cdef bytes frame = PyBytes_FromStringAndSize(NULL, head + size)
    cdef unsigned char* at = <unsigned char*>PyBytes_AS_STRING(frame)
    write_header(at, opcode, size)
    if size:
        memcpy(at + head, payload, size)
    if keys is not None:
        at[1] |= 0x80
        keys.next_key(at + head - 4)
        mask_bytes(at + head, size, at + head - 4, 0)
    return frame


cdef bytes payload_of(bytes frame):
    """Of an unmasked frame that `serialize` made."""
    return frame[payload_at(frame):]


cdef Py_ssize_t payload_at(bytes frame) noexcept:
    """Where the payload begins, in an unmasked frame that `serialize` made."""
    cdef unsigned char length = <unsigned char>PyBytes_AS_STRING(frame)[1]
    return 2 if length < 126 else 4 if length == 126 else 10


def serialize_frame(int opcode, bytes payload not None, MaskingKeys keys=None):
    """One whole, unfragmented frame; masked with a fresh key where `keys` are given, as a client must."""
    cdef const unsigned char* data = <const unsigned char*>PyBytes_AS_STRING(payload)
    return serialize(opcode, data, PyBytes_GET_SIZE(payload), keys)
