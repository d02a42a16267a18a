"""The HTTP interface, /api/v1: what programs ask of a relay without joining a room."""
