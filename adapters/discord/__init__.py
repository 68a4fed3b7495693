"""Discord: the gateway in, the HTTP API out."""
