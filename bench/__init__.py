"""The benchmark: the bridge as a process, the stand-ins with every limit on, and what people saw of it."""
