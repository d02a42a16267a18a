"""Sound on its way between devices and packets."""
