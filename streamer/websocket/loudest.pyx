# cython: language_level=3, boundscheck=False, wraparound=False
"""The loudest talkers of a room: beyond that many voices nobody understands anything, and each costs a packet
for each member.

As long as no more talk than there are places, everybody is heard. After that:

    OUT ──begins to talk──▶ TRIAL ──louder than the weakest──▶ PLACE ──displaced──▶ ENDING ──pauses──▶ OUT
                              └──────────── not louder ──────────────────────────────▲

A newcomer is heard at once and judged by its first syllables, so no beginning is lost. Somebody who loses a
place is heard until the next pause, so no word is cut, and is tried again some seconds later. Both take one
of SPARE more ways through: the room never hands on more than `places` + SPARE voices. Levels are what clients
say (RFC 6464): they are capped, and whoever has a place for long must be louder than others to keep it, so
nobody keeps one by claiming to be loud. Pinned talkers are always heard, and take no place.
"""

from cpython.list cimport PyList_GET_ITEM, PyList_GET_SIZE


cdef class Talker:
    cdef double standing_db(self, int64_t now_us) noexcept:
        return self.level_db - (LONG_DB if now_us - self.since_us > LONG_US else 0)

    cdef bint pauses(self, int64_t now_us) noexcept:
        return now_us - self.voiced_us > PAUSE_US

    cdef bint is_over(self, int64_t now_us) noexcept:
        if self.is_pinned:
            return True
        if self.standing == PLACE:
            return now_us - max(self.voiced_us, self.since_us) > GONE_US
        return self.pauses(now_us) or (self.standing == ENDING and now_us - self.since_us > ENDING_US)

    cdef void lose(self, int64_t now_us) noexcept:
        """It ends its word."""
        self.become(ENDING, now_us)
        self.judged_us, self.judged_db = now_us, self.level_db

    cdef void become(self, Standing standing, int64_t now_us) noexcept:
        self.standing, self.since_us = standing, now_us


cdef class LoudestTalkers:
    """Chooses by each packet as it arrives; times are in µs of any clock that does not go back."""

    def __cinit__(self, int places):
        if places < 1:
            raise ValueError(f"there must be a place for somebody to talk, not {places}")
        self._talkers = {}
        self._heard = []
        self.places = places

    def __len__(self):
        return len(self._talkers)

    def admits(self, talker, level, is_voice, now_us):
        """True if this packet is to be handed on; `level` is −dBov, 0 to 127, and `is_voice` the bit beside
        it."""
        return self.admits_packet(talker, level, is_voice, now_us)

    def pin(self, talker, is_pinned):
        """A pinned talker is always heard."""
        cdef Talker known
        if is_pinned or talker in self._talkers:
            known = self._of(talker)
            known.is_pinned = is_pinned

    def discard(self, talker):
        """Forget it: it is gone."""
        known = self._talkers.pop(talker, None)
        if known in self._heard:
            self._heard.remove(known)

    cdef Talker _of(self, key):
        cdef Talker talker = self._talkers.get(key)
        if talker is None:
            talker = self._talkers[key] = Talker()
        return talker

    cdef bint admits_packet(self, object key, int level, bint is_voice, int64_t now_us) except -1:
        cdef Talker talker = self._of(key)
        cdef double level_db = min(<double>LOUDEST_DB, 127.0 - level)
        cdef double time_us = ATTACK_US if level_db > talker.level_db else DECAY_US
        cdef bint begins = is_voice and talker.pauses(now_us)
        talker.level_db += (level_db - talker.level_db) * min(1.0, (now_us - talker.heard_us) / time_us)
        talker.heard_us = now_us
        self._let_go(now_us)
        if is_voice:
            talker.voiced_us = now_us
        if talker.is_pinned:
            return True
        if talker.standing == OUT:
            return self._admits_newcomer(talker, level_db if begins else -1, now_us)
        if talker.standing == TRIAL:
            self._judge(talker, now_us)
        return True

    cdef bint _admits_newcomer(self, Talker talker, double level_db, int64_t now_us) except -1:
        """Who begins is heard; who was refused at the beginning, which `level_db` < 0 says, is not let in
        amid a word."""
        if self._taken() < self.places:
            talker.become(PLACE, now_us)
        elif level_db >= 0 and self._may_try(talker, level_db, now_us):
            talker.become(TRIAL, now_us)
        else:
            return False
        self._heard.append(talker)
        return True

    cdef bint _may_try(self, Talker talker, double level_db, int64_t now_us) except -1:
        """Not soon again if it was no louder before than would be needed now, and does not begin louder."""
        cdef double needed_db
        if PyList_GET_SIZE(self._heard) >= self.places + SPARE:
            return False
        if talker.judged_us == 0 or now_us - talker.judged_us > RETRY_US:
            return True
        needed_db = self._weakest(now_us).standing_db(now_us) + MARGIN_DB
        return max(talker.judged_db, level_db) > needed_db

    cdef int _judge(self, Talker talker, int64_t now_us) except -1:
        """Of somebody on trial, who is heard in any case until the next pause."""
        cdef Talker weakest
        if self._taken() < self.places:
            talker.become(PLACE, now_us)
        elif now_us - talker.since_us >= TRIAL_US:
            weakest = self._weakest(now_us)
            if talker.level_db > weakest.standing_db(now_us) + MARGIN_DB:
                weakest.lose(now_us)
                talker.become(PLACE, now_us)
            else:
                talker.lose(now_us)
        return 0

    cdef int _let_go(self, int64_t now_us) except -1:
        """Those who have fallen silent, and those whose word has ended."""
        cdef Talker talker
        cdef Py_ssize_t i
        for i in range(PyList_GET_SIZE(self._heard) - 1, -1, -1):
            talker = <Talker>PyList_GET_ITEM(self._heard, i)
            if talker.is_over(now_us):
                talker.become(OUT, now_us)
                del self._heard[i]
        return 0

    cdef int _taken(self) except -1:
        cdef Py_ssize_t i
        cdef int taken = 0
        for i in range(PyList_GET_SIZE(self._heard)):
            taken += (<Talker>PyList_GET_ITEM(self._heard, i)).standing == PLACE
        return taken

    cdef Talker _weakest(self, int64_t now_us):
        """Of those who have a place; there is one at least."""
        cdef Talker talker, weakest = None
        cdef Py_ssize_t i
        for i in range(PyList_GET_SIZE(self._heard)):
            talker = <Talker>PyList_GET_ITEM(self._heard, i)
            if talker.standing == PLACE and (
                weakest is None or talker.standing_db(now_us) < weakest.standing_db(now_us)
            ):
                weakest = talker
        return weakest
