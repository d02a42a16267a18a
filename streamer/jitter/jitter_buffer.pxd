from libc.stdint cimport int64_t

from streamer.jitter.delay_estimator cimport DelayEstimator, PlayoutClock
from streamer.jitter.packet_buffer cimport PacketBuffer
from streamer.jitter.sync_buffer cimport SyncBuffer
from streamer.jitter.concealment cimport DecodedLine


cpdef enum Operation:
    NORMAL = 0
    ACCELERATE = 1
    EXPAND = 2
    CONCEAL = 3
    SILENCE = 4


cdef class JitterBuffer:
    cdef readonly DelayEstimator estimator
    cdef readonly Operation operation
    cdef PlayoutClock clock
    cdef PacketBuffer packets
    cdef DecodedLine line
    cdef SyncBuffer sync
    cdef double floor_ms
    cdef double ceiling_ms

    cdef bint playing
    cdef bint is_popping            # its decoder is at work, and must not come back here
    cdef Py_ssize_t rest

    cdef int64_t received, late, duplicate, discarded, restarts, underruns
    cdef int64_t silent, accelerated, expanded, skipped

    cdef double _target(self) noexcept
    cdef double _late_by(self, int64_t timestamp) noexcept
    cdef Py_ssize_t _next_run(self, Py_ssize_t wanted) except -1
    cdef Py_ssize_t _start(self, Py_ssize_t wanted) except -1
    cdef int _stop(self) noexcept
    cdef int _begin_anew(self) noexcept
    cdef int _check_not_popping(self) except -1
    cdef int _fill(self, float[::1] block, float[::1] side) except -1
    cdef int _adapt(self) except -1
    cdef int _win_time(self, double by_ms, double excess_ms, double alike) except -1
    cdef int _splice(self, bint shorter, double by_ms, double alike) except -1
    cdef int _fetch(self) except -1
    cdef int _fill_gap(self, int64_t seq, int64_t gap) except -1
    cdef int _run_dry(self) except -1
