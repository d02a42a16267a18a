# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""The decoded samples that play next, and how to make them fewer or more without changing the pitch.

The plan is waveform-similarity overlap-add, as NetEQ's accelerate and preemptive expand: find the lag at which the signal
resembles itself best (a pitch period, or a few), cut out or repeat exactly that much, and crossfade over the join. The lag is
searched coarsely on every fourth sample's mean, then refined on all. Where it is quiet any lag will do.

    accelerate   ...a b|c d e f      expand   ...a b|c d e
                 ...a b|d'e f                 ...a b|b'c d e        (' = crossfaded, | = the next sample to play)

Expanding repeats what was already played, so it needs only the overlap ahead: it works when the network has just stalled.
Arithmetic is in doubles, stored as floats, in the order that web/stretch.js has: both make the same decisions.
"""

import numpy

from libc.math cimport sqrt
from libc.string cimport memcpy, memmove, memset

cdef double QUIET_POWER = 1e-6
cdef double QUIET_BELOW_LOUDNESS = 1e-3
cdef double LOUDNESS_DECAY = 0.998


cdef inline double _product(const float* a, const float* b, Py_ssize_t count) noexcept nogil:
    cdef double total = 0.0
    cdef Py_ssize_t i
    for i in range(count):
        total += <double>a[i] * <double>b[i]
    return total


cdef class SyncBuffer:
    """A line of mono samples: what was played last, then what plays next (`ahead` samples)."""

    def __init__(self):
        self.loudness = 0.0
        self.similarity = 0.0
        self.free = False
        self.clear()

    cdef void clear(self) noexcept:
        memset(self.line, 0, HISTORY_SAMPLES * sizeof(float))
        self.position = self.end = HISTORY_SAMPLES

    cdef Py_ssize_t ahead(self) noexcept:
        return self.end - self.position

    cdef void _make_room(self, Py_ssize_t count) noexcept:
        if self.end + count <= LINE_SAMPLES:
            return
        cdef Py_ssize_t start = self.position - HISTORY_SAMPLES
        memmove(self.line, self.line + start, (self.end - start) * sizeof(float))
        self.position -= start
        self.end -= start

    cdef void append(self, const float* samples, Py_ssize_t count, double gain_from, double gain_to) noexcept:
        """Add samples at the end, their gain going in a straight line from one to the other over the overlap."""
        cdef Py_ssize_t i
        cdef double slope = (gain_to - gain_from) / OVERLAP_SAMPLES
        cdef double power
        self._make_room(count)
        cdef float* to = self.line + self.end
        for i in range(count):
            to[i] = samples[i] * ((gain_from + slope * i) if i < OVERLAP_SAMPLES else gain_to)
        self.end += count
        power = _product(to, to, count) / count
        self.loudness = power if power > self.loudness * LOUDNESS_DECAY else self.loudness * LOUDNESS_DECAY

    cdef void append_silence(self, Py_ssize_t count) noexcept:
        self._make_room(count)
        memset(self.line + self.end, 0, count * sizeof(float))
        self.end += count

    cdef void overlap_append(self, const float* samples, Py_ssize_t count) noexcept:
        """Add samples at the end, crossfading from the last of the line; what is ahead must be as long as the overlap."""
        cdef Py_ssize_t i
        cdef double share
        self._make_room(count)
        cdef float* to = self.line + self.end - OVERLAP_SAMPLES
        for i in range(OVERLAP_SAMPLES):
            share = (i + 0.5) / OVERLAP_SAMPLES
            to[i] = to[i] * (1.0 - share) + samples[i] * share
        memcpy(to + OVERLAP_SAMPLES, samples + OVERLAP_SAMPLES, (count - OVERLAP_SAMPLES) * sizeof(float))
        self.end += count - OVERLAP_SAMPLES

    cdef void take(self, float* block, Py_ssize_t count) noexcept:
        """Move the next samples into the block; `count` is at most what is ahead."""
        memcpy(block, self.line + self.position, count * sizeof(float))
        self.position += count

    cdef bint quiet(self, Py_ssize_t start, Py_ssize_t count) noexcept:
        cdef double power = _product(self.line + start, self.line + start, count) / count
        return power < QUIET_POWER or power < QUIET_BELOW_LOUDNESS * self.loudness

    cdef bint quiet_behind(self) noexcept:
        return self.quiet(self.position - OVERLAP_SAMPLES, OVERLAP_SAMPLES)

    cdef Py_ssize_t accelerate(self, Py_ssize_t longest, double least_similarity) noexcept:
        """Cut out at most `longest` samples and return how many; 0 where the signal is not alike enough anywhere."""
        cdef Py_ssize_t lag, i
        cdef double share
        if self.ahead() < longest + OVERLAP_SAMPLES:
            longest = self.ahead() - OVERLAP_SAMPLES
        if longest < SHORTEST_LAG:
            return 0
        lag = longest
        self.free = self.quiet(self.position, longest + OVERLAP_SAMPLES)
        if not self.free:
            lag = self._find_lag(1, longest)
            if lag == 0 or self.similarity < least_similarity:
                return 0
        cdef float* now = self.line + self.position
        for i in range(OVERLAP_SAMPLES):
            share = (i + 0.5) / OVERLAP_SAMPLES
            now[lag + i] = now[i] * (1.0 - share) + now[lag + i] * share
        # What was played stays right before what plays next: expanding looks back at it.
        memmove(now + lag - HISTORY_SAMPLES, now - HISTORY_SAMPLES, HISTORY_SAMPLES * sizeof(float))
        self.position += lag
        return lag

    cdef Py_ssize_t expand(self, Py_ssize_t longest, double least_similarity) noexcept:
        """Repeat at most `longest` samples and return how many; 0 where the signal is not alike enough anywhere."""
        cdef Py_ssize_t lag, i
        cdef double share
        if self.ahead() < OVERLAP_SAMPLES or longest < SHORTEST_LAG:
            return 0
        lag = longest
        self.free = self.quiet(self.position - longest, longest + OVERLAP_SAMPLES)
        if not self.free:
            lag = self._find_lag(-1, longest)
            if lag == 0 or self.similarity < least_similarity:
                return 0
        self._make_room(lag)
        cdef float* now = self.line + self.position
        memmove(now + lag, now, self.ahead() * sizeof(float))
        for i in range(OVERLAP_SAMPLES):
            share = (i + 0.5) / OVERLAP_SAMPLES
            now[i] = now[lag + i] * (1.0 - share) + now[i - lag] * share
        memcpy(now + OVERLAP_SAMPLES, now + OVERLAP_SAMPLES - lag, (lag - OVERLAP_SAMPLES) * sizeof(float))
        self.end += lag
        return lag

    cdef Py_ssize_t _find_lag(self, int direction, Py_ssize_t longest) noexcept:
        """The lag, in one direction, at which the next samples are most alike; 0 where none is. Sets `similarity`."""
        cdef Py_ssize_t window = OVERLAP_SAMPLES // DECIMATION, reach = longest // DECIMATION
        cdef Py_ssize_t i, lag, other, here = 0 if direction > 0 else reach
        cdef Py_ssize_t best_lag = 0
        cdef double cross, energy, score, best = 0.0
        cdef const float* x = self.line + self.position - here * DECIMATION
        for i in range(reach + window):
            self.coarse[i] = (<double>x[4 * i] + x[4 * i + 1]) + (<double>x[4 * i + 2] + x[4 * i + 3])
        for lag in range(SHORTEST_LAG // DECIMATION, reach + 1):
            other = here + direction * lag
            cross = 0.0
            energy = 1e-9
            for i in range(window):
                cross += self.coarse[here + i] * self.coarse[other + i]
                energy += self.coarse[other + i] * self.coarse[other + i]
            score = cross * cross / energy
            if cross > 0 and score > best:
                best = score
                best_lag = lag * DECIMATION
        return self._refine_lag(direction, best_lag, longest) if best_lag else 0

    cdef Py_ssize_t _refine_lag(self, int direction, Py_ssize_t around, Py_ssize_t longest) noexcept:
        cdef Py_ssize_t lag, first = around - DECIMATION, last = around + DECIMATION, best_lag = 0
        cdef const float* here = self.line + self.position
        cdef const float* other
        cdef double cross, energy, similarity
        cdef double own = _product(here, here, OVERLAP_SAMPLES) + 1e-9
        self.similarity = 0.0
        for lag in range(first if first > SHORTEST_LAG else SHORTEST_LAG, (last if last < longest else longest) + 1):
            other = here + direction * lag
            cross = _product(here, other, OVERLAP_SAMPLES)
            energy = _product(other, other, OVERLAP_SAMPLES) + 1e-9
            similarity = cross / sqrt(own * energy)
            if similarity > self.similarity:
                self.similarity = similarity
                best_lag = lag
        return best_lag


def stretch(const float[::1] samples not None, double share, double least_similarity=0.5):
    """The samples played slower, by up to `share` of their time, or faster where it is negative: what playing does, at a stretch."""
    cdef SyncBuffer sync = SyncBuffer()
    cdef Py_ssize_t fed = 0, made = 0, rest = 0, count = samples.shape[0], run, lag
    cdef float[::1] played = numpy.zeros(2 * count, numpy.float32)
    while fed < count or sync.ahead():
        if fed < count and sync.ahead() < 2 * LONGEST_LAG:
            run = min(2 * OVERLAP_SAMPLES, count - fed)
            sync.append(&samples[fed], run, 1.0, 1.0)
            fed += run
            continue
        if rest <= 0:
            lag = sync.expand(LONGEST_LAG, least_similarity) if share > 0 else sync.accelerate(LONGEST_LAG, least_similarity)
            rest = <Py_ssize_t>(lag / abs(share)) + (lag if share > 0 else 0) if lag else OVERLAP_SAMPLES
        run = min(sync.ahead(), OVERLAP_SAMPLES)
        sync.take(&played[made], run)
        made += run
        rest -= run
    return numpy.asarray(played)[:made]
