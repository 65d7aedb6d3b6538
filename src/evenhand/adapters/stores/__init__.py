"""Where is what is kept outside the ledger? In the home's folder and its database, on SQLite or PostgreSQL.

Requests, consents, events, campaigns and the vault, in tables that migrations make. What it does not do: what may be
kept, and for how long, stands in `rights`, `vault` and `policy`."""

__all__: list[str] = []
