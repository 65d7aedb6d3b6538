"""The campaign file as types. One definition gives the validation and the published JSON Schema.

Every field carries its description, because the schema is what an editor shows while the file is written.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from evenhand.terms import Category, Channel, LegalBasis, Measure, Origin, Role, Sensitivity, Surface, Target

from ._declared import MICRO, Declared, Identifier, Money, Period, Table, Text
from ._exploration_clause import Exploration
from ._law_clause import Balancing, EvidenceClause, FactSource, LawClause, Notice
from ._monitor_clause import MonitorClause
from ._parties import Controller, Retention
from ._processing_clause import ProcessingClause, Recipient
from ._review_clause import ReviewClause
from ._signals_clause import SignalsClause

__all__ = [
    "MICRO",
    "Balancing",
    "Campaign",
    "Column",
    "ConsentSource",
    "Contacts",
    "Controller",
    "DisparityLimit",
    "EvidenceClause",
    "Exploration",
    "FactSource",
    "Frequency",
    "HistorySource",
    "LawClause",
    "Limits",
    "ModelChoice",
    "MonitorClause",
    "Notice",
    "Offer",
    "ProcessingClause",
    "Recipient",
    "Retention",
    "ReviewClause",
    "SignalsClause",
    "Span",
    "Table",
    "Text",
]


class HistorySource(Table):
    """What happened before: one row per offer that was shown to a subject, or per subject who was shown nothing."""

    later: ClassVar[frozenset[str]] = frozenset({"control", "randomised"})

    offer: str | None = Field(None, description="Column that names the offer shown; needed with several offers.")
    control: str | None = Field(
        None,
        min_length=1,
        description="Value of the `offer` column in the rows of people who were shown nothing, to compare with. "
        "These rows teach only what an offer changes; a model of responses leaves them out.",
    )
    randomised: bool = Field(
        False,
        description="True declares that chance alone decided who was shown which offer and who was shown nothing; "
        "needed for target increment. The columns are looked at, but cannot prove it.",
    )
    order: str | None = Field(
        None,
        description="Column (number or date) by which the last part is held out for "
        "evaluation; without it rows are held out by a seeded draw.",
    )
    hold_out: float | None = Field(0.25, gt=0, lt=0.9, description="Share of the history kept for evaluation.")
    train_before: int | float | str | None = Field(
        None, description="Rows whose `order` is below this train, the others evaluate; overrides hold_out."
    )


class ConsentSource(Table):
    """Consent, objection, opt-out and minor records: columns subject, kind, purpose, status, at."""

    later: ClassVar[frozenset[str]] = frozenset({"signals", "evidence", "notices", "exact_ids"})

    signals: SignalsClause | None = Field(
        None, description="Signals of browsers and apps that stand in further columns of this table."
    )
    evidence: EvidenceClause | None = Field(
        None, description="How each consent was given, in further columns; then a consent without it does not count."
    )
    notices: tuple[Notice, ...] = Field(
        (), description="The versions of the notice by which people were asked, and until when each counts."
    )
    exact_ids: bool = Field(
        False, description="Ids that differ only in capitals, leading zeros or a final .0 are different people's."
    )


class Span(Declared):
    """Values from one to another, both included."""

    at_least: float | None = Field(None, allow_inf_nan=False, description="The lowest value; none = no lowest.")
    at_most: float | None = Field(None, allow_inf_nan=False, description="The highest value; none = no highest.")


Cut = Literal["quarters", "quintiles", "deciles"] | Annotated[int, Field(ge=2, le=10)] | tuple[float, ...]


class Column(Declared):
    """What one column may be used for."""

    later: ClassVar[frozenset[str]] = frozenset({"about", "cut", "kept_in", "sensitivity"})
    role: Role = Field(
        description="feature, sensitive, identifier, outcome, eligibility, cost, permission or forbidden."
    )
    origin: Origin = Field(Origin.OBSERVED, description="given by the person, observed, or inferred.")
    meaning: Text | None = Field(None, description="What it means, for the person; required for a feature.")
    confirmed: bool = Field(True, description="False while a person has not confirmed a drafted role: not used.")
    kind: Literal["number", "category"] | None = Field(
        None, description="How to bin it; guessed from the data if left out."
    )
    cut: Cut | None = Field(
        None,
        description="Of a sensitive number: the groups that it is cut into. quarters, quintiles, deciles or a number: "
        "so many parts of equal size; a list: the values at which a group begins. None: quarters, or age bands.",
    )
    kept_in: Literal["table", "vault"] = Field(
        "table", description="Where a sensitive column stands: in the subjects table, or in the home's vault."
    )
    per_offer: bool = Field(
        False, description="Each offer has its own column NAME@OFFER among the subjects; history has one column NAME."
    )
    about: Literal["person", "offer"] = Field(
        "person", description="offer: a feature of the offer, the same for everybody; told as that, without a switch."
    )
    special_category: bool = Field(
        False, description="Reveals health, belief, ethnicity ... (GDPR 9): never a feature."
    )
    sensitivity: Sensitivity | None = Field(
        None,
        description="How sensitive a feature is; with law each says so. special and inferred count only for people who "
        "consented explicitly, criminal and vulnerability for nobody.",
    )
    actionable: bool = Field(True, description="Whether a person could change it (for 'what would have changed this').")
    change_only: Literal["up", "down"] | None = Field(
        None, description="A person could change this number only upwards, or only downwards; none = both ways."
    )
    change_within: Span | None = Field(
        None, description="Values of this number that a person could reach; 'what would have changed this' stays there."
    )


class Offer(Declared):
    """A thing that can be shown."""

    later: ClassVar[frozenset[str]] = frozenset({"minimum", "eligible", "cost_column"})
    id: Identifier = Field(description="Short id of the offer, as history and results name it.")
    text: Text = Field(description="What the person sees.")
    value: Money = Field(ge=0, le=1_000_000, description="Money gained when the subject responds, in `currency`.")
    cost: Money = Field(
        Decimal(0), ge=0, le=1_000_000, description="Money spent on showing it once, in `currency`; part of the budget."
    )
    cost_column: str | None = Field(
        None,
        description="Column (role: cost) that says what showing this offer to the person costs, where that differs; "
        "`cost` counts where it is empty, and for people whose data may not be used.",
    )
    capacity: int | None = Field(None, ge=0, description="At most this many people; none = no bound.")
    minimum: int | None = Field(
        None, ge=0, description="At least this many people, even where that costs value; none = no bound."
    )
    eligible: str | None = Field(
        None,
        description="Column (role: eligibility) that says yes or no per person: without a yes this offer is not given. "
        "It is read only of people whose data may be used.",
    )
    made_by_ai: bool = Field(description="Whether AI made (part of) the text or picture; people are told (RULES A-50).")

    @property
    def value_micro(self) -> int:
        """`value` in micro-units of the currency."""
        return int(self.value * MICRO)

    @property
    def cost_micro(self) -> int:
        """`cost` in micro-units of the currency."""
        return int(self.cost * MICRO)


class Frequency(Declared):
    """How many offers one person may get in a period, over runs."""

    offers: int = Field(ge=1, le=1000, description="At most this many offers for one person.")
    within: Period = Field(
        description="In any period of this length: days of 24 hours (P1D, P30D) or weeks (P4W). Every decision with an "
        "offer that the home's ledger has within it counts."
    )
    of: Literal["controller", "campaign"] = Field(
        "controller",
        description="controller: the offers of all campaigns of this controller count, by its name. campaign: of this "
        "campaign alone.",
    )

    @property
    def span(self) -> timedelta:
        """`within` as a length of time."""
        return timedelta(days=int(self.within[1:-1]) * (7 if self.within.endswith("W") else 1))


class Contacts(Declared):
    """How often people may be contacted, and with how much."""

    later: ClassVar[frozenset[str]] = frozenset({"offers_each", "each"})
    total: int | None = Field(None, ge=0, description="At most this many people get an offer in this run.")
    offers_each: int = Field(
        1, ge=1, le=20, description="At most this many different offers for one person, in one contact."
    )
    each: tuple[Frequency, ...] = Field(
        (), description="How many offers one person may get over time, this run's among them; all of these hold."
    )


class DisparityLimit(Declared):
    """A bound on the difference between groups in who gets an offer."""

    later: ClassVar[frozenset[str]] = frozenset({"per", "offers", "ceiling"})
    id: Identifier = Field(description="Short id of the limit, as the report names it.")
    groups: tuple[str, ...] = Field(min_length=1, description="Sensitive columns to compare.")
    intersections: bool = Field(
        False, description="Compare every combination of the columns; otherwise each column by itself."
    )
    measure: Measure = Field(Measure.SELECTION_RATE_RATIO, description="Which rate of groups is compared, and how.")
    bound: float = Field(ge=0, le=1, description="Ratio: at least this (0.8 = four fifths). Difference: at most this.")
    mode: Literal["blind", "aware"] = Field(
        "blind",
        description="blind: decisions never see a group, only features. "
        "aware: the solver may use group membership; needs `necessity`.",
    )
    necessity: str | None = Field(
        None, description="Why group membership is strictly necessary (RULES A-4a); required for mode aware."
    )
    minimum_size: int = Field(30, ge=10, description="Smaller groups are shown but not judged.")
    include_unknown: bool = Field(False, description="Also hold people whose group is unknown to the limit.")
    ceiling: float | None = Field(
        None,
        ge=0,
        lt=1,
        description="Makes the limit soft: it is kept as far as it costs at most this share of the value (0.02 = 2 %). "
        "None: the limit is hard, kept whatever it costs.",
    )
    per: Literal["campaign", "offer"] = Field(
        "campaign", description="campaign: who gets any of the offers is compared. offer: each offer by itself."
    )
    offers: tuple[Identifier, ...] = Field(
        (),
        description="Ids of the offers that count, where not all do; several: getting any of them, unless per: offer.",
    )


class Limits(Declared):
    """Bounds that act through prices."""

    budget: Money | None = Field(None, ge=0, description="At most this much, in `currency`, for showing offers.")
    contacts: Contacts = Field(Contacts(), description="How often people may be contacted.")
    disparity: tuple[DisparityLimit, ...] = Field((), description="Bounds on the difference between groups.")


class ModelChoice(Declared):
    """What is learned, and how."""

    later: ClassVar[frozenset[str]] = frozenset({"target"})

    target: Target = Field(
        Target.RESPONSE,
        description="response: how likely people respond to an offer. increment: what showing it changes in that, "
        "learned from people drawn by lot; needs history.control and history.randomised.",
    )
    kind: Literal["per_offer", "pooled"] = Field(
        "per_offer", description="One model per offer, or one for all offers together with the offer as a term."
    )
    max_bins: int = Field(64, ge=2, le=200, description="At most this many bins per number.")
    minimum_bin: int = Field(20, ge=10, description="At least this many people in a bin.")
    pairs: int = Field(
        0, ge=0, le=20, description="At most this many pairs of features with a joint effect, per fit; 0 = none."
    )


class Campaign(Declared):
    """One campaign, as an organisation declares it."""

    later: ClassVar[frozenset[str]] = frozenset({"exploration", "law", "monitor", "paid_by", "processing", "review"})

    evenhand: Literal[1] = Field(description="Version of this file format.")
    campaign: Identifier = Field(description="Id of the campaign.")
    controller: Controller = Field(description="Who decides why the data is used.")
    paid_by: str | None = Field(
        None,
        min_length=1,
        max_length=100,
        description="Who pays for the advertising, where that is somebody else than the controller (DSA 26(1)(c)); "
        "people see both. None = the controller itself pays.",
    )
    purpose: str = Field(description="Why the data is used: a DPV term below Marketing, e.g. PersonalisedAdvertising.")
    category: Category = Field(description="What it is about. It has no default: unanswered cannot run.")
    channel: Channel = Field(description="How the offer reaches people.")
    surface: Surface = Field(Surface.OWN, description="own place or an online platform.")
    legal_basis: LegalBasis = Field(LegalBasis.CONSENT, description="GDPR 6(1) basis.")
    balancing: Balancing | None = Field(None, description="Required for legitimate_interest.")
    law: LawClause | None = Field(
        None, description="Which rules hold for whom; none = those of the EU for everybody, with nothing more asked."
    )
    currency: str = Field("EUR", pattern=r"^[A-Z]{3}$", description="ISO 4217 code of all money, in the tables too.")
    subjects: Table = Field(description="The people to decide about: one row each.")
    history: HistorySource = Field(description="What past offers led to.")
    consents: ConsentSource | None = Field(
        None, description="Required for legal basis consent. Objections and opt-outs stand here too, on any basis."
    )
    columns: dict[str, Column] = Field(description="Every column that may be read; a column not named is forbidden.")
    offers: tuple[Offer, ...] = Field(min_length=1, description="What can be shown.")
    limits: Limits = Field(Limits(), description="Bounds on spend, contact and difference between groups.")
    monitor: tuple[MonitorClause, ...] = Field(
        (), description="What is watched all the time, and what follows where a difference shows."
    )
    model: ModelChoice = Field(ModelChoice(), description="What is learned, and how.")
    exploration: Exploration | None = Field(
        None, description="Decide by lot about a few, to learn from; none = the model decides about everybody."
    )
    retention: Retention = Field(description="How long what is kept.")
    processing: ProcessingClause | None = Field(
        None, description="For the record of processing (GDPR 30), consent records and letters."
    )
    review: ReviewClause | None = Field(
        None, description="Whose approval of this very file a start needs; none = none."
    )
    seed: int = Field(0, ge=0, description="Draws (ties, hold-out) come from this number.")

    def names(self, role: Role) -> tuple[str, ...]:
        """Columns with a role that a person has confirmed, in file order; an unconfirmed one counts as forbidden."""
        return tuple(name for name, column in self.columns.items() if column.confirmed and column.role is role)

    @property
    def payer(self) -> str:
        """Who pays, where that is somebody else than the controller; "" where it is the controller."""
        payer = (self.paid_by or "").strip()
        return "" if payer.casefold() == self.controller.name.strip().casefold() else payer

    @property
    def aware_limits(self) -> tuple[str, ...]:
        """Ids of the disparity limits by which group membership itself has a part in a price (RULES A-4a)."""
        return tuple(limit.id for limit in self.limits.disparity if limit.mode == "aware")

    @property
    def offers_each(self) -> int:
        """How many different offers one person may get."""
        return min(self.limits.contacts.offers_each, len(self.offers))

    @property
    def is_each_by_itself(self) -> bool:
        """Whether a decision is one offer against every other one, by prices that are the same for all in a cell: what
        would have changed it, and what later people get, is worked out only then."""
        return self.offers_each == 1 and not self.own_costs

    @property
    def costs(self) -> tuple[tuple[str | None, int], ...] | None:
        """Of each offer the column of its costs and the declared one in micro-money; None where no cost is a column."""
        return tuple((offer.cost_column, offer.cost_micro) for offer in self.offers) if self.own_costs else None

    @property
    def listed_recipients(self) -> dict[str, tuple[str | int, ...]]:
        """Ids of recipients that rules look at, and where each is declared: under processing, or in the old place."""
        old = () if self.law is None else self.law.recipients
        own = () if self.processing is None else self.processing.recipients
        found: dict[str, tuple[str | int, ...]] = {id: ("law", "recipients", at) for at, id in enumerate(old)}
        found |= {one.id: ("processing", "recipients", at) for at, one in enumerate(own) if one.id is not None}
        return found

    @property
    def own_costs(self) -> dict[int, str]:
        """The column that says what an offer costs with each person, by index of the offer, where that differs."""
        return {index: offer.cost_column for index, offer in enumerate(self.offers) if offer.cost_column is not None}

    @property
    def conditions(self) -> dict[int, str]:
        """The column that must say yes, by index of the offer, for offers that not everybody may get."""
        return {index: offer.eligible for index, offer in enumerate(self.offers) if offer.eligible is not None}

    @property
    def identifier(self) -> str:
        """The column that tells subjects apart (validation makes sure that there is exactly one)."""
        return self.names(Role.IDENTIFIER)[0]

    @property
    def outcome(self) -> str:
        """The history column to predict: 1/0, true/false or yes/no (validation: exactly one)."""
        return self.names(Role.OUTCOME)[0]
