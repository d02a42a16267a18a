"""The relay: forwards packets between the members of a room."""
