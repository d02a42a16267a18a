"""`streamer serve --workers N`: a relay that is several processes on one port."""
