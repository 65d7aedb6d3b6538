"""What must not come in, columns that identify people; and what should be seen: minors, dates, infinite numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np

from evenhand.adapters.data.tables import MixedColumn
from evenhand.adapters.declared.campaign_files import LoadedCampaign
from evenhand.features import Values, hold_numbers, personal_in_text, scan_personal_data
from evenhand.terms import SMALLEST_SHOWN, DataError, Finding, Role, Severity, is_few

from ._open import Opened

__all__ = [
    "date_left_out",
    "minors",
    "mixed_groups",
    "odd_features",
    "odd_values",
    "personal_features",
    "personal_texts",
    "refuse_personal_features",
]

_LOOKED_AT = 5_000
_DATE = re.compile(r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2}))(?:[T ].*)?")
_MOSTLY = 0.9
_UNDER_AGE = "17 or younger"


def personal_features(opened: Opened) -> tuple[Finding, ...]:
    """Confirmed features whose values are identifiers (BSN, IBAN, e-mail ...), in the permitted history rows."""
    found: list[Finding] = []
    for name in opened.campaign.names(Role.FEATURE):
        found += scan_personal_data(name, opened.history.columns.read(name, opened.allowed))
    return tuple(found)


def refuse_personal_features(opened: Opened) -> None:
    """Refuse to decide with a column that identifies people.

    Raises:
        DataError: a feature holds identifiers (RULES UAVG-46, G-32).
    """
    found = [finding for finding in personal_features(opened) if finding.severity is Severity.ERROR]
    if found:
        first = found[0]
        raise DataError("feature-identifies-people", first.what, rule=first.rule, remedy=first.remedy)


def personal_texts(loaded: LoadedCampaign) -> tuple[Finding, ...]:
    """EH-POL-160: a text of the campaign holds what identifies or reaches somebody, for good."""
    campaign = loaded.campaign
    texts: list[tuple[tuple[str | int, ...], str, Iterable[object]]] = []
    for at, offer in enumerate(campaign.offers):
        texts.append((("offers", at, "text"), f"offer {offer.id!r}", offer.text.model_dump().values()))
    for name, column in campaign.columns.items():
        if column.meaning:
            meaning = column.meaning.model_dump().values()
            texts.append((("columns", name, "meaning"), f"the meaning of column {name!r}", meaning))
    found = []
    for path, where, said in texts:
        held = dict.fromkeys(kind for text in said for kind in personal_in_text(str(text)))
        if held:
            finding = Finding(
                "EH-POL-160",
                Severity.WARNING,
                f"The text of {where} holds what looks like: {', '.join(held)}.",
                "G-5c",
                "Take it out unless it is the organisation's own: texts stand in receipts and reports.",
                subject_matter=where,
            )
            found.append(loaded.place(finding, path))
    return tuple(found)


def minors(opened: Opened) -> tuple[Finding, ...]:
    """A warning where an age column shows minors among the people who may be personalised (RULES D-28)."""
    wall = opened.stores.wall
    everybody = np.zeros(len(opened.asked), dtype=np.intp)
    found = []
    for name in wall.features:
        table = wall.count((name,), everybody, 1, why="check: minors")
        if (_UNDER_AGE,) in table.groups and table.totals[table.groups.index((_UNDER_AGE,))] != 0:
            found.append(
                Finding(
                    "EH-DATA-007",
                    Severity.WARNING,
                    f"By column {name!r} there are minors among the people whose data may be used.",
                    "D-28",
                    "Record them as minors in the consents table (kind minor, status yes): a sensitive column is never "
                    "read for a decision, so it cannot do this by itself.",
                    subject_matter=name,
                )
            )
    return tuple(found)


def odd_features(opened: Opened) -> tuple[Finding, ...]:
    """Dates written as text and infinite numbers among the confirmed features of the permitted history rows."""
    columns = opened.history.columns
    return tuple(
        finding
        for name in opened.campaign.names(Role.FEATURE)
        for finding in odd_values(name, columns.read(name, opened.allowed))
    )


def odd_values(name: str, values: Values) -> list[Finding]:
    """EH-DATA-018: numbers that are infinite. EH-DATA-019: dates that are written as text.

    Args:
        name: column name, for the findings.
        values: raw values; of a text column up to 5,000 are looked at.
    """
    if hold_numbers(values):
        infinite = int(np.isinf(values).sum())
        if not infinite:
            return []
        return [
            Finding(
                "EH-DATA-018",
                Severity.WARNING,
                f"Column {name!r} has {infinite} infinite values among {len(values)}; they fall into the last bins.",
                "G-5d",
                "Find out what they stand for (a division by zero?); leave them empty, or write the right number.",
                subject_matter=name,
                measured={"infinite": infinite, "rows": len(values)},
            )
        ]
    texts = [text for text in values[:_LOOKED_AT].tolist() if text is not None]
    dates = sum(_DATE.fullmatch(str(text).strip()) is not None for text in texts)
    if not texts or dates < _MOSTLY * len(texts):
        return []
    return [
        Finding(
            "EH-DATA-019",
            Severity.WARNING,
            f"Column {name!r} holds dates as text; as a category every day stands for itself and most are too rare.",
            "G-5d",
            "Turn it into days before the decision, or use it as history.order; do not use it as a category.",
            subject_matter=name,
            measured={"dates": dates, "looked_at": len(texts)},
        )
    ]


def mixed_groups(name: str, found: MixedColumn) -> Finding:
    """EH-DATA-021: a sensitive column of numbers, of which some values are none."""
    few = is_few(found.others)
    many = f"{'Fewer than ' if few else ''}{SMALLEST_SHOWN if few else found.others} values of column {name!r} are no"
    said = (
        "are bands of age, and these values count as unknown"
        if found.banded
        else f"are its {found.different} different values, each by itself"
    )
    return Finding(
        "EH-DATA-021",
        Severity.NOTE if found.banded else Severity.WARNING,
        f"{many} numbers, and {found.numbers} are; so its groups {said}.",
        "G-5d",
        "Write these values as numbers, or leave them empty where they are not known."
        + (
            "" if found.banded else " Then bands of people are compared: declare `cut: quarters`, or where each begins."
        ),
        subject_matter=name,
        measured={
            "kind": ("bands" if found.banded else "texts") + ("-few" if few else ""),
            "others": SMALLEST_SHOWN if few else found.others,
            "numbers": found.numbers,
            "different": found.different,
        },
    )


def date_left_out(name: str) -> Finding:
    """EH-DATA-020: a column of dates is no feature, and was not looked at."""
    return Finding(
        "EH-DATA-020",
        Severity.NOTE,
        f"Column {name!r} holds dates and was not looked at.",
        "A date is not a feature: a model cannot learn from days that will not come again.",
        "Turn it into days before the decision; to look at change over time, name it as `order`.",
        subject_matter=name,
    )
