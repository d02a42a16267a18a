"""What the broker is shown of the room: presence, who talks, and notices."""

import json
from time import time

from streamer.client.events import (
    Back,
    Changed,
    Entered,
    Event,
    Joined,
    Left,
    Lost,
    Member,
    Notice,
    Talking,
)  # fmt: skip
from streamer.gateway.publisher import Publisher
from streamer.gateway.topics import Topics


class RoomState:
    """`take` each event of the room. While the room is away, its status is offline, and nobody claims to know
    more."""

    def __init__(self, topics: Topics, publisher: Publisher) -> None:
        self._topics = topics
        self._publisher = publisher
        self._members: dict[int, Member] = {}
        self._talking: dict[int, str] = {}

    def take(self, event: Event) -> None:
        match event:
            case Entered() | Back():
                self._members = {member.talker_id: member for member in event.members}
                self._talking = {}
                self._show_members()
                self._show_talking()
                self._show("status", "online")
            case Joined(member) | Changed(member):
                self._know(member)
            case Left(member):
                self._members.pop(member.talker_id, None)
                self._show_members()
                self._set_talking(member, on=False)
            case Talking(member, on):
                self._set_talking(member, on=on)
            case Notice():
                self._say_notice(event)
            case Lost():
                self.on_away()
            case _:
                pass

    def on_away(self) -> None:
        """The room is not there: whoever subscribes sees that nothing is known."""
        self._members, self._talking = {}, {}
        self._show("status", "offline")

    def _know(self, member: Member) -> None:
        if member.talker_id in self._members or member.name:
            self._members[member.talker_id] = member
            self._show_members()

    def _set_talking(self, member: Member, *, on: bool) -> None:
        if on:
            self._talking[member.talker_id] = member.name
        else:
            self._talking.pop(member.talker_id, None)
        self._show_talking()

    def _show_members(self) -> None:
        names = [member.name for member in self._members.values()]
        self._show("members", str(len(names)))
        self._show("names", json.dumps({"names": names}, ensure_ascii=False))

    def _show_talking(self) -> None:
        names = list(self._talking.values())
        self._show("talkers", json.dumps({"names": names}, ensure_ascii=False))
        self._show("talking", "ON" if names else "OFF")

    def _say_notice(self, notice: Notice) -> None:
        told = {
            "event_type": notice.level,
            "name": notice.name,
            "title": notice.title,
            "text": notice.text,
            "sound": notice.sound,
            "actions": list(notice.actions),
            "at": round(time() - notice.age_s),
        }
        self._publisher.say(self._topics.of_room("notice"), json.dumps(told, ensure_ascii=False))

    def _show(self, kind: str, payload: str) -> None:
        self._publisher.show(self._topics.of_room(kind), payload)
