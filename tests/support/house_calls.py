"""The HTTP interface of a relay, called with the host's key over one connection that stays open."""

import http.client
import io
import json
import ssl
import wave
from typing import Any, Self
from urllib.parse import urlsplit

import numpy as np
from processes import RelayProcess
from sound import SAMPLE_RATE, Samples


class HouseCalls:
    def __init__(self, relay: RelayProcess) -> None:
        where = urlsplit(relay.origin)
        context = ssl.create_default_context(cafile=str(relay.authority))
        self._connection = http.client.HTTPSConnection(where.netloc, context=context, timeout=30)
        self._key = relay.host_link.partition("key=")[2]

    def __enter__(self) -> Self:
        self._connection.connect()
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def call(self, method: str, path: str, body: bytes | None = None, kind: str = "application/json") -> Any:
        """What the relay answers; None where that is empty."""
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": kind}
        self._connection.request(method, f"/api/v1{path}", body=body, headers=headers)
        answer = self._connection.getresponse()
        text = answer.read()
        assert answer.status < 300, (answer.status, text)
        return json.loads(text) if text else None

    def announce(self, samples: Samples) -> int:
        """Have a sound said in the room `home`; returns its id."""
        path = "/rooms/home/announcements?name=Gate"
        return int(self.call("POST", path, wav(samples), "audio/wav")["id"])

    def cancel(self, number: int) -> None:
        self.call("DELETE", f"/rooms/home/announcements/{number}")


def wav(samples: Samples) -> bytes:
    """Mono, 16 bits, at 48 kHz."""
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setparams((1, 2, SAMPLE_RATE, len(samples), "NONE", "not compressed"))
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return content.getvalue()
