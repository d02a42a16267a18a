from libc.stdint cimport uint64_t


cdef enum:
    FAILURE_KINDS = 16


cdef class Traffic:
    cdef readonly uint64_t messages_in, packets_in, bytes_in
    cdef readonly uint64_t deliveries, writes, bytes_out
    cdef readonly uint64_t bundles          # messages that held several packets
    cdef readonly uint64_t held, held_us    # packets that waited for others, and for how long all together
    cdef readonly uint64_t shed_late, shed_closed, shed_held_up, shed_crowded, shed_not_allowed, shed_quiet
    cdef uint64_t failed[FAILURE_KINDS]
