"""The relay's certificates."""
