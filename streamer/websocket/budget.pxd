"""How much one source may send, by a clock that the caller reads."""

from libc.stdint cimport int64_t


cdef class Budget:
    cdef double _per_us
    cdef double _burst
    cdef double _left
    cdef int64_t _then_us

    cdef bint take(self, double amount, int64_t now_us) noexcept
