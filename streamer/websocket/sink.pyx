# cython: language_level=3, boundscheck=False, wraparound=False
"""Writing to one peer; nothing stale, nothing torn.

A frame is written at once. Only where the event loop is busy and the peer has just been written to, it waits
for the end of the loop's iteration: under load, what came together for one peer leaves in one write. A plain
WebSocket is written straight to its socket. What a socket takes only in part goes to the transport, which
writes the rest before anything else (`pause_writing` until it has); over TLS everything goes that way.

Control messages are written for CONTROLS_US in each of the loop's turns, after voice: what is said to a large
room at once holds up no voice.

Sockets take far more than they can send, and what they took can no longer be shed. So each sink asks the
kernel every ASK_BYTES how much is still unsent; over UNSENT_BYTES it writes nothing until that went down: at
the next push, or RETRY_MS later. What waits here longer than the deadline is shed, oldest first. Only Linux
can be asked.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.object cimport PyObject
from cpython.time cimport monotonic_ns
from libc.stdint cimport int64_t

from streamer.websocket.outbox cimport BATCH, Outbox
from streamer.websocket.counters cimport Traffic


cdef extern from "socket_io.h" nogil:
    ctypedef struct Piece:
        pass
    void set_piece(Piece* piece, const void* data, size_t size)
    Py_ssize_t write_bytes(int fd, const void* data, size_t size)
    Py_ssize_t write_pieces(int fd, Piece* pieces, int count)
    bint would_block()
    int unsent_bytes(int fd)


cdef int64_t monotonic_us() noexcept:
    return monotonic_ns() // 1000


cdef class Flusher:
    """Writes what waits in the sinks of one event loop. Voice older than `deadline_ms` is shed."""

    def __cinit__(self):
        self.traffic = Traffic()
        self.received = <unsigned char*>PyMem_Malloc(RECEIVE_BYTES)
        if self.received == NULL:
            raise MemoryError
        self._dirty, self._with_controls = [], []
        self._blocked = []
        self._alive_us = monotonic_us()

    def __init__(self, loop not None, *, deadline_ms=120):
        self._loop = loop
        self.deadline_us = int(deadline_ms * 1000)

    def __dealloc__(self):
        PyMem_Free(self.received)

    cdef int mark(self, Sink sink) except -1:
        """Flush `sink` at the end of the event loop's iteration."""
        if self._loop is None:
            return 0
        if not sink.is_marked:
            sink.is_marked = True
            self._dirty.append(sink)
        return self._schedule()

    cdef int mark_controls(self, Sink sink) except -1:
        """Flush `sink` soon: after what `mark` was told of, and after others that came before it."""
        if self._loop is None:
            return 0
        if not sink.has_controls:
            sink.has_controls = True
            self._with_controls.append(sink)
        return self._schedule()

    cdef int _schedule(self) except -1:
        if not self._is_scheduled:
            self._is_scheduled = True
            self._loop.call_soon(self._flush_scheduled)
        return 0

    def beat(self):
        """Call this several times in a deadline: what was not called for longer tells that the loop was held
        up."""
        self.note_alive(monotonic_us())
        self._beats = True

    cdef void note_alive(self, int64_t now_us) noexcept:
        if self._beats and now_us - self._alive_us > self.deadline_us:
            self.held_us = now_us - self._alive_us
            self.resumed_us = now_us
        self._alive_us = now_us

    cdef bint is_busy(self, int64_t now_us) noexcept:
        """Whether what came now had been waiting to be read while other things were written."""
        return now_us - self._wrote_us < BUSY_US

    def _flush_scheduled(self):
        """A message to a large room takes as long as hundreds of writes: voice does not wait for it."""
        self._is_scheduled = False
        self._flush_voice()
        cdef int64_t now_us = monotonic_us(), until_us = now_us + CONTROLS_US
        cdef list sinks = self._with_controls
        cdef Sink sink
        cdef Py_ssize_t done = 0
        while done < len(sinks) and now_us < until_us:
            sink = sinks[done]
            sink.has_controls = False
            self._flush_one(sink, now_us)
            done += 1
            now_us = monotonic_us()
        del sinks[:done]
        if sinks:
            self._schedule()
        if done:
            self._wrote_us = now_us

    def report(self, error, sink):
        """Tell the event loop that handling what came from `sink`, or goes to it, raised `error`."""
        if self._loop is None:
            return
        context = {"message": "A message could not be handled", "exception": error, "protocol": sink}
        self._loop.call_exception_handler(context)

    def flush(self):
        """Write what can be written now. What goes wrong with one sink is reported, and the others are
        written to."""
        cdef list sinks = self._with_controls
        cdef Sink sink
        self._flush_voice()
        self._with_controls = []
        for sink in sinks:
            sink.has_controls = False
            self._flush_one(sink, self._wrote_us)

    def _flush_voice(self):
        cdef list dirty = self._dirty
        cdef Sink sink
        cdef int64_t now_us = monotonic_us()
        self._dirty = []
        for sink in dirty:
            sink.is_marked = False
            self._flush_one(sink, now_us)
        self._wrote_us = monotonic_us()

    cdef int _flush_one(self, Sink sink, int64_t now_us) except -1:
        try:
            sink.flush(now_us)
        except Exception as error:
            self.report(error, sink)
        return 0

    cdef int retry_later(self, Sink sink) except -1:
        if not self._blocked:
            self._loop.call_later(RETRY_MS / 1000, self._retry)
        self._blocked.append(sink)
        return 0

    def _retry(self):
        """At once, so that nobody finds a sink unblocked that is asked a moment later, and still blocked."""
        cdef list blocked = self._blocked
        cdef Sink sink
        cdef int64_t now_us = monotonic_us()
        self._blocked = []
        for sink in blocked:
            sink.is_blocked = False
            self._flush_one(sink, now_us)


cdef Flusher NOWHERE = Flusher.__new__(Flusher)
"""Of a sink that was made without its `__init__`: nothing is ever written to it."""


cdef class Sink:
    def __cinit__(self):
        self.flusher = NOWHERE
        self.outbox = Outbox()
        self.fd = -1

    def __init__(self, Flusher flusher not None):
        if self.transport is not None:
            raise RuntimeError("this sink is attached already")
        self.flusher = flusher

    cdef int attach_sink(self, transport, bint is_direct) except -1:
        # asyncio's TLS says that it is full already at its limit: at 0 it would stop us after every write
        transport.set_write_buffer_limits(0 if is_direct else 1)
        sock = transport.get_extra_info("socket")
        self.fd = -1 if sock is None else sock.fileno()
        self.is_direct = is_direct and self.fd >= 0
        self.is_paused = transport.get_write_buffer_size() > 0
        self.transport = transport
        return 0

    def move(self, transport, *, bint is_direct=False):
        """Go on over another transport, or over one that has changed: what waits goes there, and the owner
        sees nothing.

        Raises RuntimeError where it is closed.
        """
        if self.transport is None:
            raise RuntimeError("this connection is closed")
        self.attach_sink(transport, is_direct)
        self.is_clear = self.is_blocked = False
        self.unasked_bytes = 0
        self.flusher.mark(self)

    cdef void detach_sink(self) noexcept:
        """The socket is about to be closed, and its number may soon be another peer's."""
        self.transport = None
        self.fd = -1
        self.is_clear = False
        self.flusher.traffic.shed_closed += self.outbox._voices
        self.outbox.clear_voice()

    def pause_writing(self):
        self.is_paused = True
        self.is_clear = False

    def resume_writing(self):
        self.is_paused = False
        self.flusher.mark(self)

    cdef int push_voice(self, bytes frame, int64_t now_us) except -1:
        if self.transport is not None:
            self.is_clear = False
            if self.outbox.push_voice(frame, now_us):
                self.shed_unreported += 1
                self.flusher.traffic.shed_late += 1
            self.flusher.mark(self)
        return 0

    cdef int push_control(self, bytes frame) except -1:
        if self.transport is not None:
            self.is_clear = False
            self.outbox.push_control(frame)
            self.flusher.mark_controls(self)
        return 0

    cdef bint write_at_once(self, bytes frame, int64_t now_us) except -1:
        """Write one packet's frame past the outbox; only while `is_clear`. Whether that was done: the caller
        counts it."""
        cdef Py_ssize_t size = PyBytes_GET_SIZE(frame), written = size
        if not self._may_write():
            self.is_clear = False
            return False
        if self.is_direct:
            written = write_bytes(self.fd, PyBytes_AS_STRING(frame), size)
            if written <= 0:  # flush will find out why
                self.is_clear = False
                return False
        self.wrote_us = now_us
        self.unasked_bytes += <int>min(size, ASK_BYTES)
        if not self.is_direct:
            self.transport.write(frame)
        elif written < size:
            self.transport.write(frame[written:])
        return True

    cdef int flush(self, int64_t now_us) except -1:
        cdef PyObject* frames[BATCH]
        cdef int count
        self._shed(now_us)
        self.wrote_us = now_us
        while self.transport is not None and not self.is_paused and not self.outbox.is_empty():
            if not self._may_write():
                return 0
            count = self.outbox.batch(frames)
            if self.is_direct:
                self._write_direct(frames, count)
            else:
                self._write_through_transport(frames, count)
        self.is_clear = self.transport is not None and not self.is_paused
        return 0

    cdef int _shed(self, int64_t now_us) except -1:
        cdef int count = self.outbox.shed(now_us - self.flusher.deadline_us)
        self.shed_unreported += count
        self.flusher.traffic.shed_late += count

    cdef bint _may_write(self) except -1:
        """Whether the kernel has sent most of what it was given."""
        if self.fd < 0 or (self.unasked_bytes < ASK_BYTES and not self.is_blocked):
            return True
        if unsent_bytes(self.fd) <= UNSENT_BYTES:
            self.unasked_bytes = 0
            self.is_blocked = False
            return True
        if not self.is_blocked:
            self.is_blocked = True
            self.flusher.retry_later(self)
        return False

    cdef int _write_direct(self, PyObject** frames, int count) except -1:
        cdef Piece pieces[BATCH]
        cdef bytes frame
        cdef Py_ssize_t left
        cdef int i
        for i in range(count):
            frame = <bytes>frames[i]
            set_piece(&pieces[i], PyBytes_AS_STRING(frame), PyBytes_GET_SIZE(frame))
        cdef Py_ssize_t size = write_pieces(self.fd, pieces, count)
        if size < 0 and not would_block():
            transport = self.transport
            self.detach_sink()
            transport.abort()
            return 0
        size = left = max(size, 0)
        for i in range(count):
            frame = <bytes>frames[i]
            if left < PyBytes_GET_SIZE(frame):
                # The transport finishes this one: a torn frame must go on before anything else does.
                rest = frame[left:]
                self._written(i + 1, size)
                self.transport.write(rest)
                return 0
            left -= PyBytes_GET_SIZE(frame)
        self._written(count, size)
        return 0

    cdef int _write_through_transport(self, PyObject** frames, int count) except -1:
        cdef int i
        cdef bytes joined
        if count == 1:
            joined = <bytes>frames[0]
        else:
            joined = b"".join([<object>frames[i] for i in range(count)])
        self._written(count, len(joined))
        self.transport.write(joined)
        return 0

    cdef int _written(self, int count, Py_ssize_t size) except -1:
        cdef Traffic traffic = self.flusher.traffic
        traffic.writes += 1
        traffic.bytes_out += size
        traffic.deliveries += max(0, count - self.outbox._batch_controls)
        self.unasked_bytes = min(self.unasked_bytes + <int>min(size, <Py_ssize_t>ASK_BYTES), <int>ASK_BYTES)
        return self.outbox.pop(count)
