"""Messages of the relay, with all filled in that a test says nothing about."""

from typing import Any

from streamer.wire.control import Message


def member(talker_id: int, name: str, **state: bool) -> dict[str, Any]:
    return {"talker_id": talker_id, "name": name, "muted": False, "away": False, "hand": False, **state}


def welcome(*members: dict[str, Any], host: bool = False) -> Message:
    """To Ada, talker 7 of the kitchen."""
    return {
        "type": "welcome",
        "talker_id": 7,
        "room": "kitchen",
        "name": "Ada",
        "members": list(members),
        "server_us": 0,
        "host": host,
        "history": [],
    }
