"""What Home Assistant is told, so that a room appears there by itself (MQTT discovery).

    binary_sensor  somebody talks in the room, and who
    sensor         how many are in the room, and who
    event          a notice, with its level as the event's type
    notify         "announce": a text to be told to the room, and spoken

https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery
"""

import hashlib
import json
import re
from typing import Any, Final, get_args

from streamer import __version__
from streamer.gateway.topics import Topics
from streamer.wire.programs import Level

_DIGEST_CHARACTERS: Final = 8
"""Enough to tell the rooms of one house apart whose names look the same in ASCII."""


def discovery(topics: Topics, discovery_prefix: str) -> dict[str, str]:
    """The payload of each topic, to be retained."""
    slug = slug_of(f"{topics.prefix}_{topics.room}")
    found = {}
    for kind, (component, config) in _entities(topics).items():
        whole = {
            "unique_id": f"{slug}_{kind}",
            "object_id": f"{slug}_{kind}",
            "availability_topic": topics.of_room("status"),
            "device": {"identifiers": [slug], "name": f"Room {topics.room}", "manufacturer": "streamer"},
            "origin": {"name": "streamer", "sw_version": __version__},
            **config,
        }
        found[f"{discovery_prefix}/{component}/{slug}/{kind}/config"] = json.dumps(whole, ensure_ascii=False)
    return found


def _entities(topics: Topics) -> dict[str, tuple[str, dict[str, Any]]]:
    return {
        "talking": (
            "binary_sensor",
            {
                "name": "Talking",
                "device_class": "sound",
                "state_topic": topics.of_room("talking"),
                "json_attributes_topic": topics.of_room("talkers"),
            },
        ),
        "members": (
            "sensor",
            {
                "name": "Members",
                "icon": "mdi:account-group",
                "state_topic": topics.of_room("members"),
                "json_attributes_topic": topics.of_room("names"),
            },
        ),
        "notice": (
            "event",
            {"name": "Notice", "event_types": list(get_args(Level)), "state_topic": topics.of_room("notice")},
        ),
        "announce": ("notify", {"name": "Announce", "command_topic": topics.of_room("announce"), "qos": 1}),
    }


def slug_of(text: str) -> str:
    """`text` as an id may be: letters and digits of ASCII, _ and -; different texts have different ones."""
    slug = re.sub(r"[^a-zA-Z0-9_-]", "_", text)
    if slug == text:
        return slug
    return f"{slug}_{hashlib.sha256(text.encode()).hexdigest()[:_DIGEST_CHARACTERS]}"
