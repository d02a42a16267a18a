from libc.stdint cimport int64_t

from streamer.jitter.concealment cimport DecodedLine
from streamer.jitter.delay_estimator cimport DelayEstimator
from streamer.jitter.packet_buffer cimport PacketBuffer
from streamer.jitter.playout_clock cimport PlayoutClock
from streamer.jitter.policy cimport Decision, Operation, Situation
from streamer.jitter.sync_buffer cimport SyncBuffer


cdef class JitterBuffer:
    cdef readonly DelayEstimator estimator
    cdef readonly Operation operation
    cdef PlayoutClock _clock
    cdef PacketBuffer _packets
    cdef DecodedLine _line
    cdef SyncBuffer _sync
    cdef double _floor_ms
    cdef double _ceiling_ms

    cdef bint _playing
    cdef bint _is_popping           # its decoder is at work, and must not come back here
    cdef Py_ssize_t _rest           # how many samples to play before the next splice

    cdef int64_t _received, _late, _duplicate, _discarded, _restarts, _underruns
    cdef int64_t _silent, _accelerated, _expanded, _skipped

    cdef double _target(self) noexcept
    cdef double _late_by(self, int64_t timestamp) noexcept
    cdef int _check_not_popping(self) except -1
    cdef int _fill(self, float[::1] block, float[::1] side) except -1
    cdef Py_ssize_t _next_run(self, Py_ssize_t wanted) except -1
    cdef void _look(self, Situation* now, bint may_splice) noexcept
    cdef void _look_for_sound(self, Situation* now, int64_t seq) noexcept
    cdef int _carry_out(self, Decision decision) except -1
    cdef Py_ssize_t _be_silent(self, Py_ssize_t count) except -1
    cdef int _stop(self) noexcept
    cdef int _begin_anew(self) noexcept
    cdef int _skip(self, int64_t samples) except -1
    cdef int _splice(self, Decision decision) except -1
    cdef int _conceal(self, int64_t samples) except -1
