"""How much one source may send, by a clock that the caller reads."""

from libc.stdint cimport int64_t


cdef class Limits:
    cdef readonly Py_ssize_t max_message_bytes
    cdef readonly Py_ssize_t backlog_bytes
    cdef int64_t message_us, ping_us, idle_us, close_us
    cdef double byte_us           # how long a byte takes at the highest allowed rate


cdef class Budget:
    cdef double _per_us
    cdef double _burst
    cdef double _left
    cdef int64_t _then_us

    cdef bint take(self, double amount, int64_t now_us) noexcept
