"""One peer to write to (Sink), and all of them that have something to write (Flusher)."""

from cpython.object cimport PyObject
from libc.stdint cimport int64_t

from streamer.websocket.outbox cimport Outbox
from streamer.websocket.counters cimport Traffic


cdef enum:
    UNSENT_BYTES = 1_024      # what a kernel may hold unsent before we keep voice here, where it can be shed
    ASK_BYTES = 1_024          # written between two looks at that
    RETRY_MS = 10
    # What is written of control messages before voice is read again: about ten writes; one message to a large
    # room is hundreds. Half of it takes twice the turns of the loop.
    CONTROLS_US = 100
    BUSY_US = 50              # since the last write: what comes so soon after it had been waiting to be read
    # Packets for one peer that come so close wait for each other, where the loop is busy.
    TOGETHER_US = 2_000
    RECEIVE_BYTES = 262_144


cdef class Flusher:
    """One for an event loop: the sinks that have something to write, the clock, the counters."""
    cdef readonly Traffic traffic
    cdef readonly int64_t deadline_us
    cdef unsigned char* received  # what any connection just read; used up before the next one reads
    cdef object _loop
    cdef list _dirty
    cdef list _with_controls      # sinks that nothing but control messages wait in, as far as we know
    cdef list _blocked
    cdef bint is_receiving        # `received` is lent to a parser
    cdef bint _is_scheduled
    cdef int64_t _wrote_us
    cdef bint _beats
    cdef int64_t _alive_us        # when the loop last ran something of ours
    cdef int64_t resumed_us       # when it ran again after it was held up, and for how long it had not
    cdef int64_t held_us

    cdef int mark(self, Sink sink) except -1
    cdef int mark_controls(self, Sink sink) except -1
    cdef int _schedule(self) except -1
    cdef int _flush_one(self, Sink sink, int64_t now_us) except -1
    cdef void note_alive(self, int64_t now_us) noexcept
    cdef bint is_busy(self, int64_t now_us) noexcept
    cdef int retry_later(self, Sink sink) except -1


cdef class Sink:
    """Where frames for one peer go: straight to its socket, or through its transport (TLS, and what a socket
    didn't take)."""
    # first what each delivery needs: together in the processor's cache
    cdef bint is_clear            # attached, and nothing is before the next frame
    cdef bint is_direct           # write to fd ourselves
    cdef public bint is_recorder  # gets nothing of a sender that is left out of recordings
    cdef public bint is_left_out
    cdef public bint takes_bundles  # set before it is added to a room; no more once it closes
    cdef bint is_blocked          # the kernel holds more than UNSENT_BYTES
    cdef int unasked_bytes        # written since the kernel was asked
    cdef int fd                   # only valid while transport is set
    cdef int64_t wrote_us         # when it was last flushed or written to
    cdef object transport         # None before it is attached and after it closed
    cdef bint is_marked           # in the flusher's list
    cdef bint has_controls        # in the flusher's other list
    cdef bint is_paused           # the transport has something left to write
    cdef int shed_unreported
    cdef int waiting              # packets of this one in its room's fan-out
    cdef int64_t _over_us         # since when more waits than a backlog; 0 where it doesn't
    cdef readonly Outbox outbox
    cdef readonly Flusher flusher

    cdef int attach_sink(self, transport, bint is_direct) except -1
    cdef void detach_sink(self) noexcept
    cdef int push_voice(self, bytes frame, int64_t now_us) except -1
    cdef int push_control(self, bytes frame) except -1
    cdef bint write_at_once(self, bytes frame, int64_t now_us) except -1
    cdef int flush(self, int64_t now_us) except -1
    cdef bint _may_write(self) except -1
    cdef int _shed(self, int64_t now_us) except -1
    cdef int _write_direct(self, PyObject** frames, int count) except -1
    cdef int _write_through_transport(self, PyObject** frames, int count) except -1
    cdef int _written(self, int count, Py_ssize_t size) except -1


cdef int64_t monotonic_us() noexcept
