"""The desktop client: captures, sends, receives, plays."""
