"""Rooms, and those who are in them."""
