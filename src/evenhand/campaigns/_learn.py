"""Before the road: from permitted history to the view and the glass box."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evenhand.features import encode, learn_view
from evenhand.permission import ConsentBook, permit
from evenhand.policy import Campaign
from evenhand.rules import Effect, Law, Rule, cited_rule
from evenhand.scoring import CONTROL, Assignment, drawn, fit
from evenhand.scoring import History as CodedHistory
from evenhand.terms import Asked, DataError, FeatureView, Model, Permitted, Reason, Role, Standing, Target

from ._history import History, held_out_rows, offer_indices

__all__ = ["Lesson", "learn", "lesson_of", "look_at_draw", "teachable"]

_SHOWN = 3
"""Rules that are named at most, where none of a history may be used."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """The rows that may teach, as bin codes. Row r of every array is history row ``rows[r]``.

    Attributes:
        rows: intp[r], positions in the history.
        view: the bins, learned from the training rows alone.
        codes: one uint8[r] per term.
        offer: intp[r], index of the offer shown; -1 for one that this campaign does not have; `scoring.CONTROL` where
            nothing was shown, in a lesson on increments.
        outcome: uint8[r].
        held_out: bool[r], kept for evaluation.
        person: intp[r], equal where rows are of the same person.
        not_permitted: history rows of people whose data may not be used for this purpose now (RULES G-21b).
        other_offers: permitted rows of offers that this campaign does not have: they teach only what offers have
            in common, and nothing of what an offer changes. In a lesson on responses also the rows of the control,
            which are left out.
        sides: int64[offers + 1, 2], people with rows of each offer and, last, of the control: those whose data may be
            used for this purpose, and the others; not counted (0) in a lesson on responses.
        period: uint8[r], in which tenth of the history's order the row stands, from 1; None where it has no
            order, and in a lesson on responses.
    """

    rows: NDArray[np.intp]
    view: FeatureView
    codes: tuple[NDArray[np.uint8], ...]
    offer: NDArray[np.intp]
    outcome: NDArray[np.uint8]
    held_out: NDArray[np.bool_]
    person: NDArray[np.intp]
    not_permitted: int
    other_offers: int
    sides: NDArray[np.int64]
    period: NDArray[np.uint8] | None = None


def teachable(
    campaign: Campaign,
    subjects: NDArray[np.bytes_],
    consents: ConsentBook,
    asked: Asked,
    law: Law | None = None,
    rows: NDArray[np.intp] | None = None,
) -> NDArray[np.bool_]:
    """Which history rows belong to people whose data may be used for this purpose, as of ``asked.at``.

    A person who objected, withdrew or opted out is not in the next training set (RULES G-21b, G-7). Nor is one who
    switched off a feature of this campaign: a row teaches by all its features together or not at all.

    Args:
        campaign: what is declared.
        subjects: pseudonym of the person in each row; people may recur.
        consents: what people said.
        asked: the moment, and the people who are decided about.
        law: which rules hold for these people; None = as declared for everybody.
        rows: with it, the row of each history row's person among them; -1 = it is not known where they are.

    Raises:
        DataError: nobody's data may be used; it names the rules that most of the rows were refused by.
    """
    people, first, inverse = np.unique(subjects, return_index=True, return_inverse=True)
    own = law if law is None or rows is None else law.rows(rows[first])
    permitted = permit(Asked(people, asked.at), campaign, consents, own)
    may = np.asarray(permitted.standing == Standing.PERSONALISED)
    for name in campaign.names(Role.FEATURE):
        if name in permitted.switched_off:
            may &= ~permitted.switched_off[name]
    if len(may) and not may.any():
        raise _refused(campaign, law or Law.declared(campaign), permitted, inverse)
    return np.asarray(may[inverse])


def _refused(campaign: Campaign, law: Law, permitted: Permitted, inverse: NDArray[np.intp]) -> DataError:
    """Why no row of a history may teach: the rules that refused most of them, each of them at least a tenth."""
    rule = permitted.rule if permitted.rule is not None else np.full(len(permitted.reason), -1)
    found = Counter(zip(permitted.reason[inverse].tolist(), rule[inverse].tolist(), strict=True))
    cited: dict[str, Rule] = {}
    asks_consent = False
    for (code, place), count in found.most_common(_SHOWN):
        reason = Reason(code)
        one = cited_rule(law.rulebook, campaign, at=permitted.asked.at, place=place, reason=reason)
        if one is not None and one.rule.effect is not Effect.ALLOW and count >= len(inverse) / 10:
            cited[one.rule.id] = one.rule
            asks_consent |= reason is Reason.CONSENT_NEVER_ASKED
    remedies = list(dict.fromkeys(rule.remedy.en for rule in cited.values()))
    if asks_consent or not remedies:
        remedies.append("Check that the consents name the same subjects and exactly this purpose.")
    why = "; ".join(f"{rule.id} ({rule.article}): {rule.says.en.rstrip('.')}" for rule in cited.values())
    return DataError(
        "history-not-permitted",
        f"Of {len(inverse)} history rows none may be used for {campaign.purpose}"
        + (f", most of them by {why}." if why else "."),
        rule=", ".join(cited) or "G-6: a legal basis per purpose before processing",
        remedy=" ".join(remedies),
    )


def lesson_of(campaign: Campaign, history: History, allowed: NDArray[np.bool_]) -> Lesson:
    """Turn the rows of `history` that are `allowed` into bin codes; bins are learned from the training rows alone.

    Raises:
        DataError: nothing may be used, or nothing is left to train on.
    """
    offer = offer_indices(campaign, history)
    apart = offer == (-1 if campaign.model.target is Target.INCREMENT else CONTROL)
    used = allowed & ~apart
    if not (used & (offer >= 0)).any():
        raise DataError(
            "history-not-permitted",
            f"Of {len(history)} history rows none may be used for {campaign.purpose}.",
            rule="G-6: a legal basis per purpose before processing",
            remedy="check that the consents name the same subjects and exactly this purpose",
        )
    held_out = held_out_rows(campaign, history)[used]
    if held_out.all():
        raise DataError(
            "history-nothing-to-train",
            "Every usable history row is held out for evaluation; nothing is left to train on.",
            rule="history.train_before or history.hold_out leaves rows on both sides",
            remedy="choose a later history.train_before or a smaller history.hold_out",
        )
    raw = {name: history.columns.read(name, used) for name in campaign.names(Role.FEATURE)}
    person = np.unique(history.subjects[used], return_inverse=True)[1]
    view = learn_view(campaign, {name: values[~held_out] for name, values in raw.items()}, person[~held_out])
    return Lesson(
        rows=np.flatnonzero(used),
        view=view,
        codes=tuple(encode(binning, raw[binning.name]) for binning in view.binnings),
        offer=offer[used],
        outcome=history.outcome[used],
        held_out=held_out,
        person=person,
        not_permitted=int((~allowed).sum()),
        other_offers=int((allowed & (apart | (offer == -1))).sum()),
        sides=_sides(campaign, history, offer, allowed),
        period=_tenths(campaign, history.order, used),
    )


def _tenths(campaign: Campaign, order: NDArray[np.float64] | None, used: NDArray[np.bool_]) -> NDArray[np.uint8] | None:
    """See `Lesson.period`; rows of the same moment are in the same one."""
    if order is None or campaign.model.target is not Target.INCREMENT:
        return None
    cuts = np.unique(np.quantile(order[used], np.arange(1, 10) / 10, method="lower"))
    return np.asarray(1 + np.searchsorted(cuts, order[used], side="left"), np.uint8)


def _sides(
    campaign: Campaign, history: History, offer: NDArray[np.intp], allowed: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """See `Lesson.sides`."""
    if campaign.model.target is not Target.INCREMENT:
        return np.zeros((len(campaign.offers) + 1, 2), np.int64)
    sides = [*range(len(campaign.offers)), CONTROL]
    return np.array(
        [[len(np.unique(history.subjects[(offer == side) & used])) for used in (allowed, ~allowed)] for side in sides],
        np.int64,
    )


def learn(campaign: Campaign, lesson: Lesson) -> Model:
    """Fit the glass box.

    Raises:
        DataError: the outcome never varies among the training rows; or what offers change is asked for, and the
            history cannot tell it; see `look_at_draw`.
    """
    if campaign.model.target is Target.INCREMENT:
        look_at_draw(campaign, lesson)
    return fit(campaign, lesson.view, lesson.codes, lesson.offer, lesson.outcome, lesson.held_out, lesson.person)


def look_at_draw(campaign: Campaign, lesson: Lesson) -> dict[str, Assignment]:
    """Per offer, how far features and time tell who was shown it: everybody is taken to have had the same chance.

    Raises:
        DataError: see `scoring.drawn`.
    """
    names = [binning.name for binning in lesson.view.binnings]
    codes = lesson.codes
    if lesson.period is not None:
        names.append(campaign.history.order or "")
        codes = (*codes, lesson.period)
    history = CodedHistory.known(codes, lesson.offer, lesson.outcome, lesson.held_out, lesson.person)
    return drawn(campaign, names, history)
