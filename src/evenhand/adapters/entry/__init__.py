"""How does a person come in, without an account? By a signed link that works once, or by a one-time code.

What it does not do: it does not know who somebody is; whoever sends the link or the code answers for that."""

__all__: list[str] = []
