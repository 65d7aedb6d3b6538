"""How fast, how large, how linear? Every figure comes with the command that makes it: ``python -m benchmarks``."""
