"""What travels between a client and a relay; PROTOCOL.md is the normative text."""
