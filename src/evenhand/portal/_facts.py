"""What the pages show about one person, as plain facts; whoever holds a ledger fills them in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from evenhand.explanation import Explanation
from evenhand.policy import Campaign
from evenhand.terms import Model

from ._otherwise import Otherwise

__all__ = ["Asked", "Choice", "Decided", "Effect", "Fairness", "Me", "Purpose", "Signal", "Switch", "Why"]


@dataclass(frozen=True, slots=True)
class Effect:
    """What came of a choice, counted in the ledger.

    Attributes:
        since: when the person chose.
        decisions: decisions about the person that were made for a later moment.
        against: how many of these used what the person had switched off.
    """

    since: datetime
    decisions: int
    against: int


@dataclass(frozen=True, slots=True)
class Switch:
    """Something that counts unless the person switches it off.

    Attributes:
        name: the column; "" of personalisation as a whole.
        meaning: what it is, in the reader's language.
        off: what came of switching it off; None while it is on.
    """

    name: str
    meaning: str
    off: Effect | None = None


@dataclass(frozen=True, slots=True)
class Fairness:
    """How evenly a campaign reached the groups of one limit.

    Attributes:
        groups: what is compared, in the reader's language.
        least: of the groups that are compared, rate of the one that got least over that of the one that got most; None
            where no two may be told.
        lower, upper: 95 % interval of that.
        bound: what was declared; None where the limit is no ratio.
        measured: the day.
        compared: how many groups are compared.
        left_out: how many are not: too small, or their numbers would tell those of a small one.
        has_unknown: of some people the group is not known; they are not compared.
        unknown: which share of all people that is; None where it may not be told, or there are none.
        unknown_rate, most: which share of them, and of the group that got most, got an offer; likewise.
    """

    groups: str
    least: float | None
    lower: float
    upper: float
    bound: float | None
    measured: date
    compared: int = 0
    left_out: int = 0
    has_unknown: bool = False
    unknown: float | None = None
    unknown_rate: float | None = None
    most: float | None = None


@dataclass(frozen=True, slots=True)
class Why:
    """One decision about the person, whole.

    Attributes:
        told: the decision, explained.
        campaign: as it was.
        model: as it was.
        switches: by column, every fact that counted and every fact that the person switched off before.
        without: by column, what would have been decided without it; a column is missing where that cannot be told.
        without_named: the same without all the facts that the first sentence names.
        personalisation: whether personal facts count at all, now.
        objection: what came of an objection to all advertising; None where there is none.
        fairness: of the campaign.
        learned_from: rows of history that taught the model.
        can_verify: whether there is a receipt already.
        gpc_means: what Global Privacy Control comes to for this person's campaigns, as `Signal.means`.
    """

    told: Explanation
    campaign: Campaign
    model: Model
    switches: Mapping[str, Switch]
    without: Mapping[str, Otherwise]
    without_named: Otherwise | None
    personalisation: Switch
    objection: Effect | None
    fairness: Sequence[Fairness]
    learned_from: int
    can_verify: bool
    gpc_means: str = ""


@dataclass(frozen=True, slots=True)
class Decided:
    """One line of what was decided about the person.

    Attributes:
        decision: its id.
        at: when.
        sender: who decided.
        offer: its text, or "" where there was none.
        kind: ``personal``, ``without`` (every fact was switched off), ``contextual``, ``chance`` or ``refused``.
        review: what a human made of it who looked again: ``kept`` or ``changed``; "" where nobody did.
        number: which one of all it is, from 1 for the first.
    """

    decision: str
    at: datetime
    sender: str
    offer: str
    kind: str
    review: str = ""
    number: int = 0


@dataclass(frozen=True, slots=True)
class Purpose:
    """A purpose for which decisions about the person were made.

    Attributes:
        term: the DPV term.
        words: in the reader's language.
        basis: what its use rests on, in the reader's language.
        asks: whether that is the person's consent.
        said: ``given``, ``refused``, ``withdrawn`` or ``unknown``, by what is known here; "" where it does not rest on
            consent.
        since: when they did.
        by: ``person``, ``browser``, ``staff`` or ``table``, whoever said it.
        off: what came of a no.
        last: what the last decision says that allowed or forbade it, in the reader's language.
        counts: whether anything allows the person's facts to count for it now.
    """

    term: str
    words: str
    basis: str
    asks: bool
    said: str
    since: datetime | None
    last: str
    by: str = "person"
    off: Effect | None = None
    counts: bool = True


@dataclass(frozen=True, slots=True)
class Signal:
    """What the person's browser or app says for them, and what it does here.

    Attributes:
        name: ``gpc``, ``tcf``, ``gpp`` or ``us_privacy``.
        since: when it was heard first in this form; None where that is now.
        means: what it comes to for the campaigns that decide about the person, of several the one that allows least:
            ``nothing``, ``open``, ``permits``, ``unusable``, ``unclear``, ``refuses`` or ``opts-out``.
        overruled: the person said otherwise themselves since, and that counts.
        off: what came of it, where it stops something.
        do: what says otherwise: ``personal-on``, ``give`` or ``withdraw``; "" where nothing here does.
        purpose: of a consent the DPV term.
    """

    name: str
    since: datetime | None
    means: str
    overruled: bool = False
    off: Effect | None = None
    do: str = ""
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of the history of choices.

    Attributes:
        at: when.
        key: what was chosen: ``factor-off``, ``factor-on``, ``personal-off``, ``personal-on``, ``object``,
            ``object-back``, ``given``, ``refused``, ``withdrawn``, ``signal``, ``signal-no`` or ``other``; those of
            everything (``personal-`` and ``object``) end in ``-of`` where one purpose is meant.
        about: the fact or purpose, in the reader's language; "" where there is none.
        by: ``person``, ``browser``, ``staff``, or ``table`` of what stands in a list of the organisation's own.
    """

    at: datetime
    key: str
    about: str
    by: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of the person.

    Attributes:
        number: how it is called.
        kind: what is asked: ``access``, ``erasure`` ...
        at: when.
        due: the day on which an answer must be there.
        state: where it stands: ``received``, ``answered`` ...
        is_late: whether it is open and its day is past.
    """

    number: str
    kind: str
    at: datetime
    due: date
    state: str
    is_late: bool


@dataclass(frozen=True, slots=True)
class Me:
    """The person's own page.

    Attributes:
        sender: the organisation.
        contact: where a human answers.
        decided: decisions, newest first: the last ones, or those before `skipped` of them.
        count: how many decisions there are in all.
        personalisation: whether personal facts count.
        objection: what came of an objection to all advertising; None where there is none.
        factors: every fact that campaigns may count.
        purposes: for which there were decisions.
        signals: what the person's browser or app says.
        choices: what the person chose, newest first.
        requests: what the person asked, newest first.
        browser_says_no: the browser sends Global Privacy Control with this very request.
        skipped: how many newer decisions are not shown.
    """

    sender: str
    contact: str
    decided: Sequence[Decided]
    count: int
    personalisation: Switch
    objection: Effect | None
    factors: Sequence[Switch]
    purposes: Sequence[Purpose]
    signals: Sequence[Signal] = field(default=())
    choices: Sequence[Choice] = field(default=())
    requests: Sequence[Asked] = field(default=())
    browser_says_no: bool = False
    skipped: int = 0

    @property
    def counts(self) -> bool:
        """Whether facts about the person count for any purpose now, as far as is known here."""
        return self.personalisation.off is None and (not self.purposes or any(one.counts for one in self.purposes))
