# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""What the jitter buffer does next: one pure function of what it knows, `decide`. It holds nothing and
changes nothing.

Twin of web/worklets/playout_policy.js. All thresholds are here; docs/measurements.md has more of half and
double:

    name              value   what it decides, why it is so large, and what half and double of it do
    STEP              5 ms    between two decisions: as long as an overlap; a change sooner would splice into
                      a splice
    LATE_BAND         5 ms    later than target: shorten. The shortest splice takes as much away
    RESERVE           3 ms    target is over what the network needs: with SPARE and LATE_BAND, as wide as a
                      usual pitch period
    SPARE             1 ms    over what the network needs, since a delay is estimated in buckets of 1 ms;
                              earlier than that: lengthen. So far from target, a pause is made to fit: nobody
                              hears that
    OVERSHOOT         2 ms    that a splice of a voice may take more than needed, for a pitch period that is a
                      little longer
    SKIP              260 ms  too late: leave out packets. That is 1 s of acceleration at 25 %, so that after
                              any stall the delay is back within 1.5 s; half skips words that could have been
                              heard, double stays late 2 s
    KEEP              230 ms  of it is left to acceleration, which hides the seam
    OVERDUE           0.4     of the delay: so little ahead, no packet here, and later than usual: a stall has
                              begun: lengthen while there is something to lengthen. Half is too late for a
                              splice
    ALIKE             0.8     similarity (a normalized cross-correlation) of the two ends of an inaudible
                      splice, as NetEQ's 0.8
    ALIKE_ENOUGH      0.5     where there is a reason to hurry: audible in music, less so than what comes
                      otherwise
    HURRY             30 ms   later than target: that is such a reason
    LONGEST_GAP       100 ms  of lost packets is concealed; then concealment has faded to silence anyway
    CONCEAL           5 ms    at a time: a packet that comes meanwhile is heard at once
    CONCEAL_UNIT      2.5 ms  the least that Opus conceals
"""

from streamer.jitter.sync_buffer cimport LONGEST_LAG

cdef double SAMPLES_PER_MS = 48.0
cdef double LATE_BAND_MS = 5.0
cdef double RESERVE_MS = 3.0
cdef double SPARE_MS = 1.0
cdef double OVERSHOOT_MS = 2.0
cdef double SKIP_MS = 260.0
cdef double KEEP_MS = 230.0
cdef double OVERDUE_SHARE = 0.4
cdef double LONGEST_MS = LONGEST_LAG / SAMPLES_PER_MS
cdef double ALIKE = 0.8
cdef double ALIKE_ENOUGH = 0.5
cdef double HURRY_MS = 30.0
cdef int64_t LONGEST_GAP_SAMPLES = 4800
cdef int64_t CONCEAL_SAMPLES = 240
cdef int64_t CONCEAL_UNIT = 120


cdef Decision decide(const Situation* now) noexcept:
    """The operation, its length in samples; of a splice, that where it is quiet, the longest elsewhere, and
    how alike its ends must be.

    While a splice is possible (`may_splice`), the only question is whether to change the length; NORMAL is
    not to. Otherwise nothing is ahead, and the question is where sound comes from.
    """
    if not now.is_playing:
        return _start(now)
    return _change_length(now) if now.may_splice else _find_sound(now)


cdef bint depends_on_quiet(const Situation* now) noexcept:
    """Return False if `is_quiet` changes nothing in what `decide` returns: finding it out is a fifth of a
    pop's cost."""
    return now.is_playing and not now.may_splice and now.waiting == 0


cdef double _low_ms(const Situation* now) noexcept:
    return min(now.network_ms, now.target_ms - RESERVE_MS) + SPARE_MS


cdef bint _is_overdue(const Situation* now) noexcept:
    cdef double ahead_ms = now.ahead / SAMPLES_PER_MS
    if now.waiting > 0 or ahead_ms >= OVERDUE_SHARE * now.delay_ms:
        return False
    return now.delay_ms - ahead_ms > now.usual_ms


cdef Decision _start(const Situation* now) noexcept:
    """Be silent until the first packet here is due, then play it: so it starts exactly on target."""
    if now.waiting == 0:
        return _plain(Operation.SILENCE, STEP_SAMPLES)
    cdef double early = (now.target_ms - now.delay_ms) * SAMPLES_PER_MS
    if early <= 0:
        return _plain(Operation.START, 0)
    return _plain(Operation.SILENCE, <int64_t>early + 1 if early < STEP_SAMPLES - 1 else STEP_SAMPLES)


cdef Decision _change_length(const Situation* now) noexcept:
    """Between low and high nothing is changed, and no splice leads out of it: so no cut and no repeat can
    undo each other.

    Two repeats may lead above high: while a packet is overdue, since what comes after a stall comes late; and
    of a voice whose pitch periods are too long to fit, when it would soon run dry. The cut that may follow
    ends above low: another such repeat needs drift.
    """
    cdef double excess_ms = now.delay_ms - now.target_ms
    cdef double low_ms = _low_ms(now), high_ms = now.target_ms + LATE_BAND_MS
    cdef double most_ms
    if excess_ms > SKIP_MS:
        return _plain(Operation.SKIP, <int64_t>((excess_ms - KEEP_MS) * SAMPLES_PER_MS))
    if excess_ms < -SKIP_MS:
        return _plain(Operation.RESTART, 0)
    if now.delay_ms > high_ms:
        most_ms = min(excess_ms + OVERSHOOT_MS, now.delay_ms - low_ms)
        return _splice(
            Operation.ACCELERATE, excess_ms, most_ms, ALIKE if excess_ms < HURRY_MS else ALIKE_ENOUGH
        )
    if now.delay_ms < low_ms:
        most_ms = LONGEST_MS if now.delay_ms < low_ms - SPARE_MS else high_ms - now.delay_ms
        return _splice(Operation.EXPAND, -excess_ms, most_ms, ALIKE)
    if _is_overdue(now):
        return _splice(Operation.EXPAND, high_ms - now.delay_ms, LONGEST_MS, ALIKE_ENOUGH)
    if excess_ms > SPARE_MS:  # in a pause, and only there, the delay changes for nothing
        return _splice(Operation.ACCELERATE, excess_ms, 0.0, ALIKE)
    if excess_ms < -SPARE_MS:
        return _splice(Operation.EXPAND, -excess_ms, 0.0, ALIKE)
    return _plain(Operation.NORMAL, 0)


cdef Decision _find_sound(const Situation* now) noexcept:
    if now.waiting == 0:
        return _run_dry(now)
    if now.gap <= 0:
        return _plain(Operation.DECODE, 0)
    return _plain(Operation.STOP, 0) if now.follows else _fill_gap(now)


cdef Decision _run_dry(const Situation* now) noexcept:
    """Nothing came: conceal until it has faded away; if it is quiet already, stop at once."""
    if now.has_faded or (not now.is_concealing and now.is_quiet):
        return _plain(Operation.STOP, 0)
    return _plain(Operation.CONCEAL, CONCEAL_SAMPLES)


cdef Decision _fill_gap(const Situation* now) noexcept:
    """Packets are lost: conceal as long as they were, but give back what we are late."""
    cdef double excess = (now.delay_ms - now.target_ms) * SAMPLES_PER_MS
    cdef int64_t needed = now.gap - <int64_t>(excess if excess > 0 else 0.0)
    if needed > LONGEST_GAP_SAMPLES:
        return _plain(Operation.STOP, 0)
    if needed < CONCEAL_UNIT:
        return _plain(Operation.DECODE, 0)
    return _plain(Operation.CONCEAL, min(needed - needed % CONCEAL_UNIT, CONCEAL_SAMPLES))


cdef Decision _plain(Operation operation, int64_t samples) noexcept:
    return Decision(operation, samples, 0, 0.0)


cdef Decision _splice(Operation operation, double wanted_ms, double most_ms, double similarity) noexcept:
    cdef int64_t wanted = <int64_t>(wanted_ms * SAMPLES_PER_MS), longest = <int64_t>(most_ms * SAMPLES_PER_MS)
    cdef int64_t most = LONGEST_LAG
    return Decision(operation, min(wanted, most), min(longest, most), similarity)


def decided(Situation now):
    """`decide`, for Python."""
    return decide(&now)


def asks_for_quiet(Situation now):
    """`depends_on_quiet`, for Python."""
    return depends_on_quiet(&now)
