"""How does what an organisation declares come off the disk? Read with the line and column of every field.

Campaign files, rule packs and balancing records in YAML 1.2, the draft of a campaign for an unknown table, and findings
for other tools (SARIF). What it does not do: it judges nothing; the rules for what may be declared stand in
`policy`."""

__all__: list[str] = []
