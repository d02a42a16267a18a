from libc.stdint cimport int64_t

from streamer.jitter.redzone cimport REDZONE_BYTES

cdef enum:
    CAPACITY = 512


cpdef enum Arrival:
    NEW = 0
    DUPLICATE = 1
    STALE = 2
    DOUBTFUL = 3
    RESTART = 4


cdef class PacketBuffer:
    cdef readonly int64_t next_seq
    cdef readonly int64_t newest_seq
    cdef readonly int64_t newest_timestamp
    cdef readonly int64_t inserted_timestamp
    cdef readonly int count
    cdef readonly int overruns
    cdef list _payloads
    cdef char _before_seqs[REDZONE_BYTES]
    cdef int64_t _seqs[CAPACITY]
    cdef char _before_timestamps[REDZONE_BYTES]
    cdef int64_t _timestamps[CAPACITY]
    cdef char _after_timestamps[REDZONE_BYTES]
    cdef bint _started
    cdef int _doubtful_seq

    cpdef Arrival insert(self, int seq, int64_t timestamp, bytes payload)
    cpdef int64_t first_seq(self) noexcept
    cpdef int64_t timestamp_of(self, int64_t seq) noexcept
    cpdef bytes take(self, int64_t seq)
    cpdef begin_at(self, int seq, int64_t timestamp)
    cdef int64_t _unwrapped(self, int64_t timestamp) noexcept
    cdef int _make_room(self, int64_t seq) except -1
