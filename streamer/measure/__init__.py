"""How long a sound takes, found in the sound itself."""
