"""The vault of a home: put sensitive columns there, read groups from it for a campaign, log, purge, forget."""

from __future__ import annotations

import getpass
import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import numpy as np

from evenhand.adapters.data.tables import DataTable, open_table
from evenhand.adapters.stores.database import Database
from evenhand.adapters.stores.home import Home, find_home
from evenhand.adapters.stores.placement import Placement, placement_of
from evenhand.adapters.stores.vault_tables import Kept, Logged, VaultTables, groups_of_texts
from evenhand.features import pseudonymise
from evenhand.policy import Campaign, Table
from evenhand.terms import ConsentStatus, DataError, EvenhandError, UsageError, microseconds_of, number_of
from evenhand.vault import Budget

from ..people._trail import told_to
from ._ledger import keys_of
from ._vault_end import note_vault_end

__all__ = [
    "group_values",
    "in_vault",
    "vault_correct",
    "vault_digest",
    "vault_forget",
    "vault_in_file",
    "vault_list",
    "vault_log",
    "vault_of",
    "vault_purge",
    "vault_put",
    "vault_values",
    "vault_words",
    "who_asks",
]

_YES = frozenset(status.value for status in ConsentStatus if status.permits)
PERSON = "EVENHAND_PERSON"
"""Environment variable that says who asks, where the name of the operating system's user does not."""


def vault_of(home: Home) -> VaultTables:
    """The vault of a home: in a file of its folder, or on the server that it was placed on. A home on a server that
    has a file already, from an older evenhand, keeps it."""
    placement = None if home.vault.exists() else placement_of(home)
    return _vault_at(home, (lambda: Database.in_file(home.vault)) if placement is None else _on(placement.vault))


def vault_in_file(home: Home) -> VaultTables:
    """The vault of a home in files, wherever the environment says that homes live."""
    return _vault_at(home, lambda: Database.in_file(home.vault))


def _vault_at(home: Home, opened: Callable[[], Database]) -> VaultTables:
    def pseudonyms(ids: Sequence[str]) -> list[str]:
        return [one.decode() for one in pseudonymise(ids, home.key(make=True)).tolist()]

    return VaultTables(opened, home.vault_key, pseudonyms, lambda: home.key(make=True))


def _on(placement: Placement) -> Callable[[], Database]:
    return lambda: Database.on_server(placement)


def in_vault(campaign: Campaign) -> tuple[str, ...]:
    """The sensitive columns that a campaign reads from the vault, and from no table."""
    return tuple(name for name, column in campaign.columns.items() if column.kept_in == "vault" and column.confirmed)


def group_values(
    table: DataTable, name: str, campaign: Campaign, *, place: Home, ids: Sequence[str]
) -> list[str | None]:
    """The group of each person by a sensitive column: of the table, or of the vault, where the question is logged."""
    cut = campaign.columns[name].cut
    if name not in in_vault(campaign):
        return table.groups(name, cut)
    purpose = f"campaign {campaign.campaign}: counts of groups"
    values = vault_of(place).read(name, ids, purpose=purpose, at=_micro(datetime.now(UTC)), who=who_asks(None))
    return groups_of_texts(name, values, cut)


def vault_digest(groups: Sequence[Sequence[str | None]]) -> str:
    """SHA-256 (hex) of what was read from the vault, so that a replay sees whether it is still the same."""
    return hashlib.sha256(repr([list(one) for one in groups]).encode()).hexdigest()


def vault_put(
    table: str | Path, columns: Sequence[str], *, identifier: str, purpose: str, until: datetime,
    home: str | Path | None = None, at: datetime, who: str | None = None, epsilon: Fraction | None = None,
    delta: Fraction = Fraction(0),
) -> int:  # fmt: skip
    """Put columns of a table in the vault, under its own key. Whoever was erased is left out, as long
    as they gave this home no consent since.

    Args:
        table: a CSV or Parquet file.
        columns: sensitive columns of it.
        identifier: its column of ids, as campaigns name people.
        purpose: why they are kept (RULES A-4a: strictly necessary, and for what).
        until: from when they may not be read any more.
        home: the home folder; see `find_home`.
        at: now.
        who: who puts them there; None = the user of the operating system.
        epsilon: privacy budget of each column, for noisy counts that are told outside; None = as it was, at first zero.
        delta: of that budget; 0 = Laplace noise only.

    Returns:
        The number of people who are in it.

    Raises:
        UsageError: no column or purpose, an end that has passed, or the ids as a column.
        DataError: the table is not what is said.
        StoreError: the vault or its key cannot be written.
    """
    if not columns or not purpose.strip() or until <= at:
        raise UsageError(
            "vault-put",
            "A column, a purpose or an end is missing, or the end has passed.",
            rule="A-4a: a sensitive column is kept for a written reason and for a time",
            remedy="name --columns, --purpose and an --until in the future",
        )
    if identifier in columns or len(set(columns)) != len(columns):
        raise UsageError(
            "vault-put-id",
            "The column of ids is named as a sensitive one, or a column twice.",
            rule="A-4a: a sensitive column holds groups that many people share; an id is one person's",
            remedy="name the sensitive columns with --columns, each once, and the ids with --id",
        )
    path = Path(table).resolve()
    opened = open_table(Table(file=path.name), path.parent, columns=[identifier, *columns])
    ids = opened.ids(identifier, unique=True)
    place = find_home(home)
    gone, right = _erased(place, ids), _corrected(place, ids)
    here = [row for row, id_ in enumerate(ids) if id_ not in gone]
    values: dict[str, Sequence[str | None]] = {}
    for name in columns:
        texts = opened.texts(name)
        values[name] = [right.get(ids[row], {}).get(name, texts[row]) or None for row in here]
    ids = [ids[row] for row in here]
    vault = vault_of(place)
    vault.put(values, ids, purpose=purpose.strip(), at=_micro(at), until=_micro(until), who=who_asks(who))
    note_vault_end(place, vault, at)
    if epsilon is not None:
        budget = _budget(epsilon, delta, len(ids))
        for name in columns:
            vault.allow(name, str(budget))
    return len(ids)


def _budget(epsilon: Fraction, delta: Fraction, people: int) -> Budget:
    """A budget with a delta by which nobody's own value may be told: far below one in so many people."""
    if delta * max(people, 1) * 10 > 1:
        raise UsageError(
            "noise-delta-large",
            f"A delta of {float(delta):g} is too large for {number_of(people, 'person', 'people')}.",
            rule="with that chance an answer may tell on somebody; it is at most a tenth of one over their number",
            remedy="name a smaller --delta, such as 1e-9",
        )
    return Budget(epsilon, delta)


def vault_list(*, home: str | Path | None = None) -> list[Kept]:
    """What is in the vault: columns, reasons, ends; no value of anybody."""
    return vault_of(find_home(home)).kept()


def vault_log(*, home: str | Path | None = None) -> list[Logged]:
    """Every question to the vault, oldest first. Raises LedgerError where the log was altered."""
    return vault_of(find_home(home)).log()


def vault_purge(
    columns: Sequence[str] = (), *, home: str | Path | None = None, at: datetime, why: str = "", who: str | None = None
) -> list[str]:
    """Delete what has had its time, and these columns, whose reason ended; their names.

    Raises:
        UsageError: a column is named, and no reason.
    """
    if columns and not why.strip():
        raise UsageError(
            "vault-purge-why",
            "A column is to be deleted before its time, and no reason is given. Nothing was deleted.",
            rule="A-4a: what is done with a sensitive column stands in the log with its reason",
            remedy="say it: --why 'the limit on age ended'",
        )
    place = find_home(home)
    vault = vault_of(place)
    gone = vault.purge(columns, why=why.strip() or "the time is up", at=_micro(at), who=who_asks(who))
    note_vault_end(place, vault, at)
    return gone


def vault_forget(home: Home, id_: str, at: datetime) -> int:
    """Delete everything of a person that was erased; whoever erases notes the end of the log when others may write."""
    return vault_of(home).forget(id_, at=_micro(at), who=who_asks(None))


def _erased(place: Home, ids: Sequence[str]) -> set[str]:
    """Who of these people was erased, and gave no consent to the home since."""
    if not place.has_key:
        return set()
    pseudonyms = pseudonymise(ids, place.key(make=False))
    marks = keys_of(place).suppressed(pseudonyms)
    if not marks:
        return set()
    marked = np.isin(pseudonyms, np.array([one.hex() for one in marks], dtype="S32"))
    gone = {one: id_ for one, id_ in zip(pseudonyms.tolist(), ids, strict=True) if bytes.fromhex(one.decode()) in marks}
    said = told_to(place, who=pseudonyms[marked]).said
    if said is not None:
        rows = zip(said.subjects.tolist(), said.statuses, said.at.astype(np.int64).tolist(), strict=True)
        for one, status, at in rows:
            if one in gone and status in _YES and at > marks[bytes.fromhex(one.decode())]:
                del gone[one]
    return set(gone.values())


def _corrected(place: Home, ids: Sequence[str]) -> dict[str, Mapping[str, str]]:
    """What was corrected of these people, by id and column: it stands before what a table says."""
    corrections = told_to(place).corrections if place.has_key else {}
    if not corrections:
        return {}
    pseudonyms = pseudonymise(ids, place.key(make=False)).tolist()
    return {id_: corrections[one] for one, id_ in zip(pseudonyms, ids, strict=True) if one in corrections}


def vault_correct(home: Home, id_: str, values: Mapping[str, str], at: datetime) -> None:
    """Put a person's right values in the vault, of the columns that it has."""
    vault = vault_of(home)
    here = {one.name for one in vault.kept()} & set(values)
    if here:
        vault.correct({name: values[name] for name in sorted(here)}, id_, at=_micro(at), who=who_asks(None))
        note_vault_end(home, vault, at)


def vault_words(home: Home, column: str, at: datetime) -> dict[str, int]:
    """The values in a column that a correction is held to, each with its people; {} where its time is up. Logged."""
    try:
        return vault_of(home).words(column, purpose="GDPR 16: rectification", at=_micro(at), who=who_asks(None))
    except DataError:
        return {}


def vault_values(home: Home, id_: str) -> tuple[dict[str, str], list[str]]:
    """What the vault holds of one person, by column, for the answer to them; and the columns that cannot be read, their
    time being up, or the key not here. Each look is logged as any other question is."""
    vault = vault_of(home)
    values: dict[str, str] = {}
    unread: list[str] = []
    for one in vault.kept():
        try:
            (value,) = vault.read(
                one.name, [id_], purpose="GDPR 15: access", at=_micro(datetime.now(UTC)), who=who_asks(None)
            )
        except EvenhandError:
            unread.append(one.name)
        else:
            if value is not None:
                values[one.name] = value
    return values, unread


def _micro(moment: datetime) -> int:
    return microseconds_of(moment)


def who_asks(named: str | None) -> str:
    """Who is noted in the log: as named, else as the environment says, else the user of the operating system."""
    if named or os.environ.get(PERSON):
        return str(named or os.environ[PERSON])
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return f"user {os.getuid()}" if hasattr(os, "getuid") else "unknown"
