# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""When the sample popped next is heard, however unevenly the sound card asks; and how early packets are asked for.

Twin of web/worklets/playout_clock.js. A sound card asks in blocks and often late, but it plays evenly. The earliest of the
last pops tells the time, and what was popped since counts it on.
"""

from streamer.jitter.windowed_minimum cimport WindowedMinimum

cdef double SAMPLES_PER_MS = 48.0
# A sound card that asks unevenly is early once in this time; with twice as much, a card that stood still is followed later.
cdef double CLOCK_WINDOW_MS = 100.0
# How long a lead is remembered: blocks and packets of unequal length meet in the same way again within less.
cdef double LEAD_WINDOW_MS = 1000.0


cdef class PlayoutClock:
    """Counts what is popped. `lead_ms` is how long before its time a packet is asked for: as much as the block is filled then."""

    def __cinit__(self):
        self._start = WindowedMinimum(CLOCK_WINDOW_MS)
        self._earliest_lead = WindowedMinimum(LEAD_WINDOW_MS)

    cdef void begin_block(self, double now_ms) noexcept:
        self._block_start = self._popped
        self._start_ms = self._start.update(now_ms, now_ms - self._popped / SAMPLES_PER_MS)

    cdef void advance(self, Py_ssize_t samples) noexcept:
        """Call it whenever `samples` were popped."""
        self._popped += samples

    cdef double now_ms(self) noexcept:
        """When the sample popped next plays."""
        return self._start_ms + self._popped / SAMPLES_PER_MS

    cdef void on_need(self) noexcept:
        """A packet is needed now."""
        self.lead_ms = -self._earliest_lead.update(self.now_ms(), (self._block_start - self._popped) / SAMPLES_PER_MS)
