"""Carries the devices of an MQTT broker into a room, and the room to the broker."""
