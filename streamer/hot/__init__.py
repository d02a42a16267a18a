"""The compiled core: bytes and a clock come in, values go out."""
