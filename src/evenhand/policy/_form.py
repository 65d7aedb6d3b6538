"""From a mapping to a Campaign; and from what is wrong with it to sentences that a person can act on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from pydantic import ValidationError
from pydantic.json_schema import JsonSchemaValue

from evenhand.terms import Severity

from ._campaign import Campaign
from ._finding import Path, PolicyFinding, describe, found, meant
from ._placeholders import review_placeholders
from ._schema import SHAPES, allowed_words, campaign_schema, meaning, schema_at
from ._validate import review

__all__ = ["has_errors", "read_campaign"]

_PLAIN_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")


def read_campaign(document: object, *, at: datetime) -> tuple[Campaign | None, tuple[PolicyFinding, ...]]:
    """Read a campaign from plain data (what YAML or JSON gives).

    Args:
        document: a mapping with the keys of a campaign file.
        at: the moment as of which expiry dates are judged.

    Returns:
        The campaign, or None where its form is wrong; and everything found, errors first. A campaign may be
        returned *with* errors (a rule broken, e.g. no balancing test): then it must not be used.

    Example:
        >>> from datetime import datetime, timezone
        >>> now = datetime(2026, 1, 1, tzinfo=timezone.utc)
        >>> campaign, findings = read_campaign({"evenhand": 1, "purpos": "x"}, at=now)
        >>> campaign is None, findings[0].finding.remedy
        (True, 'did you mean purpose? Take it out or correct its spelling.')
    """
    if not isinstance(document, Mapping):
        what = "A campaign file is a mapping of keys to values; this is something else."
        return None, (found("EH-POL-005", (), what, "Start it with the line: evenhand: 1"),)
    unfilled = tuple(review_placeholders(document))
    try:
        campaign = Campaign.model_validate(dict(document))
    except ValidationError as error:
        return None, (*_told(error, document), *unfilled)
    findings = (*review(campaign, at=at), *unfilled)
    return campaign, tuple(sorted(findings, key=lambda item: -item.finding.severity.rank))


@lru_cache(maxsize=1)
def _schema() -> JsonSchemaValue:
    return campaign_schema()


_CUTS = (
    "quarters, quintiles, deciles, a number of parts from 2 to 10, or a list of the values at which a group begins, "
    "such as [20000, 35000]"
)


def _told(error: ValidationError, document: Mapping[object, object]) -> tuple[PolicyFinding, ...]:
    """One finding per place, unknown keys first: they are often the cause of a missing one."""
    told: dict[Path, PolicyFinding] = {}
    order = {"extra_forbidden": 0, "missing": 2}
    details = error.errors(include_url=False, include_context=True, include_input=True)
    for detail in sorted(details, key=lambda item: order.get(item["type"], 1)):
        if detail["type"] == "too_short" and len(detail["input"]) >= detail["ctx"]["min_length"]:
            continue  # the list is long enough; its items are wrong, and that is told already
        path = _real_path(tuple(detail["loc"]), document, missing=detail["type"] == "missing")
        told.setdefault(path, _sentence(detail["type"], path, detail["input"], detail.get("ctx", {})))
    return tuple(told.values())


def _real_path(location: Path, document: object, *, missing: bool) -> Path:
    """The part of the location that exists in the file: validators add names of alternatives and the like."""
    path: list[str | int] = []
    for part in location:
        keyed = isinstance(document, Mapping) and part in document
        if not keyed and not (isinstance(document, (list, tuple)) and isinstance(part, int) and part < len(document)):
            return (*path, part) if missing else tuple(path)
        document = document[part]  # type: ignore[index]
        path.append(part)
    return tuple(path)


def _sentence(kind: str, path: Path, value: object, context: Mapping[str, Any]) -> PolicyFinding:
    here = schema_at(_schema(), path)
    where = describe(path)
    wanted = next((meaning(_schema(), node) for node in _declared(path)), "")
    if kind == "extra_forbidden":
        return _unknown_key(path)
    if kind == "missing":
        return found("EH-POL-004", path, f"{where}: this is missing.", f"Add it. {wanted}".strip())
    if path[:1] == ("columns",) and path[2:] == ("cut",):
        what = f"{where}: this is none of the ways in which a number can be cut into groups."
        return found("EH-POL-006", path, what, f"Allowed: {_CUTS}.")
    words = tuple(dict.fromkeys(word for node in here for word in allowed_words(node)))
    if words and kind in {"enum", "literal_error"}:
        hint = meant(str(value), words)
        what = f"{where}: this is not one of the words allowed here."
        return found("EH-POL-006", path, what, f"{hint}Allowed: {', '.join(words)}.")
    if bound := _bound(kind, context):
        return found("EH-POL-007", path, f"{where}: this must be {bound}.", f"Correct it. {wanted}".strip())
    return found("EH-POL-005", path, f"{where}: this must be {_wanted_kind(here)}.", _hint(here, value, wanted))


def _declared(path: Path) -> Iterator[JsonSchemaValue]:
    """The declarations of a field itself, where its description stands (not those of the type it refers to)."""
    if path and isinstance(path[-1], str):
        for parent in schema_at(_schema(), path[:-1]):
            if path[-1] in parent.get("properties", {}):
                yield parent["properties"][path[-1]]


def _unknown_key(path: Path) -> PolicyFinding:
    key = str(path[-1])
    siblings = [name for node in schema_at(_schema(), path[:-1]) for name in node.get("properties", {})]
    named = f"The key {key}" if _PLAIN_KEY.fullmatch(key) else "A key"
    if key == "<<":
        return found("EH-POL-003", path, "Merge keys (<<) are not part of YAML 1.2.", "Write the keys out.")
    place = f" in {describe(path[:-1])}" if len(path) > 1 else ""
    what = f"{named}{place} is not one that evenhand knows."
    if hint := meant(key, siblings):
        return found("EH-POL-003", path, what, f"{hint}Take it out or correct its spelling.")
    return found("EH-POL-003", path, what, f"Take it out. Known here: {', '.join(siblings)}.")


def _bound(kind: str, context: Mapping[str, Any]) -> str:
    """The broken bound in words, or nothing where it is not about a bound."""
    signs = {
        "greater_than": "more than {gt}",
        "greater_than_equal": "at least {ge}",
        "less_than": "less than {lt}",
        "less_than_equal": "at most {le}",
        "decimal_max_digits": "a number of at most {max_digits} digits",
        "decimal_max_places": "a number with at most {decimal_places} digits after the point",
        "decimal_whole_digits": "a number of at most {whole_digits} digits before the point",
        "finite_number": "a finite number",
        "string_too_short": "a text of at least {min_length} characters",
        "string_too_long": "a text of at most {max_length} characters",
        "too_short": "a list of at least {min_length}",
        "int_from_float": "a whole number",
    }
    if kind == "string_pattern_mismatch":
        return SHAPES.get(str(context.get("pattern")), "written in another way")
    return signs[kind].format(**context) if kind in signs else ""


def _wanted_kind(here: tuple[JsonSchemaValue, ...]) -> str:
    kinds = {
        "string": "a text",
        "number": "a number",
        "integer": "a whole number",
        "boolean": "true or false",
        "array": "a list (lines that start with -)",
        "object": "a mapping (indented keys)",
    }
    found_kinds = dict.fromkeys(kinds[node["type"]] for node in here if node.get("type") in kinds)
    if "a number" in found_kinds:
        found_kinds.pop("a whole number", None)
    return " or ".join(found_kinds) or "of another kind"


def _hint(here: tuple[JsonSchemaValue, ...], value: object, wanted: str) -> str:
    texts = any(node.get("type") == "string" for node in here)
    if texts and isinstance(value, (int, float)) and not isinstance(value, bool):
        return "Put it between quotes."
    if value is None:
        return f"It is empty: fill it in or take the key out. {wanted}".strip()
    return f"Correct it. {wanted}".strip()


def has_errors(findings: tuple[PolicyFinding, ...]) -> bool:
    """Whether any of them is an error."""
    return any(item.finding.severity is Severity.ERROR for item in findings)
