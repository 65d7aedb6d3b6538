"""What changed between two sets of rules, or between two moments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ._pack import Rule

__all__ = ["Change", "changes"]


@dataclass(frozen=True, slots=True)
class Change:
    """One rule that is not what it was.

    Attributes:
        id: the rule.
        kind: ``added``, ``removed`` or ``changed``.
        fields: of a changed rule the fields that differ.
        before, after: the rule as it was, and as it is.
    """

    id: str
    kind: Literal["added", "removed", "changed"]
    fields: tuple[str, ...]
    before: Rule | None
    after: Rule | None


def changes(before: Mapping[str, Rule], after: Mapping[str, Rule]) -> tuple[Change, ...]:
    """What is different, in the order of the ids.

    Args:
        before: rules by id.
        after: likewise.

    Example:
        >>> from ._rulebook import shipped
        >>> rules = {packed.rule.id: packed.rule for packed in shipped().rules}
        >>> [(change.kind, change.id) for change in changes({}, {"G-18": rules["G-18"]})]
        [('added', 'G-18')]
    """
    out = []
    for id in sorted(before.keys() | after.keys()):
        was, now = before.get(id), after.get(id)
        if was is None or now is None:
            out.append(Change(id, "added" if was is None else "removed", (), was, now))
            continue
        fields = tuple(
            name for name in Rule.model_fields if name != "cases" and getattr(was, name) != getattr(now, name)
        )
        if fields:
            out.append(Change(id, "changed", fields, was, now))
    return tuple(out)
