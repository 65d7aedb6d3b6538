"""A table with a row per person, checked and made fit to leave: nobody in it is one of fewer than k."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from evenhand.adapters.data.released_table import (
    Distinct,
    as_bytes,
    as_given,
    as_released,
    counted,
    leaving,
    with_marks,
)
from evenhand.adapters.data.tables import DataTable, open_frame, open_table
from evenhand.adapters.stores.home import json_bytes, write_atomically
from evenhand.anonymity import (
    AS_IS,
    LEFT_OUT,
    Anonymity,
    Chosen,
    Levels,
    bands,
    characters,
    least_loss,
    measure,
    merged,
)
from evenhand.features import pseudonymise, scan_personal_data
from evenhand.policy import Campaign, Table
from evenhand.terms import SMALLEST_SHOWN, Finding, Role, Severity, UsageError, shown

__all__ = ["Release", "release", "release_file"]

Level = float | str | Mapping[str, str]
_USUAL: dict[str, Any] = {
    "k": SMALLEST_SHOWN, "columns": None, "identifier": None, "confidential": (), "levels": {}, "diversity": 1,
    "most_left_out": 0.0, "pseudonyms": False,
}  # fmt: skip
_RULE = "G-32: nobody in a table that leaves is one of fewer than k who look alike"


@dataclass(frozen=True, slots=True, repr=False)
class Release:
    """What became of a table that is to leave.

    Attributes:
        frame: the table as it may leave; None where it is refused.
        before, after: its figures as it was, and as it leaves (None where it is refused).
        levels: per quasi-identifier, what was done to it.
        left_out: people who are left out, because they would be in a small class.
        findings: why it is refused, or what to know of it.
    """

    frame: Any
    before: Anonymity
    after: Anonymity | None
    levels: Mapping[str, str]
    left_out: int
    findings: tuple[Finding, ...]

    @property
    def refused(self) -> bool:
        """Whether it may not leave."""
        return self.after is None

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON; numbers of a few people are None."""
        return {
            "released": not self.refused,
            "before": _told(self.before),
            "after": None if self.after is None else _told(self.after),
            "levels": dict(self.levels),
            "left_out": shown(self.left_out),
            "findings": [
                {"id": one.id, "severity": one.severity.value, "what": one.what, "rule": one.rule,
                 "remedy": one.remedy, "subject_matter": one.subject_matter}
                for one in self.findings
            ],
        }  # fmt: skip

    def __repr__(self) -> str:
        if self.after is None:
            return f"Release(refused: {len(self.findings)} findings)"
        return f"Release({self.after.rows} rows, smallest class {self.after.smallest}, k={self.after.k})"


def release(
    frame: Any,
    *,
    k: int = SMALLEST_SHOWN,
    columns: Sequence[str] | None = None,
    identifier: str | None = None,
    confidential: Sequence[str] = (),
    levels: Mapping[str, Sequence[Level]] | None = None,
    diversity: int = 1,
    most_left_out: float = 0.0,
    pseudonyms: bool = False,
) -> Release:
    """Check a table with a row per person before it leaves, and make it fit to leave where levels are declared.

    Every column counts as one that others may know, unless it is the identifier or declared confidential. The levels
    that lose least are chosen; rows that are still in small classes are left out, as far as `most_left_out` allows;
    else the release is refused. Rows stand in an order that tells nothing.

    Args:
        frame: any data frame that narwhals reads, one row per person.
        k: the fewest people who look alike.
        columns: the columns that leave; None = all.
        identifier: column of ids: nobody stands there twice, and it does not leave.
        confidential: columns that others do not know of a person; they leave as they are.
        levels: per column from fine to coarse: a number is the width of a band, or how many characters of a text stay;
            a mapping merges values; ``"*"`` tells nothing any more.
        diversity: the fewest different values of each confidential column in a class.
        most_left_out: share of the people who may be left out.
        pseudonyms: the identifier leaves as a pseudonym, under a key that is drawn for this release and thrown away:
            two releases cannot be joined by it, by nobody.

    Raises:
        UsageError: what is asked does not fit together.
        DataError: a column is missing, or somebody stands there twice.

    Example:
        >>> import polars as pl
        >>> frame = pl.DataFrame({"age": [21, 22, 23, 24, 51, 52, 53, 54], "ill": ["y", "n"] * 4})
        >>> release(frame, k=4, confidential=["ill"])
        Release(refused: 1 findings)
        >>> made = release(frame, k=4, confidential=["ill"], levels={"age": [5, 10, "*"]})
        >>> made, made.levels, made.frame["age"].unique().sort().to_list()
        (Release(8 rows, smallest class 4, k=4), {'age': 'bands of 5'}, ['20-24', '50-54'])
    """
    table = open_frame(frame)
    made = _Release(table, k, columns, identifier, confidential, levels or {}, diversity, most_left_out, pseudonyms)
    done = made.run()
    return done if done.frame is None else replace(done, frame=as_given(frame, done.frame))


def release_file(
    path: str | Path, *, out: str | Path | None = None, campaign: Campaign | None = None, **asked: Any
) -> Release:
    """As `release`, of a CSV or Parquet file; what leaves is a polars frame.

    Args:
        path: the file.
        campaign: says which column is the identifier, which is confidential (the outcome) and which do not leave
            (those that are forbidden), where nothing else is asked.
        out: the file to write, CSV or Parquet by its name; beside it stands one that says what was done, for whoever
            gets it. Nothing is written where the release is refused.
        asked: as for `release`.

    Raises:
        StoreError: a file cannot be written.
    """
    whole = Path(path).resolve()
    table = open_table(Table(file=whole.name), whole.parent)
    roles = {} if campaign is None else _by_role(campaign, table.names)
    words = {**_USUAL, **roles, **{name: value for name, value in asked.items() if value is not None}}
    made = _Release(table, *words.values()).run()
    if made.after is not None and out is not None:
        content = as_bytes(made.frame, str(out))
        note = {"release": 1, "sha256": hashlib.sha256(content).hexdigest(), "figures": _told(made.after),
                "levels": dict(made.levels), "left_out": shown(made.left_out)}  # fmt: skip
        write_atomically(Path(out), content, private=True)
        write_atomically(Path(f"{out}.json"), json_bytes(note))
    return made


def _by_role(campaign: Campaign, names: Sequence[str]) -> dict[str, Any]:
    """What a campaign's roles say of the columns of a table; a column without a role is one that others may know."""
    role = {name: column.role for name, column in campaign.columns.items() if column.confirmed and name in names}
    return {
        "columns": [name for name in names if role.get(name) is not Role.FORBIDDEN],
        "identifier": next((name for name, one in role.items() if one is Role.IDENTIFIER), None),
        "confidential": [name for name, one in role.items() if one is Role.OUTCOME],
    }


class _Release:
    def __init__(
        self, table: DataTable, k: int, columns: Sequence[str] | None, identifier: str | None,
        confidential: Sequence[str], levels: Mapping[str, Sequence[Level]], diversity: int, most_left_out: float,
        pseudonyms: bool,
    ) -> None:  # fmt: skip
        names = [name for name in (columns if columns is not None else table.names) if name != identifier]
        self.known = [name for name in names if name not in confidential]
        _check(names, self.known, identifier, confidential, levels, k, diversity, most_left_out, pseudonyms)
        self.table, self.k, self.identifier, self.confidential = table, k, identifier, list(confidential)
        self.names, self.levels, self.pseudonyms = names, levels, pseudonyms
        self.diversity, self.most_left_out = diversity, most_left_out

    def run(self) -> Release:
        """Look, choose, make, and look again at what was made."""
        ids = [] if self.identifier is None else self.table.ids(self.identifier, unique=True)
        frame = leaving(self.table, self.names)
        found, distinct = counted(frame, self.known, self.confidential)
        before = measure(found, self.k)
        columns = [_levels(name, distinct[name], self.levels.get(name, ())) for name in self.known]
        chosen = least_loss(found, columns, self.k, diversity=self.diversity, most_left_out=self.most_left_out)
        if chosen is None or chosen.left_out == before.rows:
            return Release(None, before, None, {}, 0, (self._too_small(before),))
        if self.pseudonyms and self.identifier is not None:
            marks = pseudonymise(ids, secrets.token_bytes(32)).astype(str).tolist()
            frame = with_marks(frame, self.identifier, marks)
        labels = {
            one.name: (distinct[one.name], one.labels[level])
            for one, level in zip(columns, chosen.levels, strict=True)
            if level
        }
        made = as_released(frame, labels, self.known, self.k, self.confidential, self.diversity)
        naming = tuple(finding for name in self.names for finding in _identifying(name, made))
        if naming:
            return Release(None, before, None, {}, 0, naming)
        after = measure(counted(made, self.known, self.confidential)[0], self.k)
        return Release(made, before, after, _said(columns, chosen), before.rows - after.rows, tuple(self._alike(after)))

    def _too_small(self, before: Anonymity) -> Finding:
        few = before.under < SMALLEST_SHOWN
        people = f"fewer than {SMALLEST_SHOWN}" if few else f"{before.under:,}"
        what = f"{people} of {before.rows:,} people are among fewer than {self.k} who look alike in this table"
        if self.diversity > 1:
            what += f", or those alike have fewer than {self.diversity} different confidential values"
        return Finding(
            "EH-DATA-023", Severity.ERROR,
            f"{what}{'; no declared levels mend it' if self.levels else ''}.",
            _RULE,
            "declare levels (--levels age=5,10,20), leave out columns (--columns), or people (--left-out 0.05)",
            measured={"k": self.k, "rows": before.rows, "smallest": before.smallest},
        )  # fmt: skip

    def _alike(self, after: Anonymity) -> list[Finding]:
        return [
            Finding(
                "EH-DATA-024", Severity.WARNING,
                f"In some class of people who look alike everybody has the same value of {name!r}.",
                "a class tells a confidential value of each of its people where all have the same",
                "ask for --diversity 2, or leave the column out",
                subject_matter=name,
            )
            for name, kinds in after.diversity.items()
            if kinds == 1
        ]  # fmt: skip


def _check(
    names: Sequence[str], known: Sequence[str], identifier: str | None, confidential: Sequence[str],
    levels: Mapping[str, Sequence[Level]], k: int, diversity: int, most_left_out: float, pseudonyms: bool,
) -> None:  # fmt: skip
    wrong = ""
    if k < 2 or diversity < 1 or not 0.0 <= most_left_out < 1.0:
        wrong = "k is below 2, diversity below 1, or the share left out not from 0 to below 1"
    elif isinstance(confidential, str) or set(confidential) - set(names):
        wrong = "a confidential column does not leave at all, or is the identifier"
    elif set(levels) - set(known):
        wrong = "levels are declared of a column that is confidential, the identifier, or does not leave"
    elif diversity > 1 and not confidential:
        wrong = "a diversity is asked for, and no column is confidential"
    elif pseudonyms and identifier is None:
        wrong = "pseudonyms are asked for, and no column is the identifier"
    elif not names or len(set(names)) != len(names):
        wrong = "no column leaves, or one twice"
    if wrong:
        raise UsageError(
            "release-asked",
            f"What is asked of the release does not fit together: {wrong}.",
            rule="each column that leaves is one that others may know, or a confidential one",
            remedy="name the columns of the table: columns, identifier, confidential and levels",
        )


def _levels(name: str, distinct: Distinct, declared: Sequence[Level]) -> Levels:
    said, labels = [AS_IS], [distinct.texts]
    for level in declared:
        if level == LEFT_OUT:
            said.append("left out")
            labels.append((LEFT_OUT,) * len(distinct.texts))
        elif isinstance(level, Mapping):
            said.append("merged")
            labels.append(merged(distinct.texts, level))
        elif isinstance(level, str):
            raise UsageError(
                "release-level",
                f"A level of column {name!r} is neither a number, a mapping nor '*'.",
                rule="a level is the width of a band, or how many characters stay, or *",
                remedy="write it like age=5,10,20,*",
            )
        elif distinct.numbers is not None:
            said.append(f"bands of {level:g}")
            labels.append(bands(distinct.numbers, level))
        else:
            said.append(f"first {level:.0f} characters")
            labels.append(characters(distinct.texts, int(level)))
    return Levels(name, tuple(said), tuple(labels))


def _said(columns: Sequence[Levels], chosen: Chosen) -> dict[str, str]:
    return {one.name: one.said[level] for one, level in zip(columns, chosen.levels, strict=True)}


def _identifying(name: str, frame: Any) -> tuple[Finding, ...]:
    table = open_frame(frame.select(name))
    return scan_personal_data(name, table.columns([name]).read(name, np.ones(len(frame), dtype=bool)))


def _told(figures: Anonymity) -> dict[str, Any]:
    return {**figures.to_dict(), "people_under_k": shown(figures.under)}
