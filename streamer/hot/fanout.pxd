from libc.stdint cimport int64_t

from streamer.hot.sink cimport Sink


cdef class Fanout:
    """The sinks of one room."""
    cdef list _sinks

    cdef int push(self, bytes frame, Sink sender, int64_t now_us) except -1
