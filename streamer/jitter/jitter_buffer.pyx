# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""The jitter buffer: packets in as the network brings them, samples out as the sound card takes them.

What it must do: hold as little as the network allows, give every excess back quickly and inaudibly, never stay late.

The plan, at each place where a decision can fall (after a splice, a packet, or 5 ms):
- The *delay* is what the next sample waits more than the fastest packet would: now - timestamp - least transit time. It is exact,
  and needs no smoothing as a level in packets would. The *target* is what `delay` found, plus the lead with which a block
  of the sound card asks for a packet before its first sample plays; between floor and ceiling.
- Later than what acceleration gives back in a second: skip whole packets. Too late: accelerate, by 25 % at most. Too early,
  or the next packet is overdue: expand. On time: normal.
- Nothing to decode: conceal, and hold the talker's time, so that late packets are played late and then caught up with: over
  TCP nothing is lost, only late. A gap with packets behind it is a loss: it is concealed for its length, less what we are late.
- Another clock (see `delay`), or more too early than any target: stop, and start again. What one clock said tells nothing of another.
- Faded to silence, or the talker has paused: wait until the next packet is due, and start exactly on target.

Times are milliseconds as doubles, of any clock; web/worklets/jitter_buffer.js makes the same decisions on the same numbers.
"""

import numpy
from libc.stdint cimport int64_t

from streamer.jitter.delay_estimator cimport DelayEstimator, PlayoutClock, is_time
from streamer.jitter.packet_buffer cimport DOUBTFUL, DUPLICATE, RESTART, STALE, Arrival
from streamer.jitter.overlap_add cimport OVERLAP_SAMPLES
from streamer.jitter.sync_buffer cimport LONGEST_LAG
from streamer.jitter.concealment cimport DecodedLine

cdef double SAMPLES_PER_MS = 48.0
cdef Py_ssize_t STEP_SAMPLES = 240
cdef Py_ssize_t CONCEAL_SAMPLES = 240
cdef Py_ssize_t CONCEAL_UNIT = 120
cdef int64_t LONGEST_GAP_SAMPLES = 4800
cdef double LATE_BAND_MS = 5.0
cdef double EARLY_BAND_MS = 3.0
cdef double SPARE_MS = 1.0
cdef double OVERSHOOT_MS = 2.0
cdef double SKIP_MS = 260.0
cdef double KEEP_MS = 230.0
cdef double OVERDUE_SHARE = 0.4
cdef double ALIKE = 0.8
cdef double ALIKE_ENOUGH = 0.5
cdef double HURRY_MS = 30.0
cdef Py_ssize_t REST_PER_CUT = 4
cdef Py_ssize_t REST_PER_REPEAT = 5


cdef class JitterBuffer:
    """One talker's jitter buffer, 48 kHz.

    `decoder` has `decode(payload) -> float32 samples` and `conceal(count) -> float32 samples`; where it raises, it is concealed.
    Of stereo, these are mid, (L + R) / 2, and `decoder.side` then is as many of (L - R) / 2; None where it was mono.
    Not thread-safe: one thread pushes and pops.
    """

    def __cinit__(self):
        self.floor_ms, self.ceiling_ms = 10.0, 250.0
        self.estimator = DelayEstimator()
        self.line = DecodedLine(None)
        self.packets = self.line.packets
        self.sync = self.line.sync
        self.clock = PlayoutClock()
        self.operation = Operation.SILENCE

    def __init__(self, decoder, *, double floor_ms=10.0, double ceiling_ms=250.0, double late_share=0.01):
        """Raises ValueError where the floor and the ceiling, or the share, are none."""
        self._check_not_popping()
        if not 0.0 <= floor_ms <= ceiling_ms:
            raise ValueError(f"a target can't be between {floor_ms} and {ceiling_ms} ms")
        self.estimator = DelayEstimator(late_share, ceiling_ms)
        self.floor_ms = floor_ms
        self.ceiling_ms = ceiling_ms
        self.line.decoder = decoder

    def push(self, int seq, int64_t timestamp, bytes payload not None, double now_ms, bint talkspurt=False):
        """Take in a packet: 16-bit seq, 32-bit timestamp in samples, its Opus payload, and the time of its arrival.

        Raises ValueError where one of them is none, RuntimeError where the decoder calls it.
        """
        self._check_not_popping()
        if not is_time(now_ms):
            raise ValueError(f"{now_ms} ms is no time")
        cdef Arrival arrival = self.packets.insert(seq, timestamp, payload)
        cdef double relative_ms
        self.received += 1
        if arrival == DUPLICATE:
            self.duplicate += 1
            return
        if arrival == STALE or arrival == DOUBTFUL:
            self.discarded += 1
            return
        if arrival == RESTART:
            self.estimator.restart()
        relative_ms = self.estimator.update(now_ms, self.packets.inserted_timestamp, talkspurt)
        if self.estimator.is_new_clock:
            self.packets.begin_at(seq, timestamp)
            self.packets.insert(seq, timestamp, payload)
            self.estimator.restart()
            relative_ms = self.estimator.update(now_ms, self.packets.inserted_timestamp, talkspurt)
            arrival = RESTART
        if arrival == RESTART:
            self.restarts += 1
            self._begin_anew()
        if relative_ms > self._target():
            self.late += 1

    def pop_into(self, float[::1] block not None, double now_ms, float[::1] side=None):
        """Fill the block, of any length, and `side`, as long, with what plays from `now_ms` on; silence where there is nothing.

        Raises ValueError where they are not as long, or `now_ms` is no time; RuntimeError where the decoder calls it.
        """
        self._check_not_popping()
        if side is not None and side.shape[0] != block.shape[0]:
            raise ValueError(f"the side is {side.shape[0]} samples long, and the block {block.shape[0]}")
        if not is_time(now_ms):
            raise ValueError(f"{now_ms} ms is no time")
        self.clock.begin_block(now_ms)
        self.is_popping = True
        try:
            self._fill(block, side)
        finally:
            self.is_popping = False

    cdef int _fill(self, float[::1] block, float[::1] side) except -1:
        cdef Py_ssize_t wanted = block.shape[0], filled = 0, run
        while filled < wanted:
            run = self._next_run(wanted - filled)
            run = self.sync.take(&block[filled], NULL if side is None else &side[filled], run)
            filled += run
            self.clock.popped += run
            self.rest = self.rest - run if self.rest > run else 0
        return 0

    cdef int _check_not_popping(self) except -1:
        if self.is_popping:
            raise RuntimeError("the decoder of a jitter buffer can't use that buffer")
        return 0

    def pop(self, Py_ssize_t count, double now_ms):
        """As `pop_into`, into a new array."""
        block = numpy.zeros(count, numpy.float32)
        self.pop_into(block, now_ms)
        return block

    cdef double _target(self) noexcept:
        cdef double target_ms = self.estimator.quantile_ms + self.clock.lead_ms
        if target_ms < self.floor_ms:
            return self.floor_ms
        return target_ms if target_ms < self.ceiling_ms else self.ceiling_ms

    cdef double _late_by(self, int64_t timestamp) noexcept:
        """What the sample with this timestamp, played next, would have waited more than the fastest packet."""
        return self.clock.now_ms() - timestamp / SAMPLES_PER_MS - self.estimator.base_ms

    cdef Py_ssize_t _next_run(self, Py_ssize_t wanted) except -1:
        """Make one decision; return how many samples to play before the next."""
        cdef Py_ssize_t run
        if self.playing:
            self.operation = Operation.NORMAL
            self._adapt()
        while self.playing and self.sync.ahead() == 0:
            self._fetch()
        run = self.sync.ahead()
        if run == 0:
            return self._start(wanted)
        run = run if run < STEP_SAMPLES else STEP_SAMPLES
        return run if run < wanted else wanted

    cdef Py_ssize_t _start(self, Py_ssize_t wanted) except -1:
        """Be silent until the first packet here is due, then play it."""
        cdef int64_t seq = self.packets.first_seq()
        cdef Py_ssize_t wait = wanted if wanted < STEP_SAMPLES else STEP_SAMPLES
        cdef double early
        if seq >= 0:
            early = (self._target() - self._late_by(self.packets.timestamp_of(seq))) * SAMPLES_PER_MS
            if early <= 0:
                self.playing = True
                self.line.decode(seq)
                return self._next_run(wanted)
            if early < wait:
                wait = min(<Py_ssize_t>early + 1, wait)
        self.operation = Operation.SILENCE
        self.silent += wait
        self.sync.append_silence(wait)
        return wait

    cdef int _stop(self) noexcept:
        self.playing = False
        self.line.cut_off()
        return 0

    cdef int _begin_anew(self) noexcept:
        """The talker has another clock: what is ahead fades away, and what comes next starts on target."""
        self._stop()
        self.sync.forget_ahead()
        self.rest = 0
        return 0

    cdef int _adapt(self) except -1:
        if self.rest > 0:
            return 0
        cdef double delay_ms = self._late_by(self.line.media_end - self.sync.ahead())
        cdef double excess_ms = delay_ms - self._target()
        cdef double by_ms, least_ms = min(self.floor_ms, self.estimator.quantile_ms + self.clock.lead_ms + SPARE_MS)
        if excess_ms > SKIP_MS:
            self.skipped += self.line.skip_to(self.line.media_end + <int64_t>((excess_ms - KEEP_MS) * SAMPLES_PER_MS))
            self.rest = self.sync.ahead()
            return 0
        if excess_ms < -SKIP_MS:
            return self._begin_anew()
        if excess_ms > LATE_BAND_MS:
            # not below what asks for a repeat: else each would undo the other for ever
            by_ms = min(excess_ms, delay_ms - least_ms - OVERSHOOT_MS)
            return self._splice(True, by_ms, ALIKE if excess_ms < HURRY_MS else ALIKE_ENOUGH)
        if excess_ms < -EARLY_BAND_MS:
            return self._splice(False, -excess_ms, ALIKE)
        if delay_ms < least_ms:
            return self._win_time(self.floor_ms - OVERSHOOT_MS, excess_ms, ALIKE)  # a long pitch period fits, before it is late
        if self.packets.count == 0 and self.sync.ahead() < OVERDUE_SHARE * delay_ms * SAMPLES_PER_MS:
            return self._win_time(LONGEST_LAG / SAMPLES_PER_MS, excess_ms, ALIKE_ENOUGH)
        return 0

    cdef int _win_time(self, double by_ms, double excess_ms, double alike) except -1:
        """Expand; where it is quiet, and any length fits, by no more than what would be cut out again."""
        if self.sync.quiet_behind():
            by_ms = min(by_ms, LATE_BAND_MS - OVERSHOOT_MS - excess_ms)
        return self._splice(False, by_ms, alike) if by_ms > 0 else 0

    cdef int _splice(self, bint shorter, double by_ms, double alike) except -1:
        cdef Py_ssize_t longest = min(<Py_ssize_t>((by_ms + OVERSHOOT_MS) * SAMPLES_PER_MS), LONGEST_LAG), lag
        self.line.decode_ahead(longest + OVERLAP_SAMPLES if shorter else OVERLAP_SAMPLES)
        lag = self.sync.accelerate(longest, alike) if shorter else self.sync.expand(longest, alike)
        self.rest = OVERLAP_SAMPLES if lag == 0 or self.sync.free else (REST_PER_CUT if shorter else REST_PER_REPEAT) * lag
        if lag == 0:
            return 0
        self.operation = Operation.ACCELERATE if shorter else Operation.EXPAND
        self.accelerated += lag if shorter else 0
        self.expanded += 0 if shorter else lag
        return 0

    cdef int _fetch(self) except -1:
        """Get something to play, or stop playing."""
        cdef int64_t seq = self.packets.first_seq(), gap
        self.clock.ask()
        if seq < 0:
            return self._run_dry()
        gap = self.packets.timestamp_of(seq) - self.line.media_end
        if gap <= 0:
            return self.line.decode(seq)
        return self._stop() if seq == self.packets.next_seq else self._fill_gap(seq, gap)

    cdef int _fill_gap(self, int64_t seq, int64_t gap) except -1:
        """Packets are lost: conceal as long as they were, but give back what we are late."""
        cdef double excess = (self._late_by(self.line.media_end) - self._target()) * SAMPLES_PER_MS
        cdef int64_t needed = gap - <int64_t>(excess if excess > 0 else 0.0)
        if needed > LONGEST_GAP_SAMPLES:
            return self._stop()
        if needed < CONCEAL_UNIT:
            return self.line.decode(seq)
        needed = min(needed - needed % CONCEAL_UNIT, <int64_t>CONCEAL_SAMPLES)
        self.line.media_end += needed
        self.operation = Operation.CONCEAL
        return self.line.conceal(needed)

    cdef int _run_dry(self) except -1:
        """Nothing came: conceal until it has faded away; where it is quiet already, stop at once."""
        if self.line.faded() or (self.line.conceal_run == 0 and self.sync.quiet_behind()):
            return self._stop()
        self.underruns += self.line.conceal_run == 0
        self.operation = Operation.CONCEAL
        return self.line.conceal(CONCEAL_SAMPLES)

    @property
    def playout_timestamp(self):
        """The timestamp of the next sample to be popped, or None while none is playing."""
        return (self.line.media_end - self.sync.ahead()) & 0xFFFFFFFF if self.playing else None

    @property
    def target_ms(self):
        return self._target()

    @property
    def delay_ms(self):
        """How much longer the next sample has waited than the fastest packet; 0 while nothing plays."""
        return self._late_by(self.line.media_end - self.sync.ahead()) if self.playing else 0.0

    @property
    def level_ms(self):
        """How much of the talker's sound is here and has not been popped."""
        return self.line.held() / SAMPLES_PER_MS

    @property
    def statistics(self):
        """Everything counted since the start, by its public name; levels are of now."""
        return {
            "target_ms": self.target_ms,
            "delay_ms": self.delay_ms,
            "level_ms": self.level_ms,
            "received": self.received,
            "late": self.late,
            "lost": self.line.lost,
            "duplicate": self.duplicate,
            "discarded": self.discarded,
            "undecodable": self.line.undecodable,
            "restarts": self.restarts,
            "underruns": self.underruns,
            "overruns": self.packets.overruns,
            "concealed_ms": self.line.concealed / SAMPLES_PER_MS,
            "silent_ms": self.silent / SAMPLES_PER_MS,
            "accelerated_ms": self.accelerated / SAMPLES_PER_MS,
            "expanded_ms": self.expanded / SAMPLES_PER_MS,
            "skipped_ms": self.skipped / SAMPLES_PER_MS,
        }
