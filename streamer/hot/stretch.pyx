# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""The decoded samples that play next, and how to make them fewer or more without changing the pitch.

The plan is waveform-similarity overlap-add, as NetEQ's accelerate and preemptive expand: find the lag at which the signal
resembles itself best (a pitch period, or a few), cut out or repeat exactly that much, and crossfade over the join. The lag is
searched coarsely on every fourth sample's mean, then refined on all. Where it is quiet any lag will do.

    accelerate   ...a b|c d e f      expand   ...a b|c d e
                 ...a b|d'e f                 ...a b|b'c d e        (' = crossfaded, | = the next sample to play)

Expanding repeats what was already played, so it needs only the overlap ahead: it works when the network has just stalled.
Stereo is kept as mid, (L + R) / 2, and side, (L - R) / 2: mono is mid alone, and a listener with one loudspeaker plays mid alone.
The louder of the two finds the lag, and both are spliced at it, so left and right stay in time with each other.
Arithmetic is in doubles, stored as floats, in the order that web/stretch.js has: both make the same decisions.
"""

import numpy

from libc.math cimport sqrt
from libc.string cimport memcpy, memmove, memset

from streamer.hot.plane cimport HISTORY_SAMPLES, OVERLAP_SAMPLES, cut, join, product, put, repeat

cdef double QUIET_POWER = 1e-6
cdef double QUIET_BELOW_LOUDNESS = 1e-3
cdef double LOUDNESS_DECAY = 0.998


cdef class SyncBuffer:
    """A line of samples, mono until it is made stereo: what was played last, then what plays next (`ahead` samples)."""

    def __init__(self):
        self.loudness = 0.0
        self.similarity = 0.0
        self.free = False
        self.stereo = False
        self.position = self.end = HISTORY_SAMPLES

    cdef Py_ssize_t ahead(self) noexcept:
        return self.end - self.position

    cdef void _make_room(self, Py_ssize_t count) noexcept:
        if self.end + count <= LINE_SAMPLES:
            return
        cdef Py_ssize_t start = self.position - HISTORY_SAMPLES
        memmove(self.mid, self.mid + start, (self.end - start) * sizeof(float))
        if self.stereo:
            memmove(self.side, self.side + start, (self.end - start) * sizeof(float))
        self.position -= start
        self.end -= start

    cdef void append(self, const float* mid, const float* side, Py_ssize_t count, double gain_from, double gain_to) noexcept:
        """Add samples at the end, their gain going in a straight line from one to the other over the overlap."""
        cdef double power
        self._make_room(count)
        put(self.mid + self.end, mid, count, gain_from, gain_to)
        if self.stereo:
            put(self.side + self.end, side, count, gain_from, gain_to)
        power = self._power(self.end, count)
        self.end += count
        self.loudness = power if power > self.loudness * LOUDNESS_DECAY else self.loudness * LOUDNESS_DECAY

    cdef void append_silence(self, Py_ssize_t count) noexcept:
        self._make_room(count)
        memset(self.mid + self.end, 0, count * sizeof(float))
        if self.stereo:
            memset(self.side + self.end, 0, count * sizeof(float))
        self.end += count

    cdef void overlap_append(self, const float* mid, const float* side, Py_ssize_t count) noexcept:
        """Add samples at the end, crossfading from the last of the line; what is ahead must be as long as the overlap."""
        self._make_room(count)
        join(self.mid + self.end, mid, count)
        if self.stereo:
            join(self.side + self.end, side, count)
        self.end += count - OVERLAP_SAMPLES

    cdef void take(self, float* mid, float* side, Py_ssize_t count) noexcept:
        """Move the next samples out; `count` is at most what is ahead, `side` is NULL where nobody wants it."""
        memcpy(mid, self.mid + self.position, count * sizeof(float))
        if side != NULL and self.stereo:
            memcpy(side, self.side + self.position, count * sizeof(float))
        elif side != NULL:
            memset(side, 0, count * sizeof(float))
        self.position += count

    cdef double _power(self, Py_ssize_t start, Py_ssize_t count) noexcept:
        cdef double total = product(self.mid + start, self.mid + start, count)
        if self.stereo:
            total += product(self.side + start, self.side + start, count)
        return total / count

    cdef bint quiet(self, Py_ssize_t start, Py_ssize_t count) noexcept:
        cdef double power = self._power(start, count)
        return power < QUIET_POWER or power < QUIET_BELOW_LOUDNESS * self.loudness

    cdef bint quiet_behind(self) noexcept:
        return self.quiet(self.position - OVERLAP_SAMPLES, OVERLAP_SAMPLES)

    cdef Py_ssize_t accelerate(self, Py_ssize_t longest, double least_similarity) noexcept:
        """Cut out at most `longest` samples and return how many; 0 where the signal is not alike enough anywhere."""
        cdef Py_ssize_t lag
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
        cut(self.mid + self.position, lag)
        if self.stereo:
            cut(self.side + self.position, lag)
        self.position += lag
        return lag

    cdef Py_ssize_t expand(self, Py_ssize_t longest, double least_similarity) noexcept:
        """Repeat at most `longest` samples and return how many; 0 where the signal is not alike enough anywhere."""
        cdef Py_ssize_t lag
        if self.ahead() < OVERLAP_SAMPLES or longest < SHORTEST_LAG:
            return 0
        lag = longest
        self.free = self.quiet(self.position - longest, longest + OVERLAP_SAMPLES)
        if not self.free:
            lag = self._find_lag(-1, longest)
            if lag == 0 or self.similarity < least_similarity:
                return 0
        self._make_room(lag)
        repeat(self.mid + self.position, lag, self.ahead())
        if self.stereo:
            repeat(self.side + self.position, lag, self.ahead())
        self.end += lag
        return lag

    cdef const float* _louder(self) noexcept:
        """The next samples of the plane that has more to say."""
        cdef const float* mid = self.mid + self.position
        cdef const float* side = self.side + self.position
        if self.stereo and product(side, side, OVERLAP_SAMPLES) > product(mid, mid, OVERLAP_SAMPLES):
            return side
        return mid

    cdef Py_ssize_t _find_lag(self, int direction, Py_ssize_t longest) noexcept:
        """The lag, in one direction, at which the next samples are most alike; 0 where none is. Sets `similarity`."""
        cdef Py_ssize_t window = OVERLAP_SAMPLES // DECIMATION, reach = longest // DECIMATION
        cdef Py_ssize_t i, lag, other, here = 0 if direction > 0 else reach
        cdef Py_ssize_t best_lag = 0
        cdef double cross, energy, score, best = 0.0
        cdef const float* now = self._louder()
        cdef const float* x = now - here * DECIMATION
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
        return self._refine_lag(now, direction, best_lag, longest) if best_lag else 0

    cdef Py_ssize_t _refine_lag(self, const float* here, int direction, Py_ssize_t around, Py_ssize_t longest) noexcept:
        cdef Py_ssize_t lag, first = around - DECIMATION, last = around + DECIMATION, best_lag = 0
        cdef const float* other
        cdef double cross, energy, similarity
        cdef double own = product(here, here, OVERLAP_SAMPLES) + 1e-9
        self.similarity = 0.0
        for lag in range(first if first > SHORTEST_LAG else SHORTEST_LAG, (last if last < longest else longest) + 1):
            other = here + direction * lag
            cross = product(here, other, OVERLAP_SAMPLES)
            energy = product(other, other, OVERLAP_SAMPLES) + 1e-9
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
            sync.append(&samples[fed], NULL, run, 1.0, 1.0)
            fed += run
            continue
        if rest <= 0:
            lag = sync.expand(LONGEST_LAG, least_similarity) if share > 0 else sync.accelerate(LONGEST_LAG, least_similarity)
            rest = <Py_ssize_t>(lag / abs(share)) + (lag if share > 0 else 0) if lag else OVERLAP_SAMPLES
        run = min(sync.ahead(), OVERLAP_SAMPLES)
        sync.take(&played[made], NULL, run)
        made += run
        rest -= run
    return numpy.asarray(played)[:made]
