"""Rules about limits: what may be compared, and how."""

from __future__ import annotations

from collections.abc import Iterator

from evenhand.terms import Role, Target, number_of

from ._campaign import Campaign, DisparityLimit, Frequency
from ._declared import shortest
from ._finding import Path, PolicyFinding, found, meant
from ._validate_columns import TARGETING_FORBIDDEN

__all__ = ["review_limits"]

_RESERVED = ("budget", "contacts")


def review_limits(campaign: Campaign) -> Iterator[PolicyFinding]:
    """Everything that is wrong or doubtful about the limits."""
    yield from _minimums(campaign)
    yield from _several(campaign)
    yield from _own_costs(campaign)
    yield from _over_time(campaign)
    seen: set[str] = set()
    for place, limit in enumerate(campaign.limits.disparity):
        path: Path = ("limits", "disparity", place)
        if limit.id in seen or limit.id in _RESERVED:
            why = "stands twice" if limit.id in seen else "is one that evenhand gives to another limit"
            yield found("EH-POL-050", (*path, "id"), f"The limit id {limit.id} {why}.", "Give it an id of its own.")
        seen.add(limit.id)
        yield from _groups(campaign, limit, path)
        yield from _offers(campaign, limit, path)
        yield from _mode(campaign, limit, path)
        yield from _effect(limit, path)
        if limit.measure.is_weighted and campaign.model.target is Target.INCREMENT:
            yield found(
                "EH-POL-092",
                (*path, "measure"),
                f"The limit {limit.id} counts modelled responses, and the model is one of what an offer changes.",
                "Set a measure of selection rates, or model.target: response.",
            )


def _minimums(campaign: Campaign) -> Iterator[PolicyFinding]:
    """Minimums that contradict what is declared beside them; what the data make of them shows when a plan is made."""
    asked = [(place, offer, offer.minimum) for place, offer in enumerate(campaign.offers) if offer.minimum]
    for place, offer, minimum in asked:
        if offer.capacity is not None and minimum > offer.capacity:
            yield found(
                "EH-POL-048",
                ("offers", place, "minimum"),
                f"The offer {offer.id} is to go to at least {number_of(minimum, 'person', 'people')}, "
                f"and has {number_of(offer.capacity, 'place')}.",
                f"Lower minimum to {offer.capacity} or less, or raise capacity to {minimum} or more.",
            )
    each, total = campaign.offers_each, campaign.limits.contacts.total
    people = max(
        [-(-sum(minimum for _, _, minimum in asked) // each), *(minimum for _, _, minimum in asked)], default=0
    )
    if total is not None and people > total:
        yield found(
            "EH-POL-049",
            ("limits", "contacts", "total"),
            f"The minimums of the offers ask for {number_of(people, 'person', 'people')}, "
            f"and {number_of(total, 'person', 'people')} may get an offer.",
            f"Raise the total to {people} or more, or lower the minimums by {people - total} in all.",
        )
    money = sum(minimum * offer.cost for _, offer, minimum in asked if offer.cost_column is None)
    if campaign.limits.budget is not None and money > campaign.limits.budget:
        yield found(
            "EH-POL-049",
            ("limits", "budget"),
            f"The minimums of the offers cost {money}, and the budget is {campaign.limits.budget}.",
            f"Raise the budget to {money} or more, or lower the minimums.",
        )


def _several(campaign: Campaign) -> Iterator[PolicyFinding]:
    """What does not go together with several offers for one person."""
    each = campaign.limits.contacts.offers_each
    if each > len(campaign.offers):
        yield found(
            "EH-POL-084",
            ("limits", "contacts", "offers_each"),
            f"A person may get {each} offers, and there are {len(campaign.offers)}.",
            f"Nothing to do: nobody gets an offer twice. To say what happens write {len(campaign.offers)}.",
        )
    if campaign.offers_each == 1:
        return
    if campaign.exploration is not None:
        yield found(
            "EH-POL-081",
            ("exploration",),
            f"Some are decided about by lot, and a person may get {each} offers: a lot draws one offer or nothing.",
            "Take exploration out, or set limits: contacts: offers_each: 1.",
        )
    for place, limit in enumerate(campaign.limits.disparity):
        if limit.per == "campaign" and 1 < len(limit.offers) < len(campaign.offers):
            yield found(
                "EH-POL-082",
                ("limits", "disparity", place, "offers"),
                f"The limit {limit.id} compares who gets any of {len(limit.offers)} offers; a person may get {each}.",
                "Set per: offer to compare each of them by itself, or take offers out to compare who gets any offer.",
            )
        if limit.measure.is_weighted:
            yield found(
                "EH-POL-085",
                ("limits", "disparity", place, "measure"),
                f"The limit {limit.id} compares modelled responses, and a person may get {each} offers.",
                "Compare selection rates, or set limits: contacts: offers_each: 1.",
            )
    for place, clause in enumerate(campaign.monitor):
        yield found(
            "EH-POL-083",
            ("monitor", place),
            f"The monitor {clause.id} watches one choice per person, and a person may get {each} offers.",
            "Take the monitor out, or set limits: contacts: offers_each: 1.",
        )


def _own_costs(campaign: Campaign) -> Iterator[PolicyFinding]:
    """What does not go together with costs that are each person's own."""
    if not campaign.own_costs:
        return
    beside: list[tuple[Path, str]] = []
    if campaign.exploration is not None:
        beside.append((("exploration",), "some are decided about by lot"))
    for place, limit in enumerate(campaign.limits.disparity):
        if limit.measure.is_weighted:
            beside.append((("limits", "disparity", place, "measure"), f"the limit {limit.id} compares responses"))
    for place, clause in enumerate(campaign.monitor):
        if clause.on_alarm == "fall_back":
            beside.append((("monitor", place, "on_alarm"), f"the monitor {clause.id} may fall back to earlier prices"))
    for path, why in beside:
        yield found(
            "EH-POL-087",
            path,
            f"What an offer costs is each person's own, and {why}.",
            "Take one of the two out; of an offer that costs nearly the same with everybody write the cost itself.",
        )


def _over_time(campaign: Campaign) -> Iterator[PolicyFinding]:
    """Limits over time that nobody could ever be within, that say nothing, or that look back further than is kept."""
    each = campaign.limits.contacts.each
    for place, one in enumerate(each):
        path: Path = ("limits", "contacts", "each", place)
        if one.offers < campaign.offers_each:
            yield found(
                "EH-POL-110",
                (*path, "offers"),
                f"A person may get {campaign.offers_each} offers in this run, and {one.offers} within {one.within}.",
                f"Allow {campaign.offers_each} or more, or lower offers_each.",
            )
        if any(_implies(other, one) and (other != one or at < place) for at, other in enumerate(each)):
            yield found(
                "EH-POL-111",
                path,
                f"At most {one.offers} within {one.within}: another of these limits never lets it come to that.",
                "Take one of the two out.",
            )
        if shortest(campaign.retention.decisions) < one.span:
            yield found(
                "EH-POL-112",
                (*path, "within"),
                f"Offers within {one.within} are counted, and decisions are kept for {campaign.retention.decisions}.",
                "Keep decisions longer, or look back less far.",
            )


def _implies(other: Frequency, one: Frequency) -> bool:
    """Whether whoever keeps `other` keeps `one`."""
    counts_more = other.of == one.of or other.of == "controller"
    return counts_more and other.offers <= one.offers and other.span >= one.span


def _groups(campaign: Campaign, limit: DisparityLimit, path: Path) -> Iterator[PolicyFinding]:
    sensitive = campaign.names(Role.SENSITIVE)
    for place, name in enumerate(limit.groups):
        if name in sensitive:
            continue
        column = campaign.columns.get(name)
        if column is None:
            what = "is not among the columns"
        elif not column.confirmed:
            what = "is not confirmed"
        else:
            what = f"has role: {column.role}"
        known = f"Sensitive columns: {', '.join(sensitive)}." if sensitive else "No column is sensitive yet."
        yield found(
            "EH-POL-051",
            (*path, "groups", place),
            f"The limit {limit.id} compares groups by a column that {what}; only confirmed sensitive columns can be.",
            f"{meant(name, sensitive)}{known}",
        )


def _offers(campaign: Campaign, limit: DisparityLimit, path: Path) -> Iterator[PolicyFinding]:
    known = [offer.id for offer in campaign.offers]
    for place, name in enumerate(limit.offers):
        if name in known and name not in limit.offers[:place]:
            continue
        what = "twice" if name in known else "which the campaign does not have"
        yield found(
            "EH-POL-056",
            (*path, "offers", place),
            f"The limit {limit.id} names the offer {name}, {what}.",
            f"{meant(name, known) if name not in known else ''}Offers of this campaign: {', '.join(known)}.",
        )


def _mode(campaign: Campaign, limit: DisparityLimit, path: Path) -> Iterator[PolicyFinding]:
    if limit.mode != "aware":
        return
    if campaign.category in TARGETING_FORBIDDEN:
        yield found(
            "EH-POL-053",
            (*path, "mode"),
            f"The limit {limit.id} would decide with group membership, which is not allowed in {campaign.category}.",
            "Set mode: blind.",
        )
    elif not (limit.necessity or "").strip():
        yield found(
            "EH-POL-052",
            (*path, "necessity"),
            f"The limit {limit.id} uses group membership and does not say why that is strictly necessary.",
            "Try mode: blind first; if it does not reach the bound, write under necessity why.",
        )


def _effect(limit: DisparityLimit, path: Path) -> Iterator[PolicyFinding]:
    ratio = limit.measure.is_least
    if limit.bound == (0 if ratio else 1):
        yield found(
            "EH-POL-054",
            (*path, "bound"),
            f"The bound of the limit {limit.id} allows every difference.",
            "Set a bound such as 0.8 for a ratio or 0.05 for a difference.",
        )
    if limit.ceiling == 0:
        yield found(
            "EH-POL-058",
            (*path, "ceiling"),
            f"The soft limit {limit.id} may cost nothing, so it is kept only as far as that is free.",
            "Set a ceiling such as 0.02 (2 % of the value), or take it out to make the limit hard.",
        )
    if limit.intersections and len(set(limit.groups)) == 1:
        yield found(
            "EH-POL-054",
            (*path, "intersections"),
            f"The limit {limit.id} asks for combinations of a single column.",
            "Name two or more columns under groups, or take intersections out.",
        )
