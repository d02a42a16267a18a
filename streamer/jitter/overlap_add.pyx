# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""One plane of decoded samples: what the line of samples does to each of its planes alike.

A plane is borrowed memory, with room behind its end for what is added, and HISTORY_SAMPLES before `now`, the
next sample to play.
"""

from libc.string cimport memcpy, memmove

# 36 dB over full scale: no voice or music decodes to more, and a few hundred talkers this loud still add up
# to a finite mix.
cdef float LOUDEST = 64.0


cdef bint sound(const float* samples, Py_ssize_t count) noexcept nogil:
    """Whether these can be played: each is a number, and none is beyond LOUDEST."""
    cdef Py_ssize_t i
    for i in range(count):
        if not (-LOUDEST <= samples[i] <= LOUDEST):  # false for what is not a number, too
            return False
    return True


cdef double product(const float* a, const float* b, Py_ssize_t count) noexcept nogil:
    cdef double total = 0.0
    cdef Py_ssize_t i
    for i in range(count):
        total += <double>a[i] * <double>b[i]
    return total


cdef void put(
    float* to, const float* samples, Py_ssize_t count, double gain_from, double gain_to
) noexcept nogil:
    """Copy samples, their gain going in a straight line from one to the other over the overlap."""
    cdef Py_ssize_t i
    cdef double slope = (gain_to - gain_from) / OVERLAP_SAMPLES
    for i in range(count):
        to[i] = samples[i] * ((gain_from + slope * i) if i < OVERLAP_SAMPLES else gain_to)


cdef void join(float* end, const float* samples, Py_ssize_t count) noexcept nogil:
    """Add samples at the end, crossfading over the overlap before it."""
    cdef Py_ssize_t i
    cdef double share
    cdef float* to = end - OVERLAP_SAMPLES
    for i in range(OVERLAP_SAMPLES):
        share = (i + 0.5) / OVERLAP_SAMPLES
        to[i] = to[i] * (1.0 - share) + samples[i] * share
    memcpy(end, samples + OVERLAP_SAMPLES, (count - OVERLAP_SAMPLES) * sizeof(float))


cdef void cut(float* now, Py_ssize_t lag) noexcept nogil:
    """Leave out the next `lag` samples: what plays next begins so much later, crossfaded with what would have
    played."""
    cdef Py_ssize_t i
    cdef double share
    for i in range(OVERLAP_SAMPLES):
        share = (i + 0.5) / OVERLAP_SAMPLES
        now[lag + i] = now[i] * (1.0 - share) + now[lag + i] * share
    # What was played stays right before what plays next: expanding looks back at it.
    memmove(now + lag - HISTORY_SAMPLES, now - HISTORY_SAMPLES, HISTORY_SAMPLES * sizeof(float))


cdef void repeat(float* now, Py_ssize_t lag, Py_ssize_t ahead) noexcept nogil:
    """Play the last `lag` samples once more, before the `ahead` samples that play next."""
    cdef Py_ssize_t i
    cdef Py_ssize_t overlap = min(<Py_ssize_t>OVERLAP_SAMPLES, lag)
    cdef double share
    memmove(now + lag, now, ahead * sizeof(float))
    for i in range(overlap):
        share = (i + 0.5) / overlap
        now[i] = now[lag + i] * (1.0 - share) + now[i - lag] * share
    memcpy(now + overlap, now + overlap - lag, (lag - overlap) * sizeof(float))
