from libc.stdint cimport int64_t

from streamer.jitter.packet_buffer cimport PacketBuffer
from streamer.jitter.sync_buffer cimport SyncBuffer


cdef class DecodedLine:
    cdef object _decoder
    cdef PacketBuffer packets
    cdef SyncBuffer sync
    cdef int64_t media_end
    cdef Py_ssize_t _packet_samples
    cdef Py_ssize_t _conceal_run
    cdef int64_t lost
    cdef int64_t concealed
    cdef int64_t undecodable

    cdef int use(self, decoder) except -1
    cdef int64_t held(self) noexcept
    cdef bint concealing(self) noexcept
    cdef void pass_over(self, int64_t samples) noexcept
    cdef double gain(self) noexcept
    cdef bint faded(self) noexcept
    cdef void cut_off(self) noexcept
    cdef int conceal(self, Py_ssize_t count) except -1
    cdef int decode(self, int64_t seq, bint joining=*) except -1
    cdef int decode_ahead(self, Py_ssize_t samples) except -1
    cdef int64_t skip_to(self, int64_t timestamp) except? -1
    cdef Py_ssize_t _decode(self, bytes payload, double gain_from, bint joining) except -1
    cdef Py_ssize_t _append(
        self, samples, Py_ssize_t longest, double gain_from, double gain_to, bint joining=*
    ) except -1
    cdef const float[::1] _side(self, Py_ssize_t count)
