"""Outgoing webhooks: the relay tells other programs what happens in its rooms."""
