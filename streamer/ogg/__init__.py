"""Ogg Opus files (RFC 3533, RFC 7845): read and written without decoding anything."""
