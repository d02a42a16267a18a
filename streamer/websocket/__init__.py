"""WebSocket (RFC 6455), and writing to many peers: bytes and a clock come in, values go out."""
