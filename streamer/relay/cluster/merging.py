"""What two hosts decided about one room on two relays that knew nothing of each other: both decisions hold.

What only one of them changed is as that one wants it. A switch that both changed is the same on both sides,
and of the list of those who were removed each side has taken out and put in what it wanted: nobody who was
removed gets in because a host elsewhere has locked the room.
"""

from dataclasses import fields, replace

from streamer.relay.rooms.decisions import MAX_BARRED, Bar, Decided


def merged(before: Decided, own: Decided, other: Decided) -> Decided:
    """Both `own` and `other` were decided after `before`."""
    names = [each.name for each in fields(Decided) if each.name != "barred"]
    changed = {name: getattr(own, name) for name in names if getattr(own, name) != getattr(before, name)}
    return replace(other, **changed, barred=_merged_bars(before.barred, own.barred, other.barred))


def _merged_bars(before: tuple[Bar, ...], own: tuple[Bar, ...], other: tuple[Bar, ...]) -> tuple[Bar, ...]:
    """With numbers that each of them has alone."""
    known, ours, theirs = ({_device(bar) for bar in bars} for bars in (before, own, other))
    result = [bar for bar in other if _device(bar) in ours or _device(bar) not in known]
    for bar in own:
        if _device(bar) not in known | theirs:
            number = 1 + max((each.id for each in result), default=0)
            is_free = all(each.id != bar.id for each in result)
            result.append(bar if is_free else replace(bar, id=number))
    return tuple(result[-MAX_BARRED:])


def _device(bar: Bar) -> Bar:
    return replace(bar, id=0)
