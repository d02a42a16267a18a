# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""The decoded samples that play next, and how to make them fewer or more without changing the pitch.

The plan is waveform-similarity overlap-add, as NetEQ's accelerate and preemptive expand: find the lag at
which the signal resembles itself best (a pitch period, or a few), cut out or repeat exactly that much, and
crossfade over the join. The lag is searched coarsely on every fourth sample's mean, then refined on all.
Where it is quiet any lag will do: then it is what is wanted.

    accelerate   ...a b|c d e f      expand   ...a b|c d e
                 ...a b|d'e f                 ...a b|b'c d e   (' = crossfaded, | = next to play)

Expanding repeats what was already played, so it needs only the overlap ahead: it works when the network has
just stalled. Stereo is kept as mid, (L + R) / 2, and side, (L - R) / 2: mono is mid alone, and a listener
with one loudspeaker plays mid alone. The line owns its memory, and its bound: what does not fit is left out
and counted, no matter who asks. The louder of the two finds the lag, and both are spliced at it, so left and
right stay in time with each other. Arithmetic is in doubles, stored as floats, in the order that
web/worklets/sync_buffer.js has: both make the same decisions.
"""

import numpy

from libc.math cimport sqrt
from libc.string cimport memcpy, memmove, memset

from streamer.jitter.redzone cimport REDZONE_BYTES, poison, unpoison
from streamer.jitter.overlap_add cimport HISTORY_SAMPLES, OVERLAP_SAMPLES, cut, join, product, put, repeat

cdef double QUIET_POWER = 1e-6
cdef double QUIET_BELOW_LOUDNESS = 1e-3
cdef double LOUDNESS_DECAY = 0.998
# Less is no stretch at all, and more would make more than twice as much.
cdef double LEAST_SHARE = 0.001
cdef double LARGEST_SHARE = 1.0


cdef class SyncBuffer:
    """A line of samples, mono until it is made stereo: what was played last, then what plays next (`ahead`
    samples)."""

    def __cinit__(self):
        self._position = self._end = HISTORY_SAMPLES
        poison(self._before_mid)
        poison(self._before_side)
        poison(self._before_coarse)
        poison(self._after_coarse)

    def __dealloc__(self):
        unpoison(self._before_mid)
        unpoison(self._before_side)
        unpoison(self._before_coarse)
        unpoison(self._after_coarse)

    cdef Py_ssize_t ahead(self) noexcept:
        return self._end - self._position

    cdef void make_stereo(self) noexcept:
        """From here on there is a side, too: until now it was silent."""
        self.stereo = True

    cdef Py_ssize_t _make_room(self, Py_ssize_t count) noexcept:
        """Make room behind the end for `count` samples; return how many of them fit, and count the others as
        dropped."""
        if count <= 0:
            return 0
        if count <= LINE_SAMPLES - self._end:
            return count
        cdef Py_ssize_t start = self._position - HISTORY_SAMPLES, room
        memmove(self._mid, self._mid + start, (self._end - start) * sizeof(float))
        if self.stereo:
            memmove(self._side, self._side + start, (self._end - start) * sizeof(float))
        self._position -= start
        self._end -= start
        room = LINE_SAMPLES - self._end
        if count <= room:
            return count
        self.dropped += count - room
        return room

    cdef Py_ssize_t append(
        self, const float* mid, const float* side, Py_ssize_t count, double gain_from, double gain_to
    ) noexcept:
        """Add samples at the end, their gain going in a straight line from one to the other over the overlap.

        Return how many of them fitted.
        """
        cdef double power
        count = self._make_room(count)
        if count == 0:
            return 0
        put(self._mid + self._end, mid, count, gain_from, gain_to)
        if self.stereo:
            put(self._side + self._end, side, count, gain_from, gain_to)
        power = self._power(self._end, count)
        self._end += count
        self._loudness = power if power > self._loudness * LOUDNESS_DECAY else self._loudness * LOUDNESS_DECAY
        return count

    cdef Py_ssize_t append_silence(self, Py_ssize_t count) noexcept:
        """Return how many samples of it fitted."""
        count = self._make_room(count)
        memset(self._mid + self._end, 0, count * sizeof(float))
        if self.stereo:
            memset(self._side + self._end, 0, count * sizeof(float))
        self._end += count
        return count

    cdef Py_ssize_t overlap_append(self, const float* mid, const float* side, Py_ssize_t count) noexcept:
        """Add samples at the end, crossfading from the last of the line; return how many of them fitted.

        What is ahead and what is added must be as long as the overlap: else nothing is added.
        """
        if count < OVERLAP_SAMPLES or self.ahead() < OVERLAP_SAMPLES:
            return 0
        count = OVERLAP_SAMPLES + self._make_room(count - OVERLAP_SAMPLES)
        join(self._mid + self._end, mid, count)
        if self.stereo:
            join(self._side + self._end, side, count)
        self._end += count - OVERLAP_SAMPLES
        return count

    cdef void forget_ahead(self) noexcept:
        """What is ahead is not to be played: only an overlap of it, fading out."""
        if self.ahead() > OVERLAP_SAMPLES:
            self._end = self._position + OVERLAP_SAMPLES
        cdef Py_ssize_t i, count = self.ahead()
        cdef double gain
        for i in range(count):
            gain = 1.0 - (i + 0.5) / count
            self._mid[self._position + i] = self._mid[self._position + i] * gain
            if self.stereo:
                self._side[self._position + i] = self._side[self._position + i] * gain

    cdef Py_ssize_t take(self, float* mid, float* side, Py_ssize_t count) noexcept:
        """Move the next samples out, of those that are ahead; return how many. `side` is NULL where nobody
        wants it."""
        if count > self.ahead():
            count = self.ahead()
        if count <= 0:
            return 0
        memcpy(mid, self._mid + self._position, count * sizeof(float))
        if side != NULL and self.stereo:
            memcpy(side, self._side + self._position, count * sizeof(float))
        elif side != NULL:
            memset(side, 0, count * sizeof(float))
        self._position += count
        return count

    cdef double _power(self, Py_ssize_t start, Py_ssize_t count) noexcept:
        cdef double total = product(self._mid + start, self._mid + start, count)
        if self.stereo:
            total += product(self._side + start, self._side + start, count)
        return total / count

    cdef bint quiet(self, Py_ssize_t start, Py_ssize_t count) noexcept:
        cdef double power = self._power(start, count)
        return power < QUIET_POWER or power < QUIET_BELOW_LOUDNESS * self._loudness

    cdef bint quiet_behind(self) noexcept:
        return self.quiet(self._position - OVERLAP_SAMPLES, OVERLAP_SAMPLES)

    cdef Py_ssize_t accelerate(self, Py_ssize_t wanted, Py_ssize_t longest, double least_similarity) noexcept:
        """Cut out `wanted` samples where it is quiet, else at most `longest`; return how many; 0 where the
        signal is nowhere alike enough."""
        cdef Py_ssize_t lag, most = min(self.ahead() - OVERLAP_SAMPLES, <Py_ssize_t>LONGEST_LAG)
        wanted = min(wanted, most)
        self.free = wanted > 0 and self.quiet(self._position, wanted + OVERLAP_SAMPLES)
        lag = wanted if self.free else self._find_lag(1, min(longest, most))
        if lag == 0 or (not self.free and self.similarity < least_similarity):
            return 0
        cut(self._mid + self._position, lag)
        if self.stereo:
            cut(self._side + self._position, lag)
        self._position += lag
        return lag

    cdef Py_ssize_t expand(self, Py_ssize_t wanted, Py_ssize_t longest, double least_similarity) noexcept:
        """Repeat `wanted` samples where it is quiet, else at most `longest`; return how many; 0 where the
        signal is nowhere alike enough."""
        cdef Py_ssize_t room = LINE_SAMPLES - HISTORY_SAMPLES - self.ahead()
        cdef Py_ssize_t lag, most = min(room, <Py_ssize_t>LONGEST_LAG)
        if self.ahead() < OVERLAP_SAMPLES:
            return 0
        wanted = min(wanted, most)
        self.free = wanted > 0 and self.quiet(self._position - wanted, wanted + OVERLAP_SAMPLES)
        lag = wanted if self.free else self._find_lag(-1, min(longest, most))
        if lag == 0 or (not self.free and self.similarity < least_similarity):
            return 0
        self._make_room(lag)
        repeat(self._mid + self._position, lag, self.ahead())
        if self.stereo:
            repeat(self._side + self._position, lag, self.ahead())
        self._end += lag
        return lag

    cdef const float* _louder(self) noexcept:
        """The next samples of the plane that has more to say."""
        cdef const float* mid = self._mid + self._position
        cdef const float* side = self._side + self._position
        if self.stereo and product(side, side, OVERLAP_SAMPLES) > product(mid, mid, OVERLAP_SAMPLES):
            return side
        return mid

    cdef Py_ssize_t _find_lag(self, int direction, Py_ssize_t longest) noexcept:
        """The lag, in one direction, at which the next samples are most alike; 0 where none is. Sets
        `similarity`."""
        cdef Py_ssize_t window = OVERLAP_SAMPLES // DECIMATION, reach = longest // DECIMATION
        cdef Py_ssize_t i, lag, other, here = 0 if direction > 0 else reach
        cdef Py_ssize_t best_lag = 0
        cdef double cross, energy, score, best = 0.0
        cdef const float* now
        cdef const float* x
        if longest < SHORTEST_LAG:  # also where fewer samples are ahead than are compared
            return 0
        now = self._louder()
        x = now - here * DECIMATION
        for i in range(reach + window):
            self._coarse[i] = (<double>x[4 * i] + x[4 * i + 1]) + (<double>x[4 * i + 2] + x[4 * i + 3])
        for lag in range(SHORTEST_LAG // DECIMATION, reach + 1):
            other = here + direction * lag
            cross = 0.0
            energy = 1e-9
            for i in range(window):
                cross += self._coarse[here + i] * self._coarse[other + i]
                energy += self._coarse[other + i] * self._coarse[other + i]
            score = cross * cross / energy
            if cross > 0 and score > best:
                best = score
                best_lag = lag * DECIMATION
        return self._refine_lag(now, direction, best_lag, longest) if best_lag else 0

    cdef Py_ssize_t _refine_lag(
        self, const float* here, int direction, Py_ssize_t around, Py_ssize_t longest
    ) noexcept:
        cdef Py_ssize_t lag, first = around - DECIMATION, last = around + DECIMATION, best_lag = 0
        cdef const float* other
        cdef double cross, energy, similarity
        cdef double own = product(here, here, OVERLAP_SAMPLES) + 1e-9
        self.similarity = 0.0
        first = first if first > SHORTEST_LAG else SHORTEST_LAG
        last = last if last < longest else longest
        for lag in range(first, last + 1):
            other = here + direction * lag
            cross = product(here, other, OVERLAP_SAMPLES)
            energy = product(other, other, OVERLAP_SAMPLES) + 1e-9
            similarity = cross / sqrt(own * energy)
            if similarity > self.similarity:
                self.similarity = similarity
                best_lag = lag
        return best_lag


def stretch(const float[::1] samples not None, double share, double least_similarity=0.5):
    """The samples played slower, by up to `share` of their time, or faster where it is negative: what playing
    does, at a stretch.

    Raises ValueError where `share` is not between 0.001 and 1, or their negatives.
    """
    if not LEAST_SHARE <= abs(share) <= LARGEST_SHARE:
        raise ValueError(f"a share of {share} is not between {LEAST_SHARE} and {LARGEST_SHARE}")
    cdef SyncBuffer sync = SyncBuffer()
    cdef Py_ssize_t fed = 0, made = 0, rest = 0, count = samples.shape[0], run, lag
    cdef float[::1] played = numpy.zeros(2 * count + LONGEST_LAG, numpy.float32)
    while fed < count or sync.ahead():
        if fed < count and sync.ahead() < 2 * LONGEST_LAG:
            run = min(2 * OVERLAP_SAMPLES, count - fed)
            sync.append(&samples[fed], NULL, run, 1.0, 1.0)
            fed += run
            continue
        if rest <= 0:
            if share > 0:
                lag = sync.expand(LONGEST_LAG, LONGEST_LAG, least_similarity)
            else:
                lag = sync.accelerate(LONGEST_LAG, LONGEST_LAG, least_similarity)
            rest = <Py_ssize_t>(lag / abs(share)) + (lag if share > 0 else 0) if lag else OVERLAP_SAMPLES
        run = min(sync.ahead(), <Py_ssize_t>OVERLAP_SAMPLES, played.shape[0] - made)
        if run == 0:
            break
        sync.take(&played[made], NULL, run)
        made += run
        rest -= run
    return numpy.asarray(played)[:made]
