"""What was recorded, in which store, and how does it last?

The idea: a home's stores are opened in one place (`_ledger`), in files or on a server; what reads them again (verify,
why, receipts, bundles, backups) goes through there. The formats are those of `ledger` and `vault`.
"""

__all__: list[str] = []
