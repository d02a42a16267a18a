"""Where the relay is found: its addresses, its listener, its name on the network."""
