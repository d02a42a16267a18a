"""Commands from the room to devices behind the broker, and what became of them.

A command is not repeated and does not wait for the broker: a gate that opens an hour later is worse than one
that does not. It expires with its deadline on its whole way. If no answer comes, the relay says that it timed
out.
"""

import asyncio
import json
import secrets
from dataclasses import dataclass
from typing import Final

from streamer.client.events import Command
from streamer.errors import StreamerError
from streamer.gateway.broker import Broker, BrokerAwayError
from streamer.gateway.devices import Devices
from streamer.gateway.payloads import DeviceResult
from streamer.gateway.topics import Topics
from streamer.wire.programs import Outcome

MAX_PENDING: Final = 64
"""As many as a relay has waiting for one member."""


@dataclass(slots=True)
class Pending:
    command: Command
    expiry: asyncio.TimerHandle


class Commands:
    """Those that wait for the answer of their device, by the id that the device was given."""

    def __init__(self, topics: Topics, devices: Devices, broker: Broker) -> None:
        self._topics = topics
        self._devices = devices
        self._broker = broker
        self._pending: dict[str, Pending] = {}

    async def pass_on(self, command: Command) -> None:
        """To its device, or answer why not."""
        refusal = self._refusal(command)
        if refusal:
            await _answer(command, *refusal)
            return
        command_id = secrets.token_hex(8)
        loop = asyncio.get_running_loop()
        expiry = loop.call_later(command.deadline_s, self._pending.pop, command_id, None)
        self._pending[command_id] = Pending(command, expiry)
        try:
            await self._broker.publish(
                self._topics.of_device(command.device, "command"),
                _payload(command_id, command),
                expires_s=command.deadline_s,
            )
        except BrokerAwayError:  # it may have got through: the deadline, or the device, will tell
            return

    async def take_result(self, device: str, result: DeviceResult) -> bool:
        """Answer the command; returns False if no command of this device waits for it."""
        pending = self._pending.get(result.id)
        if pending is None or pending.command.device != device:
            return False
        del self._pending[result.id]
        pending.expiry.cancel()
        await _answer(pending.command, result.outcome, result.message)
        return True

    def _refusal(self, command: Command) -> tuple[Outcome, str] | None:
        device = command.device
        if not device:
            return "unknown", "A gateway does nothing itself: name a device behind it"
        if device not in self._devices:
            return "unknown", f"No device called {device} is behind this gateway"
        if not self._broker.is_here:
            return "refused", "The MQTT broker is away"
        if self._devices.status(device) == "offline":
            return "refused", f"{device} is offline"
        if len(self._pending) >= MAX_PENDING:
            return "refused", "Too many commands are waiting for their devices"
        return None


def _payload(command_id: str, command: Command) -> str:
    return json.dumps(
        {
            "id": command_id,
            "name": command.name,
            "arguments": dict(command.arguments),
            "deadline_ms": round(command.deadline_s * 1000),
            "sender": command.sender,
        },
        ensure_ascii=False,
    )


async def _answer(command: Command, outcome: Outcome, message: str) -> None:
    try:
        await command.answer(outcome, message)
    except StreamerError:  # the room is away, and has told the sender so
        return
