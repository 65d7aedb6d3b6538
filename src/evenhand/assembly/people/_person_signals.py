"""What browsers and apps say for one person, as their page shows it: since when, what it does, what overrules it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from evenhand.policy import Campaign, tcf_covers
from evenhand.portal import Effect, Signal, Trace, Word, effect_of, signals_out
from evenhand.rights import SIGNALS
from evenhand.terms import LegalBasis

from ._signal_means import GPC, GPC_ON, Means, means_of, strongest

__all__ = ["first_gpc", "heard_since", "said_by_tcf", "signals_of", "stops_at_gpc"]

_STOPS = (Means.UNCLEAR, Means.REFUSES, Means.OPTS_OUT)
_Now = Mapping[tuple[str, str], Word]


def signals_of(
    now: _Now,
    history: Sequence[Word],
    campaigns: Sequence[Campaign],
    traces: Sequence[Trace],
    *,
    browser_says_no: bool,
) -> list[Signal]:
    """Every signal that was heard.

    Args:
        now: the latest word of each kind about each thing.
        history: every word.
        campaigns: those that decide about the person.
        traces: what each decision used.
        browser_says_no: Global Privacy Control comes with this very request.
    """
    out = []
    if (gpc := _gpc(history, now, campaigns, traces, browser_says_no=browser_says_no)) is not None:
        out.append(gpc)
    for name in SIGNALS:
        word = now.get(("signal", name))
        if word is not None and name != GPC:
            out.append(_string(word, now, campaigns, traces))
    return out


def heard_since(now: _Now, campaigns: Sequence[Campaign]) -> datetime | None:
    """Since when an opt-out by a signal stands that stops something here; None where none does."""
    standing = [one for one in signals_out(dict(now)) if strongest(_means(one, campaigns).values()) in _STOPS]
    return min((one.at for one in standing), default=None)


def said_by_tcf(now: _Now, campaign: Campaign) -> tuple[str, datetime] | None:
    """What a TC string says of a campaign's purpose, and when it came: ``given`` or ``refused``."""
    word = now.get(("signal", "tcf"))
    if word is None:
        return None
    said = {Means.PERMITS: "given", Means.REFUSES: "refused"}.get(means_of("tcf", word.signal, campaign, word.at))
    return None if said is None else (said, word.at)


def first_gpc(history: Iterable[Word]) -> Word | None:
    """Global Privacy Control as it was heard first, here or in a table: it says one thing alone, so what comes later is
    no new word. Records of before it had a kind of its own are opt-outs by the browser."""
    heard = [
        one
        for one in history
        if (one.kind == "signal" and one.about == GPC)
        or (one.kind == "opt_out" and one.by == "browser" and one.status == "OptedOut")
    ]
    return min(heard, key=lambda one: one.at, default=None)


def stops_at_gpc(history: Sequence[Word], campaign: Campaign, at: datetime) -> bool:
    """Whether a browser that sends Global Privacy Control now stops what a campaign does with the person's data: where
    the campaign does what the signal is about, and the person has not said otherwise since it was heard first."""
    if means_of(GPC, GPC_ON, campaign, at) not in _STOPS:
        return False
    first = first_gpc(history)
    own = [one for one in history if one.kind == "opt_out"]
    last = max(own, key=lambda one: (one.at, one.status == "OptedOut"), default=None)
    return first is None or last is None or last.status != "OptOutWithdrawn" or last.at <= first.at


def _gpc(
    history: Sequence[Word], now: _Now, campaigns: Sequence[Campaign], traces: Sequence[Trace], *, browser_says_no: bool
) -> Signal | None:
    """Global Privacy Control stops what each campaign says that it does; as an opt-out of before, everything."""
    first = first_gpc(history)
    if first is None:
        return Signal(GPC, None, Means.OPTS_OUT.value) if browser_says_no else None
    by_campaign = _means(first, campaigns) if first.kind == "signal" else {}
    means = strongest(by_campaign.values()) if first.kind == "signal" else Means.OPTS_OUT
    own = [one for (kind, _), one in now.items() if kind == "opt_out" and one.by != "browser"]
    overruled = any(one.status == "OptOutWithdrawn" and one.at > first.at for one in own)
    stands = not overruled and means in _STOPS
    reached = [one for one in traces if not by_campaign or by_campaign.get(one.campaign) in _STOPS]
    off = effect_of("signal", "", first.at, reached) if stands else None
    return Signal(GPC, first.at, means.value, overruled, off, "personal-on" if stands else "")


def _string(word: Word, now: _Now, campaigns: Sequence[Campaign], traces: Iterable[Trace]) -> Signal:
    by_campaign = _means(word, campaigns)
    means = strongest(by_campaign.values())
    if word.about == "tcf":
        return _tcf(word, now, campaigns, by_campaign, means, traces)
    overruled = word.status == "SignalledNo" and word not in signals_out(dict(now))
    stops = means in _STOPS and not overruled
    off = _effect(word, by_campaign, traces) if stops else None
    return Signal(word.about, word.at, means.value, overruled, off, "personal-on" if stops else "")


def _tcf(
    word: Word,
    now: _Now,
    campaigns: Sequence[Campaign],
    by_campaign: Mapping[str, Means],
    means: Means,
    traces: Iterable[Trace],
) -> Signal:
    """A TC string gives or refuses consent; a later word about the same purpose overrules it."""
    purposes = dict.fromkeys(
        one.purpose for one in campaigns if one.legal_basis is LegalBasis.CONSENT and tcf_covers(one.purpose)
    )
    later = [one for term in purposes if (one := now.get(("consent", term))) is not None and one.at > word.at]
    overruled = bool(purposes) and len(later) == len(purposes)
    off = _effect(word, by_campaign, traces) if means is Means.REFUSES and not overruled else None
    does = {Means.REFUSES: "give", Means.PERMITS: "withdraw"}.get(means, "")
    do = does if len(purposes) == 1 and not overruled else ""
    return Signal("tcf", word.at, means.value, overruled, off, do, next(iter(purposes), "") if do else "")


def _means(word: Word, campaigns: Sequence[Campaign]) -> dict[str, Means]:
    return {one.campaign: means_of(word.about, word.signal, one, word.at) for one in campaigns}


def _effect(word: Word, by_campaign: Mapping[str, Means], traces: Iterable[Trace]) -> Effect:
    """Over the campaigns that the signal reaches."""
    reached = [one for one in traces if by_campaign.get(one.campaign) in _STOPS]
    return effect_of("signal", "", word.at, reached)
