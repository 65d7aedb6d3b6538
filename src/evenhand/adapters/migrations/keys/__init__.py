"""Which tables do the keys of people and of runs have on PostgreSQL, apart from the ledger?

Numbered migrations, oldest first; `adapters.keys.postgres_keys` reads and writes them. They stand in a schema or a
database of their own, so that a copy of the ledger holds none.
"""
