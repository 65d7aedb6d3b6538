"""Why: a recorded decision explained, with what a person decided who looked at it again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evenhand.adapters.keys.personal_seal import unseal
from evenhand.adapters.stores.home import Home, find_home
from evenhand.features import pseudonymise
from evenhand.ledger import beside, facts, latest, open_run, with_room
from evenhand.rights import Entry, RequestKind, Step, Stream
from evenhand.scoring import model_from_json
from evenhand.terms import DataError, moment_at

from ..people._trail import corrections_of, is_trail_there, trail_of
from ..runs._policy import policy_of_run, run_that_priced
from ._keys import outward_of
from ._ledger import keys_of, run_keys_of
from ._records import open_ledger, prices_of

if TYPE_CHECKING:
    from evenhand.explanation import Explanation, Review

__all__ = ["reviews_about", "why"]


def why(who: str, *, home: str | Path | None = None, lang: str = "en") -> Explanation:
    """Explain one recorded decision, recomputed exactly from what the ledger holds; and tell, where a person looked at
    it again, what they decided. The record itself stays as it was.

    Args:
        who: a decision's id, or a subject's own id (its latest decision is told, with those about the person's other
            offers beside it).
        home: the home folder; see `find_home`.
        lang: ``nl`` or ``en``.

    Raises:
        DataError: the ledger knows no such decision or subject.
    """
    from evenhand.explanation import corrected, reviewed, tell

    place = find_home(home)
    keys = run_keys_of(place)
    with open_ledger(place) as store:
        asked_by_person = False
        try:
            found = facts(store, who, keys)
        except DataError as error:
            if error.code == "ledger-closed":
                raise
            asked_by_person = True
            pseudonym = pseudonymise([who], place.key(make=False))[0].decode()
            said = latest(store, pseudonym, keys)
            if said is None:
                raise DataError(
                    "why-unknown",
                    "The ledger has no decision about this subject, and no decision with this id.",
                    rule="only what was recorded can be told",
                    remedy="check the id as it stands in the subjects table, the --home folder, and that its "
                    "secret.key is the ledger's own (evenhand ledger verify)",
                ) from None
            found = said
        recorded = open_run(store, found.run_id)
        prices = prices_of(recorded)
        if recorded.summary.priced_by:
            prices = policy_of_run(run_that_priced(store, recorded.summary.priced_by)).plain_prices()
        others = [facts(store, one, keys) for one in beside(found)] if asked_by_person else []
    reviews, corrections = reviews_about(place, found.subject), corrections_of(place, found.subject)
    model = model_from_json(recorded.model_json)
    told, *further = [
        reviewed(corrected(one, corrections, model), reviews.get(one.facts.decision_id, ()), recorded.campaign)
        for one in (
            tell(with_room(one, recorded), recorded.campaign, model, lang, prices=prices, rulebook=recorded.rulebook)
            for one in (found, *others)
        )
    ]
    subject = outward_of(place, found.subject)  # the same person in all of them
    told, *further = [replace(one, facts=replace(one.facts, subject=subject)) for one in (told, *further)]
    return replace(told, beside=tuple(further)) if further else told


def reviews_about(place: Home, subject: str) -> Mapping[str, tuple[Review, ...]]:
    """What people decided who reviewed decisions about a person, by decision, oldest first.

    Args:
        place: the home.
        subject: the person's pseudonym.
    """
    if not is_trail_there(place):
        return {}
    key = keys_of(place).of_person(bytes.fromhex(subject))
    if key is None:
        return {}
    asked: dict[str, list[Entry]] = {}
    with trail_of(place) as trail:
        for one in trail.read(Stream.REQUEST, handles=[key.handle]):
            asked.setdefault(one.about, []).append(one)
    found: dict[str, tuple[Review, ...]] = {}
    for number, entries in asked.items():
        if json.loads(entries[0].body).get("kind") == RequestKind.HUMAN_REVIEW:
            parts: list[dict[str, Any]] = [unseal(one.sealed, key.key, number) for one in entries]
            decision = next((str(part["decision"]) for part in parts if "decision" in part), "")
            answers = [_review(*one) for one in zip(entries, parts, strict=True)]
            found[decision] = (*found.get(decision, ()), *(one for one in answers if one is not None))
    return found


def _review(entry: Entry, private: Mapping[str, Any]) -> Review | None:
    """The review that an entry records; None where it records another step."""
    from evenhand.explanation import Review

    said = json.loads(entry.body)
    if said["step"] != Step.ANSWER:
        return None
    at = moment_at(entry.at)
    return Review(at, said.get("outcome") == "change", str(private.get("offer", "")))
