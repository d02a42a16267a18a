"""What the relay answers over HTTP."""
