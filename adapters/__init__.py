"""One folder per chat platform, all of the same shape: adapter (the wire), events (in), render (out)."""
