"""How loud a talker is for this listener. Twin of web/page/sound/volumes.js."""


def gain_of(volume: float) -> float:
    """What to multiply the samples by: the square of `volume`, since ears hear ratios. Half of it is −12
    dB."""
    return volume * volume
