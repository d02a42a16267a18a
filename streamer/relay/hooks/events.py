"""What a hook tells: one JSON object per event, and the headers that prove where it comes from.

The headers are those of standardwebhooks.com, which receivers in most languages have a library for:

    webhook-id         the event's own name, the same in every attempt
    webhook-timestamp  when this attempt was made, in seconds of Unix time: a receiver refuses old ones
    webhook-signature  v1, and the HMAC-SHA-256 of `id.timestamp.body` in base64
"""

import base64
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["joined", "left", "talking", "silent", "chat", "notice", "reply", "telemetry", "check"]

MAX_EVENT_BYTES: Final = 16_384
"""As long as a control message may be, which no event is longer than."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened in `room`, empty where it is about no room, at `at_s` of Unix time."""

    id: str
    kind: Kind
    room: str
    at_s: float
    fields: Mapping[str, object]

    @classmethod
    def of(cls, kind: Kind, room: str, at_s: float, fields: Mapping[str, object]) -> "Event":
        return cls(f"evt_{secrets.token_hex(12)}", kind, room, at_s, fields)

    def body(self, missed: int) -> bytes:
        """UTF-8; `missed` is how many events before this one this hook was not told of."""
        told = {
            **self.fields,
            "type": self.kind,
            "room": self.room,
            "at": round(self.at_s, 3),
            "missed": missed,
        }
        return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def signed_headers(key: bytes, event_id: str, at_s: float, body: bytes) -> dict[str, str]:
    """The headers of an attempt that is made at `at_s` of Unix time."""
    timestamp = str(int(at_s))
    signed = b".".join((event_id.encode(), timestamp.encode(), body))
    signature = base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    return {
        "Content-Type": "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{signature}",
    }
