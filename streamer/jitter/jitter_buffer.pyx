# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""The jitter buffer: packets in as the network brings them, samples out as the sound card takes them.

What it must do: hold as little as the network allows, give every excess back quickly and inaudibly, never
stay late.

The plan, at each place where a decision can fall (after a splice, a packet, or 5 ms):
- The *delay* is what the next sample waits more than the fastest packet would: now - timestamp - least
  transit time. It is exact, and needs no smoothing as a level in packets would. The *target* is what
  `delay_estimator` found, plus the length of a block, since the sound card asks for a packet so long before
  it plays, plus a reserve; between floor and ceiling.
- Later than what acceleration gives back in a second: skip whole packets. Too late: accelerate, by 25 % at
  most. Too early, or the next packet is overdue: expand. On time: normal.
- Nothing to decode: conceal, and hold the talker's time, so that late packets are played late and then caught
  up with: over TCP nothing is lost, only late. A gap with packets behind it is a loss: it is concealed for
  its length, less what we are late.
- Another clock (see `delay`), or more too early than any target: stop, and start again. What one clock said
  tells nothing of another.
- Faded to silence, or the talker has paused: wait until the next packet is due, and start exactly on target.

Times are milliseconds as doubles, of any clock; web/worklets/jitter_buffer.js makes the same decisions on the
same numbers.
"""

import numpy
from libc.stdint cimport int64_t

from streamer.jitter.concealment cimport DecodedLine
from streamer.jitter.delay_estimator cimport DelayEstimator, is_time
from streamer.jitter.overlap_add cimport OVERLAP_SAMPLES
from streamer.jitter.packet_buffer cimport Arrival
from streamer.jitter.playout_clock cimport PlayoutClock
from streamer.jitter.policy cimport (
    RESERVE_MS,
    STEP_SAMPLES,
    Decision,
    Operation,
    Situation,
    decide,
    depends_on_quiet,
)

cdef double SAMPLES_PER_MS = 48.0
# Between two splices, per sample of the last one: so talk gets faster by 25 % at most, and slower by 20 %,
# which is heard as a manner of speaking. Twice as much takes twice as long after a stall; half of it sounds
# like a tape that is wound.
cdef Py_ssize_t REST_PER_CUT = 4
cdef Py_ssize_t REST_PER_REPEAT = 5


cdef class JitterBuffer:
    """One talker's jitter buffer, 48 kHz.

    `decoder` has `decode(payload) -> float32 samples` and `conceal(count) -> float32 samples`; where it
    raises, it is concealed. Of stereo, these are mid, (L + R) / 2, and `decoder.side` then is as many of (L -
    R) / 2; None where it was mono. Not thread-safe: one thread pushes and pops.
    """

    def __cinit__(self):
        self._floor_ms, self._ceiling_ms = 8.0, 320.0
        self.estimator = DelayEstimator()
        self._line = DecodedLine(None)
        self._packets = self._line.packets
        self._sync = self._line.sync
        self._clock = PlayoutClock()
        self.operation = Operation.SILENCE

    def __init__(self, decoder, *, double floor_ms=8.0, double ceiling_ms=320.0):
        """Raises ValueError if the floor or the ceiling is out of range."""
        self._check_not_popping()
        if not 0.0 <= floor_ms <= ceiling_ms:
            raise ValueError(f"a target can't be between {floor_ms} and {ceiling_ms} ms")
        self.estimator = DelayEstimator(ceiling_ms)
        self._floor_ms = floor_ms
        self._ceiling_ms = ceiling_ms
        self._line.use(decoder)

    def push(self, int seq, int64_t timestamp, bytes payload not None, double now_ms, bint talkspurt=False):
        """Take in a packet: 16-bit seq, 32-bit timestamp in samples, its Opus payload, and the time of its
        arrival.

        Raises ValueError if one of them is invalid, RuntimeError if the decoder calls it.
        """
        self._check_not_popping()
        if not is_time(now_ms):
            raise ValueError(f"{now_ms} ms is no time")
        cdef Arrival arrival = self._packets.insert(seq, timestamp, payload)
        cdef double relative_ms
        self._received += 1
        if arrival == Arrival.DUPLICATE:
            self._duplicate += 1
            return
        if arrival == Arrival.STALE or arrival == Arrival.DOUBTFUL:
            self._discarded += 1
            return
        if arrival == Arrival.RESTART:
            self.estimator.restart()
        relative_ms = self.estimator.update(now_ms, self._packets.inserted_timestamp, talkspurt)
        if self.estimator.is_new_clock:
            self._packets.begin_at(seq, timestamp)
            self._packets.insert(seq, timestamp, payload)
            self.estimator.restart()
            relative_ms = self.estimator.update(now_ms, self._packets.inserted_timestamp, talkspurt)
            arrival = Arrival.RESTART
        if arrival == Arrival.RESTART:
            self._restarts += 1
            self._begin_anew()
        if relative_ms > self._target():
            self._late += 1

    def pop_into(self, float[::1] block not None, double now_ms, float[::1] side=None):
        """Fill the block, of any length, and `side`, as long, with what plays from `now_ms` on; silence where
        there is nothing.

        Raises ValueError if their lengths differ or `now_ms` is not a time; RuntimeError if the decoder calls
        it.
        """
        self._check_not_popping()
        if side is not None and side.shape[0] != block.shape[0]:
            raise ValueError(f"the side is {side.shape[0]} samples long, and the block {block.shape[0]}")
        if not is_time(now_ms):
            raise ValueError(f"{now_ms} ms is no time")
        self._clock.begin_block(now_ms, block.shape[0])
        self._is_popping = True
        try:
            self._fill(block, side)
        finally:
            self._is_popping = False

    cdef int _fill(self, float[::1] block, float[::1] side) except -1:
        cdef Py_ssize_t wanted = block.shape[0], filled = 0, run
        while filled < wanted:
            run = self._next_run(wanted - filled)
            run = self._sync.take(&block[filled], NULL if side is None else &side[filled], run)
            filled += run
            self._clock.advance(run)
            self._rest = self._rest - run if self._rest > run else 0
        return 0

    cdef int _check_not_popping(self) except -1:
        if self._is_popping:
            raise RuntimeError("the decoder of a jitter buffer can't use that buffer")
        return 0

    def pop(self, Py_ssize_t count, double now_ms):
        """As `pop_into`, into a new array."""
        block = numpy.zeros(count, numpy.float32)
        self.pop_into(block, now_ms)
        return block

    cdef double _target(self) noexcept:
        cdef double needed_ms = self.estimator.wait_ms + self._clock.lead_ms + RESERVE_MS
        if needed_ms < self._floor_ms:
            return self._floor_ms
        return needed_ms if needed_ms < self._ceiling_ms else self._ceiling_ms

    cdef double _late_by(self, int64_t timestamp) noexcept:
        """What the sample with this timestamp, played next, would have waited more than the fastest
        packet."""
        return self._clock.now_ms() - timestamp / SAMPLES_PER_MS - self.estimator.base_ms

    cdef Py_ssize_t _next_run(self, Py_ssize_t wanted) except -1:
        """Carry out what is decided until there is sound ahead; return how much of it to play before the next
        decision."""
        cdef Situation now
        cdef Decision decision
        cdef bint may_splice = False
        if self._playing:
            self.operation = Operation.NORMAL
            may_splice = self._rest == 0
        while may_splice or self._sync.ahead() == 0:
            self._look(&now, may_splice)
            decision = decide(&now)
            may_splice = False
            if decision.operation == Operation.SILENCE:
                return self._be_silent(min(<Py_ssize_t>decision.samples, wanted))
            self._carry_out(decision)
            if decision.operation == Operation.START:
                self.operation = Operation.NORMAL
                may_splice = self._rest == 0
        return min(self._sync.ahead(), <Py_ssize_t>STEP_SAMPLES, wanted)

    cdef void _look(self, Situation* now, bint may_splice) noexcept:
        """Note all that the decision depends on; of the packets, only if nothing is ahead."""
        cdef int64_t seq, timestamp
        now.is_playing, now.may_splice = self._playing, may_splice
        now.ahead, now.waiting = self._sync.ahead(), self._packets.count
        timestamp = self._line.media_end - now.ahead
        if not may_splice:
            seq = self._packets.first_seq()
            if self._playing:
                self._look_for_sound(now, seq)
            elif seq >= 0:
                timestamp = self._packets.timestamp_of(seq)
        now.delay_ms = self._late_by(timestamp)
        now.network_ms = self.estimator.wait_ms + self._clock.lead_ms
        now.usual_ms = self.estimator.usual_ms + self._clock.lead_ms
        now.target_ms = self._target()
        now.is_quiet = depends_on_quiet(now) and self._sync.quiet_behind()

    cdef void _look_for_sound(self, Situation* now, int64_t seq) noexcept:
        if seq >= 0:
            now.gap = self._packets.timestamp_of(seq) - self._line.media_end
            now.follows = seq == self._packets.next_seq
            return
        now.is_concealing = self._line.concealing()
        now.has_faded = self._line.faded()

    cdef int _carry_out(self, Decision decision) except -1:
        if decision.operation == Operation.ACCELERATE or decision.operation == Operation.EXPAND:
            return self._splice(decision)
        if decision.operation == Operation.DECODE:
            return self._line.decode(self._packets.first_seq())
        if decision.operation == Operation.CONCEAL:
            return self._conceal(decision.samples)
        if decision.operation == Operation.START:
            self._playing = True
            return self._line.decode(self._packets.first_seq())
        if decision.operation == Operation.STOP:
            return self._stop()
        if decision.operation == Operation.RESTART:
            return self._begin_anew()
        return self._skip(decision.samples) if decision.operation == Operation.SKIP else 0

    cdef Py_ssize_t _be_silent(self, Py_ssize_t count) except -1:
        self.operation = Operation.SILENCE
        self._silent += count
        self._sync.append_silence(count)
        return count

    cdef int _stop(self) noexcept:
        self._playing = False
        self._line.cut_off()
        return 0

    cdef int _begin_anew(self) noexcept:
        """The talker has another clock: what is ahead fades away, and what comes next starts on target."""
        self._stop()
        self._sync.forget_ahead()
        self._rest = 0
        return 0

    cdef int _skip(self, int64_t samples) except -1:
        self._skipped += self._line.skip_to(self._line.media_end + samples)
        self._rest = self._sync.ahead()
        return 0

    cdef int _splice(self, Decision decision) except -1:
        """Change the length by what the sound allows, if it does; then let it rest, so that a talker is never
        hurried by more."""
        cdef bint shorter = decision.operation == Operation.ACCELERATE
        cdef Py_ssize_t longest = decision.longest, lag
        cdef Py_ssize_t cut = max(<Py_ssize_t>decision.samples, longest) if shorter else 0
        self._line.decode_ahead(cut + OVERLAP_SAMPLES)
        if shorter:
            lag = self._sync.accelerate(decision.samples, longest, decision.similarity)
        else:
            lag = self._sync.expand(decision.samples, longest, decision.similarity)
        if lag == 0 or self._sync.free:
            self._rest = OVERLAP_SAMPLES
        else:
            self._rest = (REST_PER_CUT if shorter else REST_PER_REPEAT) * lag
        if lag == 0:
            return 0
        self.operation = decision.operation
        self._accelerated += lag if shorter else 0
        self._expanded += 0 if shorter else lag
        return 0

    cdef int _conceal(self, int64_t samples) except -1:
        """Of lost packets, that is the talker's time; if nothing came at all, his time waits for what is
        late."""
        if self._packets.count > 0:
            self._line.pass_over(samples)
        elif not self._line.concealing():
            self._underruns += 1
        self.operation = Operation.CONCEAL
        return self._line.conceal(samples)

    @property
    def playout_timestamp(self):
        """The timestamp of the next sample to be popped, or None while none is playing."""
        return (self._line.media_end - self._sync.ahead()) & 0xFFFFFFFF if self._playing else None

    @property
    def target_ms(self):
        return self._target()

    @property
    def delay_ms(self):
        """How much longer the next sample has waited than the fastest packet; 0 while nothing plays."""
        return self._late_by(self._line.media_end - self._sync.ahead()) if self._playing else 0.0

    @property
    def level_ms(self):
        """How much of the talker's sound is here and has not been popped."""
        return self._line.held() / SAMPLES_PER_MS

    @property
    def statistics(self):
        """Everything counted since the start, by its public name; levels are of now."""
        return {
            "target_ms": self.target_ms,
            "delay_ms": self.delay_ms,
            "level_ms": self.level_ms,
            "received": self._received,
            "late": self._late,
            "lost": self._line.lost,
            "duplicate": self._duplicate,
            "discarded": self._discarded,
            "undecodable": self._line.undecodable,
            "restarts": self._restarts,
            "underruns": self._underruns,
            "overruns": self._packets.overruns,
            "concealed_ms": self._line.concealed / SAMPLES_PER_MS,
            "silent_ms": self._silent / SAMPLES_PER_MS,
            "accelerated_ms": self._accelerated / SAMPLES_PER_MS,
            "expanded_ms": self._expanded / SAMPLES_PER_MS,
            "skipped_ms": self._skipped / SAMPLES_PER_MS,
        }
