"""What is known of the devices behind the broker, and what of it the room has yet to hear.

What is not known is None: after the broker was away, no reading is known until somebody says it again.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from streamer.gateway.payloads import PayloadError, check_size, plain_name, text_of
from streamer.wire.control import MAX_DEVICE_CHARACTERS
from streamer.wire.programs import Values

MAX_DEVICES: Final = 100
"""A relay keeps 128 of one member, the gateway itself among them."""

MAX_UNTOLD: Final = 2 * MAX_DEVICES
"""Changes that wait for the room: of each device one, and of as many that are gone."""

Status = Literal["online", "offline"]
STATUS: Final = "status"
"""The name of the value that shows the status, where a device has one."""


@dataclass(slots=True)
class Device:
    values: Values = field(default_factory=dict)
    status: Status | None = None
    has_status: bool = False

    @property
    def shown(self) -> Values:
        """What the room is told. The readings of a device that is offline are out of date, so they are not
        known."""
        is_offline = self.status == "offline"
        values = {name: None if is_offline else value for name, value in self.values.items()}
        return {STATUS: self.status, **values} if self.has_status else values


class Devices:
    """`on_change` is called when there is something new to tell."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._devices: dict[str, Device] = {}
        self._untold: dict[str, None] = {}

    def __len__(self) -> int:
        return len(self._devices)

    def __contains__(self, name: str) -> bool:
        return name in self._devices

    def status(self, name: str) -> Status | None:
        return self._devices[name].status

    def take_values(self, name: str, values: Values) -> None:
        """A device's readings; those that it does not name stay as they are. Raises PayloadError."""
        device = self._device(name)
        merged = {**device.values, **values}
        check_size({STATUS: "offline", **merged})
        device.values = merged
        self._changed(name)

    def take_status(self, name: str, payload: bytes) -> None:
        """`online` or `offline`; an empty one means that the device is gone for good. Raises PayloadError."""
        text = text_of(payload).strip().lower()
        if not text:
            if self._devices.pop(name, None):
                self._changed(name)
            return
        if text not in ("online", "offline"):
            raise PayloadError("a status is online or offline")
        device = self._device(name)
        device.has_status, device.status = True, "online" if text == "online" else "offline"
        self._changed(name)

    def forget_readings(self) -> None:
        """Nothing is known any more: the broker is away."""
        for name, device in self._devices.items():
            device.status = None
            device.values = dict.fromkeys(device.values)
            self._changed(name)

    def tell_all(self) -> None:
        """The room knows nothing of them yet."""
        self._untold = dict.fromkeys(self._devices)
        self._on_change()

    def untold(self) -> Iterator[tuple[str, Values | None]]:
        """Takes out, one at a time, which devices have changed, and what they show now; None if they are
        gone."""
        while self._untold:
            name = next(iter(self._untold))
            del self._untold[name]
            device = self._devices.get(name)
            yield name, device.shown if device else None

    def _device(self, name: str) -> Device:
        if name in self._devices:
            return self._devices[name]
        if not 0 < len(name) <= MAX_DEVICE_CHARACTERS or plain_name(name) != name:
            words = (
                f"the name of a device is 1 to {MAX_DEVICE_CHARACTERS} printable characters, normalized (NFC)"
            )
            raise PayloadError(words)
        if len(self._devices) >= MAX_DEVICES:
            raise PayloadError(f"there are {MAX_DEVICES} devices already, the most that a room is told of")
        return self._devices.setdefault(name, Device())

    def _changed(self, name: str) -> None:
        self._untold[name] = None
        if len(self._untold) > MAX_UNTOLD:  # the room is away, and will be told of those that there are
            del self._untold[next(each for each in self._untold if each not in self._devices)]
        self._on_change()
