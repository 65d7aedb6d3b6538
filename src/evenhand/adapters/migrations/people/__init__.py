"""Which tables about people stand in a home's database, on SQLite and PostgreSQL alike?

Numbered migrations, oldest first. How to add one stands in `adapters.stores.database`.
"""
