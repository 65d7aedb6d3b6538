"""What may each column of an unknown table be used for? A guess with its reason, for a person to confirm."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from evenhand.features import Values, hold_numbers, scan_personal_data
from evenhand.policy import Attribute, attribute_named
from evenhand.terms import DataError, Finding, Origin, Role, Severity

from ..data._table_parsing import OLDEST, parse_outcome
from ..data.columns import as_text, kind_of, raw_values
from ..data.tables import DataTable
from ._draft_control import Control, guess_control

__all__ = ["Guess", "guess_columns"]

_LOOKED_AT = 200_000
_ALMOST_CERTAIN = 0.95
_LONG_TEXT = 40
_BINS = 32
_SMALLEST_BIN = 20
_SPLIT = re.compile(r"[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])")
_DATE = r"^\d{4}-\d{2}-\d{2}([T ].*)?$|^\d{1,2}[-/.]\d{1,2}[-/.]\d{4}( .*)?$"


def _list(words: str) -> frozenset[str]:
    return frozenset(words.split())


_ID_WORDS = _list("id ids nr nummer number key klant klantnummer customer subject household client member user")
_OUTCOME_WORDS = _list(
    """outcome responded response respons reactie gereageerd converted conversion conversie redeemed clicked click
    geklikt bought purchased gekocht hired aangenomen target label subscribed accepted visited visit deposit y"""
)
_INCOME_WORDS = _list("income inkomen salary salaris loon wage wealth vermogen uitkering")
_FAMILY_WORDS = _list("children kids kinderen family gezin relationship")
_ORIGIN_WORDS = _list("native")
_CONSENT_WORDS = _list("consent toestemming optin optout unsubscribed afgemeld objection bezwaar")
_AFTERWARDS_WORDS = _list("duration gespreksduur")
_INFERRED_WORDS = _list("score segment predicted prediction propensity cluster voorspeld kans probability")


@dataclass(frozen=True, slots=True)
class Guess:
    """What one column may be for.

    Attributes:
        name: the column.
        role: the guess.
        reason: why, one sentence without any value of the column.
        kind: how to bin it, for features.
        origin: where the values seem to come from.
        special_category: GDPR 9 data, by its name.
    """

    name: str
    role: Role
    reason: str
    kind: Literal["number", "category"] | None = None
    origin: Origin = Origin.OBSERVED
    special_category: bool = False


def guess_columns(
    table: DataTable, *, outcome: str | None
) -> tuple[tuple[Guess, ...], tuple[Finding, ...], Control | None]:
    """A guess per column, in the table's order; what a person should look at; and who seems to have been shown nothing.

    Args:
        table: opened with all its columns. Columns named NAME@OFFER are left out: they are declared once, as NAME.
        outcome: the column to predict, where it is known.
    """
    step = max(1, len(table) // _LOOKED_AT)
    samples = {name: table.series(name).gather_every(step) for name in table.names if "@" not in name}
    if outcome is not None:
        table.outcome(outcome)
    identifier = _identifier(table, samples)
    repeated = None if identifier else _repeated(samples)
    outcome = outcome or _outcome(samples)
    target = None if outcome is None else parse_outcome(table.where, outcome, samples[outcome])
    control = guess_control({name: one for name, one in samples.items() if name not in (outcome, identifier)})
    guesses: list[Guess] = []
    findings: list[Finding] = []
    for name, sample in samples.items():
        if name == outcome:
            guesses.append(Guess(name, Role.OUTCOME, "it is yes or no in every row, and its name or place says so"))
        elif name == identifier:
            guesses.append(Guess(name, Role.IDENTIFIER, "every row has another value", origin=Origin.GIVEN))
        elif name == repeated:
            reason = "it says who somebody is, and some people have several rows"
            guesses.append(Guess(name, Role.IDENTIFIER, reason, origin=Origin.GIVEN))
            findings.append(_several_rows(name))
        elif control is not None and name == control.column:
            guesses.append(Guess(name, Role.FORBIDDEN, "it seems to say what was shown, or that nothing was"))
        else:
            guess, found = _guess(name, sample, target)
            guesses.append(guess)
            findings.extend(found)
    findings.extend(_gaps(guesses))
    return tuple(guesses), tuple(findings), control


def _identifier(table: DataTable, samples: dict[str, pl.Series]) -> str | None:
    """A column with another value in every row: first by name, then the first such column of text or whole numbers."""

    def unique(name: str) -> bool:
        sample = samples[name]
        whole = sample.dtype.is_integer() or kind_of(sample) == "text"
        return whole and sample.null_count() == 0 and sample.n_unique() == len(sample)

    for named in (True, False):
        for name in samples:
            if bool(_ID_WORDS & _words(name)) != named or not unique(name):
                continue
            if any(found.id != "EH-PII-005" for found in scan_personal_data(name, raw_values(samples[name]))):
                continue  # an e-mail address tells people apart, too, and should not
            if table.series(name).n_unique() == len(table):
                return name
    return None


def _repeated(samples: dict[str, pl.Series]) -> str | None:
    """Where no column has another value in every row: the first that says who somebody is, and nothing more of them."""
    for name, sample in samples.items():
        if sample.null_count() == 0 and {one.id for one in scan_personal_data(name, raw_values(sample))} == {
            "EH-PII-005"
        }:
            return name
    return None


def _outcome(samples: dict[str, pl.Series]) -> str | None:
    """A yes-or-no column: the last one named like an outcome, else the last column of the table."""
    named = [name for name in samples if _OUTCOME_WORDS & _words(name)]
    for name in [*reversed(named), *list(samples)[-1:]]:
        try:
            parse_outcome("", name, samples[name])
        except DataError:
            continue
        return name
    return None


def _guess(name: str, sample: pl.Series, target: NDArray[np.uint8] | None) -> tuple[Guess, Sequence[Finding]]:
    words = _words(name)
    attribute = attribute_named(name)
    if sample.drop_nulls().n_unique() < 2:
        return Guess(name, Role.FORBIDDEN, "it has the same value in every row, or none"), ()
    if _CONSENT_WORDS & words:
        reason = "it seems to say what a person agreed or objected to; that belongs in the consents table"
        return Guess(name, Role.FORBIDDEN, reason, origin=Origin.GIVEN), (_consent_like(name),)
    values = raw_values(sample)
    personal = [replace(found, severity=Severity.WARNING) for found in scan_personal_data(name, values)]
    if personal:
        what = personal[0].what.split(" holds ", 1)[1].split(" (", 1)[0]
        return Guess(name, Role.FORBIDDEN, f"it holds {what} ({personal[0].rule})", origin=Origin.GIVEN), personal
    if kind_of(sample) == "date" or _is_date_text(sample):
        return Guess(name, Role.FORBIDDEN, "a date says who rather than what; make a feature such as 'days since'"), ()
    meant = attribute.value if attribute else _also_sensitive(words)
    if meant:
        special = attribute is Attribute.SPECIAL
        reason = f"its name points to {meant}: groups are compared by it, no score reads it"
        guess = Guess(name, Role.SENSITIVE, reason, origin=Origin.GIVEN, special_category=special)
        return guess, _impossible_ages(name, values) if attribute is Attribute.AGE else ()
    if kind_of(sample) == "text" and _mean_length(sample) > _LONG_TEXT:
        return Guess(name, Role.FORBIDDEN, "it is free text, which may say anything about anybody"), ()
    if _AFTERWARDS_WORDS & words:
        reason = "its name says that it is known only after the contact, so it gives the outcome away"
        return Guess(name, Role.FORBIDDEN, reason), (_leak(name, None),)
    if target is not None and (auroc := _auroc_alone(values, target)) > _ALMOST_CERTAIN:
        reason = "by itself it almost tells the outcome, so it is probably known only afterwards"
        return Guess(name, Role.FORBIDDEN, reason), (_leak(name, auroc),)
    origin = Origin.INFERRED if _INFERRED_WORDS & words else Origin.OBSERVED
    if hold_numbers(values):
        return Guess(name, Role.FEATURE, "numbers, nothing speaks against it", "number", origin), ()
    many = sample.n_unique()
    reason = f"{many} different values, nothing speaks against it"
    return Guess(name, Role.FEATURE, reason, "category", origin), ()


def _also_sensitive(words: frozenset[str]) -> str:
    """What else people should not be told apart by unseen; "" where nothing is meant."""
    if _INCOME_WORDS & words:
        return "income"
    if _ORIGIN_WORDS & words:
        return Attribute.ORIGIN.value
    return Attribute.FAMILY.value if _FAMILY_WORDS & words else ""


def _words(name: str) -> frozenset[str]:
    parts = [part.lower() for part in _SPLIT.split(name) if part]
    return frozenset((*parts, name.lower(), "".join(parts)))


def _mean_length(sample: pl.Series) -> float:
    length = as_text(sample).str.len_chars().mean()
    return float(length) if isinstance(length, (int, float)) else 0.0


def _is_date_text(sample: pl.Series) -> bool:
    known = as_text(sample).drop_nulls() if kind_of(sample) == "text" else pl.Series([], dtype=pl.String)
    return len(known) > 0 and bool(known.str.contains(_DATE).all())


def _auroc_alone(values: Values, target: NDArray[np.uint8]) -> float:
    """How well the column alone ranks the outcome, by the response rate of its bins (small ones joined)."""
    if hold_numbers(values):
        numbers = np.asarray(values, dtype=np.float64)
        known = numbers[~np.isnan(numbers)]
        bins = max(2, min(_BINS, len(known) // (2 * _SMALLEST_BIN)))
        cuts = np.unique(np.quantile(known, np.arange(1, bins) / bins, method="higher"))
        codes = np.where(np.isnan(numbers), len(cuts) + 1, np.searchsorted(cuts, numbers, side="right"))
    else:
        _, codes = np.unique(np.array([value or "" for value in values.tolist()]), return_inverse=True)
    counts = np.bincount(codes)
    codes = np.where(counts[codes] < _SMALLEST_BIN, len(counts), codes)
    counts = np.bincount(codes).astype(np.float64)
    positive = np.bincount(codes, weights=target)
    order = np.argsort(positive / np.maximum(counts, 1), kind="stable")
    positive, negative = positive[order], (counts - positive)[order]
    below = np.cumsum(negative) - negative
    return float((positive * (below + negative / 2)).sum() / max(positive.sum() * negative.sum(), 1.0))


def _impossible_ages(name: str, values: Values) -> Sequence[Finding]:
    if not hold_numbers(values) or "year" in name.lower() or "jaar" in name.lower():
        return ()
    ages = np.asarray(values, dtype=np.float64)
    impossible = int(np.count_nonzero((ages < 0) | (ages > OLDEST)))
    if not impossible:
        return ()
    return (
        Finding(
            id="EH-DRAFT-001",
            severity=Severity.WARNING,
            what=f"Column {name!r} has {impossible} impossible ages (below 0 or above {OLDEST}).",
            rule="G-5d",
            remedy="correct them at the source; until then these people are in the group 'unknown'",
            subject_matter=name,
            measured={"impossible": impossible, "looked_at": len(ages)},
        ),
    )


def _leak(name: str, auroc: float | None) -> Finding:
    measured: dict[str, float | int | str] = {} if auroc is None else {"auroc": round(auroc, 4)}
    told = "by its name" if auroc is None else f"AUROC {auroc:.3f} by itself"
    return Finding(
        id="EH-DRAFT-002",
        severity=Severity.WARNING,
        what=f"Column {name!r} seems to leak the outcome ({told}).",
        rule="a feature is known before the decision",
        remedy="leave it forbidden, unless it is really known before anybody gets an offer",
        subject_matter=name,
        measured=measured,
    )


def _consent_like(name: str) -> Finding:
    return Finding(
        id="EH-DRAFT-006",
        severity=Severity.NOTE,
        what=f"Column {name!r} seems to hold consent or objection.",
        rule="G-7",
        remedy="write it to a consents table with the columns subject, kind, purpose, status and at",
        subject_matter=name,
    )


def _several_rows(name: str) -> Finding:
    return Finding(
        id="EH-DRAFT-004",
        severity=Severity.ERROR,
        what=f"Column {name!r} has some people in several rows, so this table is a history.",
        rule="whom to decide about stands in a table with one row for each person",
        remedy="name that table under subjects; in a history, offer names what each row was about",
    )


def _gaps(guesses: Sequence[Guess]) -> list[Finding]:
    gaps = (
        (
            "EH-DRAFT-003",
            Role.OUTCOME,
            "is 1/0, true/false or yes/no with a name or place that fits",
            "name it with --outcome",
        ),
        ("EH-DRAFT-004", Role.IDENTIFIER, "has another value in every row", "add a column with an id per person"),
        ("EH-DRAFT-005", Role.FEATURE, "could be a feature", "add columns that say something about the person"),
    )
    return [
        Finding(
            id=id_,
            severity=Severity.ERROR,
            what=f"No column seems to be the {role}: none {what}."
            if role is not Role.FEATURE
            else f"No column {what}.",
            rule="a campaign has one identifier, one outcome, and at least one feature",
            remedy=remedy,
        )
        for id_, role, what, remedy in gaps
        if not any(guess.role is role for guess in guesses)
    ]
