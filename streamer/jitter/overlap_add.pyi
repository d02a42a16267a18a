"""Compiled for other compiled modules; nothing of it is seen from Python."""
