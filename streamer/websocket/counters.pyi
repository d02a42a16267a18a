class Traffic:
    messages_in: int
    packets_in: int
    bytes_in: int
    deliveries: int
    writes: int
    bytes_out: int
    bundles: int
    held: int
    held_us: int
    shed_late: int
    shed_closed: int
    shed_held_up: int
    shed_crowded: int
    shed_not_allowed: int
    shed_quiet: int
    @property
    def failures(self) -> dict[str, int]: ...
