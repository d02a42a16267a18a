from libc.stdint cimport int64_t


cpdef enum Operation:
    NORMAL = 0
    ACCELERATE = 1
    EXPAND = 2
    CONCEAL = 3
    SILENCE = 4
    START = 5
    DECODE = 6
    SKIP = 7
    STOP = 8
    RESTART = 9


cdef struct Situation:
    bint is_playing
    bint may_splice
    double delay_ms
    double target_ms
    double network_ms
    double usual_ms
    int64_t ahead
    int64_t waiting
    int64_t gap
    bint follows
    bint is_concealing
    bint has_faded
    bint is_quiet


cdef struct Decision:
    Operation operation
    int64_t samples
    int64_t longest
    double similarity


cpdef enum:
    STEP_SAMPLES = 240

cdef double RESERVE_MS

cdef Decision decide(const Situation* now) noexcept
cdef bint depends_on_quiet(const Situation* now) noexcept
