"""Gate 1: from what people said to facts, and from facts to the rule that decides about each person."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from evenhand.policy import Campaign, ancestors, is_direct_marketing_kind, is_known
from evenhand.rules import FACTS, Effect, Fact, Law
from evenhand.terms import Asked, Permitted, Standing

from ._book import ConsentBook
from ._evidence import BY_PARENT, EXPLICIT
from ._hear import SAID_ONCE
from ._recalled import MARKS, SAYINGS, WEIGHTS, Latest, Recalled
from ._weights import ConsentWeight, Kind

__all__ = ["permit", "recall"]

_ALL = tuple(ConsentWeight)
_OWN_NO = np.array([weight.is_own_no for weight in _ALL])
_ENDED = _OWN_NO | np.array([weight is ConsentWeight.REVOKED for weight in _ALL])
_GIVEN = np.array([weight.permits for weight in _ALL])
_DECISIVE = _GIVEN | _OWN_NO


def _code(fact: Fact, value: str) -> int:
    return FACTS[fact].values.index(value)


def _codes(fact: Fact, values: Sequence[str]) -> NDArray[np.uint8]:
    """uint8[`SAYINGS`]: of each saying the code of a fact, given what each weight says; 0 is what nobody has to say."""
    codes = np.zeros(WEIGHTS, dtype=np.uint8)
    codes[: len(values)] = [_code(fact, value) for value in values]
    return np.repeat(codes, MARKS)


def _marked(mark: int) -> NDArray[np.uint8]:
    """uint8[`SAYINGS`]: 1 for a yes with this mark."""
    marks = (MARKS - 1) - np.arange(SAYINGS) % MARKS
    return (np.repeat(_GIVEN, MARKS) & (marks & mark > 0)).view(np.uint8)


_CONSENT = _codes(Fact.CONSENT, [weight.name.lower() for weight in _ALL])
_LAST_WORD = _codes(
    Fact.LAST_WORD,
    [weight.name.lower() if weight.is_own_no else "given" if weight.permits else "none" for weight in _ALL],
)
_IS_EXPLICIT, _IS_BY_PARENT = _marked(EXPLICIT), _marked(BY_PARENT)
_AGE = _codes(Fact.AGE, ["adult", "16-17", "minor", "15", "14", "13", "under_13", "unknown"])
_OPT_IN = _codes(Fact.SALE_OPT_IN, ["parent", "own", "no"])
_NOTHING = np.array(0, dtype=np.uint8)
"""What is known of everybody where nobody said anything."""


def recall(asked: Asked, consents: ConsentBook) -> Recalled:
    """What these people said up to that moment, looked up once, for asking about several purposes.

    Example:
        >>> from datetime import datetime, timezone
        >>> asked = Asked(np.array([b"0" * 32], dtype="S32"), datetime(2026, 1, 1, tzinfo=timezone.utc))
        >>> recall(asked, ConsentBook.empty()).asked is asked
        True
    """
    return Recalled(asked, consents)


def permit(
    asked: Asked,
    campaign: Campaign,
    consents: ConsentBook,
    law: Law | None = None,
    recalled: Recalled | None = None,
) -> Permitted:
    """Say for each person whether the campaign may address them, and whether with personal data.

    What people said, and what is known of them, become facts; the rules that are in force decide by these
    (`evenhand.rules`). Of all rules that apply to a person the strictest counts. Whoever is refused is refused on a
    direct channel and contextual on a surface; whoever merely opted out is contextual on both. Records later than
    ``asked.at`` do not exist yet. Withdrawing, refusing or revoking consent for a broader purpose ends the narrower one
    too. An opt-out signal holds, on every device, until the same signal leaves it open or the person takes an opt-out
    back (kind opt_out, OptOutWithdrawn) later. Global Privacy Control counts since it was heard first: what a browser
    goes on sending is no new word, so it does not end what the person chose since.

    A factor that somebody switched off changes no standing: it is named beside it, and gate 2 withholds it.

    Args:
        asked: n people and the moment.
        campaign: gives purpose, channel, legal basis, and which law holds.
        consents: what people said.
        law: the rules, and where each of these people is; None = as the campaign declares it for everybody.
        recalled: what `recall` gave for the same people and consents; None = it is looked up.

    Returns:
        Standing, reason and rule of each, in the order asked.

    Raises:
        UsageError: ``asked.at`` has no time zone; or `law` is missing, and the campaign has columns about it.

    Example:
        >>> from datetime import datetime, timezone
        >>> from types import SimpleNamespace
        >>> from evenhand.policy import Controller
        >>> from evenhand.terms import Category, Channel, LegalBasis, Reason, Surface
        >>> campaign = SimpleNamespace(purpose="DirectMarketing", channel=Channel.EMAIL, surface=Surface.OWN,
        ...     legal_basis=LegalBasis.CONSENT, category=Category.ORDINARY, balancing=None, consents=None, law=None,
        ...     controller=Controller(name="Shop", contact="a@b"), columns={}, names=lambda role: (),
        ...     listed_recipients={})
        >>> asked = Asked(np.array([b"0" * 32], dtype="S32"), datetime(2026, 1, 1, tzinfo=timezone.utc))
        >>> permitted = permit(asked, campaign, ConsentBook.empty())
        >>> Standing(permitted.standing[0]).name, Reason(permitted.reason[0]).name
        ('REFUSED', 'CONSENT_NEVER_ASKED')
    """
    people = len(asked)
    law = Law.declared(campaign) if law is None else law
    history = recall(asked, consents) if recalled is None or recalled.asked is not asked else recalled
    facts = {**_facts(history, campaign, consents, people), **law.known}
    compiled = law.compile(campaign, asked.at)
    rule = compiled.decide(facts, law.where, people)

    refused = Standing.REFUSED if campaign.channel.is_direct else Standing.CONTEXTUAL
    standing_of = {Effect.REFUSE: refused, Effect.CONTEXTUAL: Standing.CONTEXTUAL, Effect.ALLOW: Standing.PERSONALISED}
    standing = np.array([standing_of[effect] for effect in Effect], dtype=np.uint8)
    return Permitted(
        asked=asked,
        standing=standing[compiled.effect[rule]],
        reason=compiled.reason[rule],
        rule=None if campaign.law is None else rule,
        switched_off=history.switched_off(consents.purpose_terms),
    )


def _facts(history: Recalled, campaign: Campaign, consents: ConsentBook, people: int) -> dict[Fact, NDArray[np.uint8]]:
    """What people said, as codes of the facts that rules ask about: [people], or [] where nobody said anything."""
    purpose, above = campaign.purpose, {campaign.purpose, *ancestors(campaign.purpose)}
    objectionable = _covering(above, campaign, consents.purpose_terms)
    personal = objectionable | _named({"Personalisation"}, consents)
    everything = np.ones(len(consents.purpose_terms), dtype=np.bool_)
    exact, broader = _named({purpose}, consents)[:, np.newaxis], _named(above, consents)[:, np.newaxis]
    latest, decisive = history.consents(exact | (broader & _ENDED), _DECISIVE)
    opted_out, unclear = history.signalled(personal, _named({SAID_ONCE}, consents))
    signal = _are(unclear, people, _code(Fact.SIGNAL, "unclear"))
    if len(opted_out):
        signal = signal if signal.ndim else np.zeros(people, dtype=np.uint8)
        signal[opted_out] = _code(Fact.SIGNAL, "opted_out")
    return {
        Fact.OBJECTION: _are(history.standing(Kind.OBJECTION, objectionable), people),
        Fact.ERASED: _are(history.erased(exact & _GIVEN), people),
        Fact.RESTRICTION: _are(history.standing(Kind.RESTRICTION, objectionable), people),
        Fact.AGE: _say(history.ages(), _AGE, people),
        Fact.CONSENT: _say(latest, _CONSENT, people),
        Fact.LAST_WORD: _say(decisive, _LAST_WORD, people),
        Fact.EXPLICIT: _say(latest, _IS_EXPLICIT, people),
        Fact.BY_PARENT: _say(latest, _IS_BY_PARENT, people),
        Fact.OPT_OUT: _are(history.standing(Kind.OPT_OUT, personal), people),
        Fact.SIGNAL: signal,
        Fact.SALE_OPT_OUT: _are(history.standing(Kind.SALE, everything), people),
        Fact.LIMIT: _are(history.standing(Kind.LIMIT, everything), people),
        Fact.SALE_OPT_IN: _say(history.latest(Kind.OPT_IN), _OPT_IN, people),
    }


def _are(who: NDArray[np.intp], people: int, code: int = 1) -> NDArray[np.uint8]:
    """This code for these people, 0 for the others."""
    if not len(who):
        return _NOTHING
    out = np.zeros(people, dtype=np.uint8)
    out[who] = code
    return out


def _say(latest: Latest, codes: NDArray[np.uint8], people: int) -> NDArray[np.uint8]:
    """The code of what each person said, 0 for the others."""
    if not len(latest.who) or not (found := codes[latest.saying]).any():
        return _NOTHING
    out = np.zeros(people, dtype=np.uint8)
    out[latest.who] = found
    return out


def _named(terms: set[str], consents: ConsentBook) -> NDArray[np.bool_]:
    """Which of the book's purposes are among `terms`."""
    return np.array([term in terms for term in consents.purpose_terms], dtype=np.bool_)


def _covering(above: set[str], campaign: Campaign, named: tuple[str, ...]) -> NDArray[np.bool_]:
    """Objections and restrictions of which of the book's purposes reach this campaign: the purpose, all above it,
    direct marketing if that is what it is, and whatever we cannot place (closed when in doubt).
    """
    reach = set(above)
    if campaign.channel.is_direct or is_direct_marketing_kind(campaign.purpose):
        reach |= {"DirectMarketing", *ancestors("DirectMarketing")}
    return np.array([term in reach or not is_known(term) for term in named], dtype=np.bool_)
