"""Where does the ledger stand? In one SQLite file or a schema of PostgreSQL, with leases and monitors beside it.

Copies of it (backup, bundle) are made here too. Implements the Protocols of `ledger`, `allocation` and `disparity`.
What it does not do: what an entry says and how the chain is sealed stands in `ledger`."""

__all__: list[str] = []
