"""What `streamer serve` shows in a terminal while it runs, and the keys that it takes there."""
