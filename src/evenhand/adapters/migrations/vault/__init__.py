"""Changes of the tables of the vault, in order."""
