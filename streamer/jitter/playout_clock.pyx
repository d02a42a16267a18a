# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""When the sample popped next is heard, however unevenly the sound card asks; and how long blocks are.

Twin of web/worklets/playout_clock.js. A sound card asks in blocks and often late, but it plays evenly. The
earliest of the last pops tells the time, and what was popped since counts it on.

A packet must be here when the block begins in which its first sample plays. Where in the block that is, each
splice changes: so the whole block counts. With less, blocks that are as long as a packet ran dry whenever a
splice moved the packets' ends.
"""

from streamer.jitter.windowed_minimum cimport WindowedMinimum

cdef double SAMPLES_PER_MS = 48.0
# A sound card that asks unevenly is early once in this time; with twice as much, a card that stood still is
# followed later.
cdef double CLOCK_WINDOW_MS = 100.0
# How long a long block is remembered: a sound card that asked for one does so again within less.
cdef double BLOCK_WINDOW_MS = 1000.0


cdef class PlayoutClock:
    """Counts what is popped. `lead_ms` is how long before its time a packet may be asked for: as long as the
    longest block."""

    def __cinit__(self):
        self._start = WindowedMinimum(CLOCK_WINDOW_MS)
        self._longest_block = WindowedMinimum(BLOCK_WINDOW_MS)

    cdef void begin_block(self, double now_ms, Py_ssize_t samples) noexcept:
        self.lead_ms = -self._longest_block.update(now_ms, -samples / SAMPLES_PER_MS)
        self._start_ms = self._start.update(now_ms, now_ms - self._popped / SAMPLES_PER_MS)

    cdef void advance(self, Py_ssize_t samples) noexcept:
        """Call it whenever `samples` were popped."""
        self._popped += samples

    cdef double now_ms(self) noexcept:
        """When the sample popped next plays."""
        return self._start_ms + self._popped / SAMPLES_PER_MS
