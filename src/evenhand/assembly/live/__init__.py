"""How does a service decide about whoever asks, while campaigns start, stop and change?

The idea: one thread decides for all who wait, with prices that a run made; what is the same for all is read once (ADR
0021). No web is here; the adapters have it.
"""

__all__: list[str] = []
