"""`streamer record` and `streamer mixdown`: what was said, kept as it was sent."""
