"""Which tables came with which version?

One folder for each part of a database (`people`: what stands on both databases), with numbered migrations that only go
forward; `adapters.stores.database` walks them with Alembic, without files of settings. Source: Alembic's
documentation. How to add a table stands in `adapters.stores.database`. It holds no data and decides nothing.
"""
