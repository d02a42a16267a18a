"""Messages of the relay, with all filled in that a test says nothing about."""

from typing import Any


def member(talker_id: int, name: str, **fields: Any) -> dict[str, Any]:
    state = {"muted": False, "away": False, "hand": False, "hand_us": 0, "listening": False}
    return {"talker_id": talker_id, "name": name, **state, "host": False, "role": "talk", **fields}


def state(talker_id: int, **fields: Any) -> dict[str, Any]:
    rest = {"muted": False, "away": False, "hand": False, "hand_us": 0, "listening": False}
    return {"type": "state", "talker_id": talker_id, **rest, **fields}


def welcome(*members: dict[str, Any], host: bool = False, **fields: Any) -> dict[str, Any]:
    """To Ada, talker 7 of the kitchen."""
    return {
        "type": "welcome",
        "talker_id": 7,
        "room": "kitchen",
        "name": "Ada",
        "members": list(members),
        "server_us": 0,
        "host": host,
        "role": "talk",
        "resume": "",
        "history": [],
        "locked": False,
        "only_hosts": False,
        "invites": [],
        "join_origin": "",
        "barred": [],
        "knocks": [],
        **fields,
    }
