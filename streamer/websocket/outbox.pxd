"""What waits for one peer: control frames in order, and voice that grows old."""

from cpython.object cimport PyObject
from libc.stdint cimport int64_t, uint32_t


cdef struct Waiting:
    PyObject* frame       # an owned bytes object
    int64_t arrived_us


cdef enum:
    BATCH = 64            # frames that are handed out at a time
    CONTROL_BURST_BYTES = 4_096
    SMALLEST_RING = 4     # kept when empty: allocating anew for each packet would cost more
    LARGEST_RING = 8_192  # what the largest room says within the longest deadline


cdef class Outbox:
    cdef readonly Py_ssize_t control_bytes    # waiting
    cdef list _control
    cdef int _batch_controls                  # how many of the last batch are control frames

    cdef Waiting* _voice                      # a ring; capacity is a power of two, or 0
    cdef uint32_t _capacity
    cdef uint32_t _first
    cdef uint32_t _voices

    cdef bint is_empty(self) noexcept
    cdef int push_control(self, bytes frame) except -1
    cdef bint push_voice(self, bytes frame, int64_t now_us) except -1
    cdef int shed(self, int64_t oldest_us) noexcept
    cdef int batch(self, PyObject** frames) noexcept
    cdef int pop(self, int frames) except -1
    cdef void clear_voice(self) noexcept
    cdef void _release_ring(self) noexcept
    cdef void _pop_voice(self) noexcept
    cdef int _grow(self) except -1
