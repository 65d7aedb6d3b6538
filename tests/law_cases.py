"""Campaigns that say which law holds, their people, and the answer of gate 1."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from campaign_cases import FEATURE, changed
from consent_cases import Said, book, subjects, words
from evenhand.permission import Weighed, permit, weigh
from evenhand.policy import Campaign, ConsentSource
from evenhand.rules import Law, Pack, Rulebook, read_pack, shipped
from evenhand.terms import Asked

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
GIVEN = Said(0, "consent", "ConsentGiven")
SIGNED = {"record": "LIA-1", "expires": "2030-01-01", "file": "lia.yaml"}
EVIDENCE = {
    "notice": "notice",
    "notice_hash": "hash",
    "language": "language",
    "method": "method",
    "actor": "actor",
    "form": "form",
}
GOOD = {"notice": "v1", "notice_hash": None, "language": "nl", "method": "ticked_box", "actor": "subject", "form": None}


def law_campaign(law: Mapping[str, Any] | None = None, **changes: Any) -> Campaign:
    """A campaign with a law clause; dots in the changes are written as two underscores."""
    plain: dict[str, Any] = {
        "law": {"jurisdictions": ["NL"], **(law or {})},
        "columns.visits": FEATURE | {"sensitivity": "ordinary"},
        **{key.replace("__", "."): value for key, value in changes.items()},
    }
    if plain.get("legal_basis") == "legitimate_interest":
        plain.setdefault("balancing", SIGNED)
    return Campaign.model_validate(changed(plain))


def own_pack(*rules: Mapping[str, Any], **more: Any) -> Pack:
    """An organisation's own pack with these rules."""
    text = {"nl": "Onze regel.", "en": "Our rule."}
    plain = {
        "applies": {"people": ["anywhere"]},
        "article": "own",
        "known_from": "house",
        "stage": "own",
        "effect": "refuse",
        "reason": "own-rule",
        "says": text,
        "remedy": text,
    }
    document = {
        "evenhand_rules": 1,
        "pack": "own",
        "version": "1",
        "title": text,
        "rules": [plain | dict(rule) for rule in rules],
        **more,
    }
    return read_pack(document, "own.yaml")


def evidence(*records: Mapping[str, str | None], notices: Sequence[Mapping[str, Any]] = ()) -> Weighed:
    """What records with this evidence are worth; each is a good one with changes."""
    source = ConsentSource.model_validate({"file": "c.csv", "evidence": EVIDENCE, "notices": list(notices)})
    return weigh({name: [(GOOD | dict(record))[name] for record in records] for name in GOOD}, source)


def law_answer(
    said: Iterable[Said],
    campaign: Campaign,
    *,
    at: datetime = NOW,
    texts: Mapping[str, Sequence[str | None]] | None = None,
    weighed: Weighed | None = None,
    own: Iterable[Pack] = (),
    balancing: str = "signed",
    people: int = 1,
) -> list[tuple[str, str]]:
    """Standing and reason of each person, as words."""
    rulebook: Rulebook = shipped().with_own(own)
    law = Law.of_people(campaign, texts or {}, people, rulebook, balancing)
    return words(permit(Asked(subjects(range(people)), at), campaign, book(said, weighed), law))
