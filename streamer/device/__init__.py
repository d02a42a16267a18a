"""`streamer device`: a member without a screen, which obeys commands and reports its state."""
