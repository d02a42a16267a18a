"""The jitter buffer: packets and a clock come in, sound in time goes out."""
