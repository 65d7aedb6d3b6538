"""Which tables hold sensitive columns under their own key, on SQLite and PostgreSQL alike?

Numbered migrations, oldest first.
"""
