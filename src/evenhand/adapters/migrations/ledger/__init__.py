"""Which tables does a ledger have on PostgreSQL, with the leases and what monitors know?

Numbered migrations, oldest first; `adapters.ledgers.postgres_ledger` reads and writes the tables with statements of
its own. In SQLite a ledger is a file of its own, described in `adapters.ledgers._ledger_tables`.
"""
