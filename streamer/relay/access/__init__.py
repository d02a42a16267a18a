"""Who may come in, and how much of everything they may use."""
