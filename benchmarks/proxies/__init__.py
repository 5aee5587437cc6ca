"""What the benchmarks of the gateway stand on: an engine that costs nothing, peers beside it, and a load."""
