"""What a person gets: everything that is held about them (GDPR 15), or what they can take along (GDPR 20)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evenhand.adapters.stores.home import Home, find_home, json_bytes, write_atomically
from evenhand.features import pseudonymise
from evenhand.rights import Portability, Step, access_page, complaint_to
from evenhand.staff import Read
from evenhand.terms import DataError

from ..records._keys import outward_of
from ..records._vault_store import vault_values
from ._consent_history import consent_history
from ._declared import DeclaredCampaign, campaigns_of, sender_of
from ._held import Held, held_about, reviews_in, said_values
from ._looks import looks_at
from ._requests import find_request, list_requests
from ._same_person import linked_ids
from ._trail import key_of_person

__all__ = ["Package", "package_about", "portability_of"]


@dataclass(frozen=True, slots=True)
class Package:
    """Everything that is held about a person.

    Attributes:
        content: plain JSON values; `docs/how-to/answer-a-request.md` names the parts.
    """

    content: Mapping[str, Any] = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return dict(self.content)

    def to_html(self) -> str:
        """A page that needs nothing else, in the package's language."""
        return access_page(self.content)

    def save(self, folder: str | Path) -> tuple[Path, Path]:
        """Write ``access.html`` and ``access.json`` for the owner's eyes only. Raises StoreError where it cannot."""
        page, data = Path(folder) / "access.html", Path(folder) / "access.json"
        write_atomically(page, self.to_html(), private=True)
        write_atomically(data, json_bytes(self.to_dict()), private=True)
        return page, data


def package_about(who: str, *, home: str | Path | None = None, lang: str = "en", at: datetime | None = None) -> Package:
    """Everything that is held about a person: in the home, and in declared columns of the organisation's own tables.

    Args:
        who: the person's own id, as it stands in the subjects table.
        home: the home folder; see `find_home`.
        lang: ``nl`` or ``en``.
        at: now.

    Raises:
        DataError: the home holds nothing about this person, or no campaign ran in it.
    """
    place = find_home(home)
    pseudonym, campaigns = _known(place, who)
    held = held_about(place, who, pseudonym, campaigns, lang)
    now = at or datetime.now(UTC)
    requests = list_requests(home=place.folder, who=who, everything=True)
    asked = {one.number: find_request(one.number, home=place.folder).private for one in requests}
    decisions = {
        number: str(part["decision"]) for number, parts in asked.items() for part in parts if "decision" in part
    }
    offers = {offer.id: str(getattr(offer.text, lang)) for one in campaigns for offer in one.campaign.offers}
    reviews = []
    for one in reviews_in(requests, decisions):
        number = next(number for number, decision in decisions.items() if decision == one["decision"])
        offer = next((str(part["offer"]) for part in asked[number] if "offer" in part), "")
        reviews.append(one | {"offer": offer, "offer_text": offers.get(offer, offer)})
    controller = campaigns[0].campaign.controller
    looked_at = dict.fromkeys(str(factor["meaning"]) for decision in held.decisions for factor in decision["factors"])
    return Package(
        {
            "schema_version": 1,
            "made": now.isoformat(),
            "lang": lang,
            "subject": who,
            "pseudonym": outward_of(place, pseudonym),
            "other_ids": linked_ids(place, who),
            "controller": {"name": controller.name, "contact": controller.contact, "country": controller.country},
            "data": [one.to_dict() | {"corrected": one.corrected} for one in held.items],
            "decisions": list(held.decisions),
            "reviews": reviews,
            "consents": said_values(
                consent_history(who, home=place.folder).said, held.said, _meanings(campaigns, lang)
            ),
            "requests": [
                one.to_dict(now) | {"private": [dict(part) for part in asked[one.number] if part]} for one in requests
            ],
            "looks": [_look(one) for one in looks_at(place, who, {*asked, *_ids(held.decisions)})],
            "purposes": [_purpose(one) for one in campaigns],
            "recipients": _recipients(campaigns, requests),
            "looked_at": list(looked_at),
            "tables_not_read": list(held.not_read),
            "complaint": complaint_to(sender_of(campaigns[0].campaign), lang, now.date()),
        }
    )


def portability_of(who: str, *, home: str | Path | None = None, lang: str = "en") -> Portability:
    """What a person can take along: values that they gave or that were observed, of campaigns on consent or contract,
    and what they said. Nothing that was worked out.

    Raises:
        DataError: the home holds nothing about this person, or no campaign ran in it; or a table cannot be read.
    """
    place = find_home(home)
    pseudonym, campaigns = _known(place, who)
    held: Held = held_about(place, who, pseudonym, campaigns, lang)
    if held.not_read:
        raise DataError(
            "portability-unread",
            f"Tables cannot be read: {', '.join(held.not_read)}.",
            rule="G-20: what the person gave or what was observed of them is handed over whole",
            remedy="put them where the campaign file says, delete from the vault what has had its time, and ask again",
        )
    said = said_values(consent_history(who, home=place.folder).said, held.said, {})
    plain = [{name: str(one[name]) for name in ("kind", "purpose", "status", "at")} for one in said]
    return Portability.of(who, campaigns[0].campaign.controller.name, held.portable, plain)


def _known(place: Home, who: str) -> tuple[str, tuple[DeclaredCampaign, ...]]:
    """The pseudonym of a person of whom anything is held here, be it in the vault alone; and the campaigns."""
    campaigns = campaigns_of(place)
    is_known = key_of_person(place, who, make=False) is not None or bool(vault_values(place, who)[0])
    if not is_known or not campaigns:
        raise DataError(
            "access-unknown",
            "This home holds nothing about this subject, or it was erased.",
            rule="G-15: what is held is shown",
            remedy="check the id as it stands in the subjects table, and the --home folder",
        )
    return pseudonymise([who], place.key(make=False))[0].decode(), campaigns


def _meanings(campaigns: tuple[DeclaredCampaign, ...], lang: str) -> dict[str, str]:
    """What columns mean, by name."""
    return {
        name: str(getattr(column.meaning, lang))
        for declared in reversed(campaigns)
        for name, column in declared.campaign.columns.items()
        if column.meaning is not None
    }


def _ids(decisions: Sequence[Mapping[str, Any]]) -> list[str]:
    return [str(one["decision_id"]) for one in decisions]


def _look(one: Read) -> dict[str, str]:
    """Somebody who looked, as the person is told of it."""
    return {"at": one.at.isoformat(), "who": one.who, "what": one.kind.value, "about": one.about}


def _purpose(declared: DeclaredCampaign) -> dict[str, Any]:
    campaign = declared.campaign
    return {
        "campaign": campaign.campaign,
        "purpose": campaign.purpose,
        "basis": campaign.legal_basis.value,
        "keep_decisions": campaign.retention.decisions,
        "keep_features": campaign.retention.features,
        "keep_consents": campaign.retention.consents or "",
        "keep_requests": campaign.retention.requests or "",
    }


def _recipients(campaigns: tuple[DeclaredCampaign, ...], requests: Any) -> list[dict[str, str]]:
    """Who gets data by declaration, and whom a request was told to."""
    clauses = [one.campaign.processing for one in campaigns]
    out = {one.name: (one.country, one.safeguard or "") for clause in clauses if clause for one in clause.recipients}
    for request in requests:
        for one in request.trail:
            if one.step is Step.TELL:
                out.setdefault(str(one.details["recipient"]), ("-", ""))
    return [{"name": name, "country": where, "safeguard": safe} for name, (where, safe) in out.items()]
