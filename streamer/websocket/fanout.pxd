from libc.stdint cimport int64_t

from streamer.websocket.bundle cimport Bundle, TalkersAtOnce
from streamer.websocket.loudest cimport LoudestTalkers
from streamer.websocket.sink cimport Flusher, Sink


cdef enum:
    # So much is given out at once in so long; what is beyond waits for the loop's next turn.
    WINDOW_US = 2_000
    WINDOW_WRITES = 128       # about 0.8 ms of work: that much a packet of another room may have to wait
    SLICE_WRITES = 64         # of what waits, in one turn of the loop
    QUEUED_PER_WRITE = 8      # what waits for others to the same peer costs so much less: it leaves with them
    BURST_DELIVERIES = 3_000  # what may come at once: pre-roll of 300 ms to a hundred listeners
    PACE_MS = 1               # between two slices, where the room is beyond its rate
    CROWDED = 64              # packets that wait: half a deadline of what ten talkers say
    WAITING_EACH = 64         # packets of one sender: more than a deadline's worth of the shortest ones


cdef class Fanout:
    """The sinks of one room."""
    cdef list _sinks
    cdef object _waiting          # deque of (frame, sender, arrived_us)
    cdef double _per_us
    cdef double _left             # deliveries that the room may make now
    cdef int64_t _then_us
    cdef int64_t _window_us
    cdef int _window_used
    cdef bint _is_scheduled
    cdef Flusher _flusher         # of who sent last; one loop has one
    cdef LoudestTalkers _loudest  # None if everybody is heard
    cdef list _observers          # None if there are none: then a packet costs one comparison
    cdef public int elsewhere     # members who are heard here and get their packets from another relay

    cdef bint is_crowded(self) noexcept
    cdef int push(self, bytes frame, Sink sender, int64_t now_us) except -1
    cdef bint _is_loud(self, bytes frame, Sink sender, int64_t now_us) except -1
    cdef int _show(self, bytes frame, Sink sender, int64_t now_us) except -1
    cdef int _wait(self, bytes frame, Sink sender, int64_t now_us) except -1
    cdef int _deliver(self, bytes frame, Sink sender, int64_t now_us, int64_t arrived_us) except -1
    cdef void _refill(self, int64_t now_us) noexcept
    cdef int _schedule(self) except -1

    cdef int _takers              # sinks that take bundles; without any a packet costs one comparison
    cdef TalkersAtOnce _talkers
    cdef Bundle _held             # what waits for the end of its window
    cdef Bundle _spare            # None while it is being given out
    cdef bint _is_window_open
    cdef int64_t _rests_until_us  # from windows, since one ended late

    cdef int _note_takers(self) except -1
    cdef bint _is_held(self, Sink sender, int64_t now_us) noexcept
    cdef int _hold(self, bytes frame, Sink sender, int64_t now_us, int64_t arrived_us) except -1
    cdef int _open_window(self) except -1
    cdef int _give_held(self, int64_t now_us) except -1
    cdef int _deliver_bundle(self, Bundle bundle, int64_t now_us) except -1
