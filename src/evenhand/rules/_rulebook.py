"""All rules together: packs in one order, under one digest, and which of them are in force when."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from typing import Any

from pydantic import ValidationError

from evenhand.policy import describe
from evenhand.terms import DataError, PolicyError, Reason

from ._pack import ANYWHERE, UNKNOWN, Effect, Pack, Recipient, Rule, Stage, moment_of

__all__ = ["PackedRule", "Rulebook", "read_pack", "shipped"]

_STRICTNESS = {effect: place for place, effect in enumerate(Effect)}
_STAGES = {stage: place for place, stage in enumerate(Stage)}


@dataclass(frozen=True, slots=True)
class PackedRule:
    """A rule and the pack that it stands in."""

    rule: Rule
    pack: str
    version: str


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Packs together. Make it with `shipped`, `with_own` or `from_text`.

    Attributes:
        packs: in order: those that come with evenhand, then the organisation's own.
        rules: every rule of them, in the order in which the first that applies decides: stricter effects first, then
            stages, then packs.
        text: canonical JSON of everything in them that decides; tests of rules are no part of it.
        digest: SHA-256 (hex) of the text.
        turns: moments at which something in them begins or ends, in order; between two of them nothing changes.
    """

    packs: tuple[Pack, ...]
    rules: tuple[PackedRule, ...]
    text: str
    digest: str
    turns: tuple[datetime, ...]

    @staticmethod
    def of(packs: Sequence[Pack]) -> Rulebook:
        """Put packs together.

        Raises:
            PolicyError: two of them have the same id, or a rule or recipient of the same id.
        """
        rules = [PackedRule(rule, pack.pack, pack.version) for pack in packs for rule in pack.rules]
        for what, ids in (
            ("pack", [pack.pack for pack in packs]),
            ("rule", [packed.rule.id for packed in rules]),
            ("recipient", [one.id for pack in packs for one in pack.recipients]),
        ):
            twice = sorted({id for id in ids if ids.count(id) > 1})
            if twice:
                raise PolicyError(
                    "rules-id-twice",
                    f"The {what} {twice[0]} stands in two rule packs.",
                    rule="one meaning per id: a decision cites a rule by its id",
                    remedy="give your own one another id, such as own/NAME; a rule of evenhand cannot be replaced",
                )
        rules.sort(key=lambda packed: (_STRICTNESS[packed.rule.effect], _STAGES[packed.rule.stage]))
        text = json.dumps(
            {"packs": [pack.without_cases() for pack in packs]},
            sort_keys=True,
            separators=(",", ":"),
            ensure_ascii=False,
        )
        return Rulebook(tuple(packs), tuple(rules), text, hashlib.sha256(text.encode()).hexdigest(), _turns(packs))

    @staticmethod
    def from_text(text: str) -> Rulebook:
        """The rules back from `text`, as a run recorded them.

        Raises:
            DataError: it is no such text.
        """
        return _read_text(text)

    def with_own(self, packs: Iterable[Pack]) -> Rulebook:
        """These rules and an organisation's own, which may only tighten.

        Raises:
            PolicyError: a pack allows something, changes what a place is, or has an id that is taken.
        """
        own = tuple(packs)
        for pack in own:
            for fault in _loosens(pack):
                raise PolicyError(
                    "rules-own-loosens",
                    f"The rule pack {pack.pack} {fault}.",
                    rule="an organisation's own rules may only tighten",
                    remedy="keep rules with the effects refuse and contextual, and the list of recipients",
                )
        return self if not own else Rulebook.of((*self.packs, *own))

    def by_id(self, id: str) -> PackedRule | None:
        """The rule with this id, or nothing."""
        return next((packed for packed in self.rules if packed.rule.id == id), None)

    def in_force(self, at: datetime) -> tuple[int, ...]:
        """Places of the rules that are in force at a moment, in `rules`."""
        return tuple(place for place, packed in enumerate(self.rules) if packed.rule.is_in_force(at))

    def members(self, place: str) -> frozenset[str]:
        """The places that a name stands for, itself included."""
        named = [pack.places[place] for pack in self.packs if place in pack.places]
        return frozenset({place, *(member for members in named for member in members)})

    def is_known(self, place: str) -> bool:
        """Whether the packs hold the rules of a place."""
        return any(place in self.members(name) for pack in self.packs for name in pack.covers)

    def touches(self, rule: Rule, people: frozenset[str], controller: str) -> bool:
        """Whether a rule is one for people in these places (none = it is not known where), under this organisation.

        Somebody of whom it is not known where they are gets every rule that refuses, whosever it is.
        """
        applies = rule.applies
        if ANYWHERE in applies.people or any(controller in self.members(place) for place in applies.controllers):
            return True
        if not people:
            return UNKNOWN in applies.people or rule.effect is not Effect.ALLOW
        there = [place for place in people if any(place in self.members(name) for name in applies.people)]
        out = [place for place in there if any(place in self.members(name) for name in applies.people_not)]
        return len(out) < len(there)

    def recipient(self, id: str) -> Recipient | None:
        """Somebody on the list of recipients, or nothing."""
        return next((one for pack in self.packs for one in pack.recipients if one.id == id), None)

    def is_adequate(self, country: str, at: datetime) -> bool:
        """Whether data may go to a country as if it stayed, at a moment."""
        return any(one.holds(at) for pack in self.packs for one in pack.adequate if one.place == country)

    @property
    def versions(self) -> dict[str, str]:
        """Version of each pack."""
        return {pack.pack: pack.version for pack in self.packs}


def read_pack(
    document: object, name: str, lines: Mapping[tuple[str | int, ...], tuple[int, int]] | None = None
) -> Pack:
    """A pack out of plain data (what YAML or JSON gives).

    Args:
        document: a mapping with the keys of a pack.
        name: what to call it in messages, such as its file.
        lines: line and column of each field in that file, where it is one.

    Raises:
        PolicyError: it is no such mapping; the message names the place, and no value.
    """
    try:
        return Pack.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = tuple(first["loc"])
        while place and lines and place not in lines:
            place = place[:-1]
        line = f", line {lines[place][0]}" if lines and place in lines else ""
        raise PolicyError(
            "rules-pack-not-valid",
            f"{name}{line}: {describe(place)}: {first['msg'].removeprefix('Value error, ')}.",
            rule="a rule pack has the form that docs/rule-pack.schema.json gives",
            remedy="correct it there; evenhand rules test FILE looks again",
        ) from None


@lru_cache(maxsize=1)
def shipped() -> Rulebook:
    """The packs that come with evenhand.

    Example:
        >>> shipped().by_id("G-21b").rule.article
        'GDPR 21(2)-(3)'
    """
    text = (files(__package__) / "packs.json").read_text("utf-8")
    return Rulebook.of([Pack.model_validate(plain) for plain in json.loads(text)["packs"]])


@lru_cache(maxsize=16)
def _read_text(text: str) -> Rulebook:
    try:
        plain: Mapping[str, Any] = json.loads(text)
        return Rulebook.of([Pack.model_validate(pack) for pack in plain["packs"]])
    except (ValueError, KeyError, TypeError, PolicyError):
        raise DataError(
            "rules-not-read",
            "The recorded rules cannot be read.",
            rule="G-5-2: what decided stands in the ledger",
            remedy="run `evenhand ledger verify`, and restore the ledger from a copy that verifies",
        ) from None


def _turns(packs: Sequence[Pack]) -> tuple[datetime, ...]:
    texts = [text for pack in packs for rule in pack.rules for text in (rule.since, rule.until)]
    texts += [text for pack in packs for one in pack.adequate for text in (one.since, one.until)]
    texts += [one.until for pack in packs for one in pack.recipients]
    return tuple(sorted({moment_of(text) for text in texts if text is not None}))


def _loosens(pack: Pack) -> list[str]:
    """What in an organisation's own pack would loosen."""
    faults = [f"lets the rule {rule.id} allow something" for rule in pack.rules if rule.effect is Effect.ALLOW]
    faults += ["says which places belong together"] * bool(pack.places)
    faults += ["says whose rules are known"] * bool(pack.covers)
    faults += ["says which countries data may go to"] * bool(pack.adequate)
    faults += [
        f"gives the rule {rule.id} a reason of its own kind: own rules have the reason own-rule"
        for rule in pack.rules
        if rule.code is not Reason.OWN_RULE
    ]
    return faults
