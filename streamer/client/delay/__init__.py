"""How long a sound takes, and why."""
