"""How does evenhand meet the world? The rim: files, databases and data frames, and nothing that decides.

Each module implements a Protocol that a room below has written beside the code that needs it. Third parties (Polars,
ruamel.yaml, narwhals, database drivers) appear here and in no room below. Modules are public; import the one you need,
so that a library is loaded only where it is used. The rooms: `data` (tables in and out), `declared` (files that an
organisation writes), `models` (estimators, foreign models), `ledgers`, `stores` and `keys` (what is kept, and what
opens it), `entry` (people), `sign_in` (staff), `web` (the service), `demonstration`. `asking` and `campaigning` are
the plain values between the web and whoever answers.

What it does not do: it applies no rule and changes no value; it reads, checks that what it read is what was declared,
and writes.
"""

__all__: list[str] = []
