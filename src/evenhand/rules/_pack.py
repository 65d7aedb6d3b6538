"""A rule pack as types: one definition gives the validation and the published JSON Schema."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import StrEnum, unique
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from evenhand.policy import Text
from evenhand.terms import Reason, Use

from ._facts import FACTS, Fact

__all__ = [
    "ANYWHERE",
    "UNKNOWN",
    "Applies",
    "Case",
    "Conditions",
    "Effect",
    "Listed",
    "Pack",
    "Recipient",
    "Rule",
    "Stage",
    "moment_of",
]

ANYWHERE = "anywhere"
"""Of a rule: it applies to everybody."""
UNKNOWN = "unknown"
"""Of a rule: it applies to people of whom it is not known where they are."""

_PLACE = r"^([A-Z]{2}(-[A-Z0-9]{1,3})?|[A-Z]{3}[A-Z0-9]{0,9}|anywhere|unknown)$"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_CODE_OF = {reason.key: reason for reason in Reason}


@unique
class Effect(StrEnum):
    """What follows where a rule applies, strictest first. Of several rules the strictest counts."""

    REFUSE = "refuse"
    """No personal data is used; on a direct channel the person is not addressed at all."""
    CONTEXTUAL = "contextual"
    """The person is addressed, and no personal data is used."""
    ALLOW = "allow"
    """Personal data may be used for the purpose."""


@unique
class Stage(StrEnum):
    """In which order reasons are named where several rules of one strictness apply."""

    WISH = "wish"
    PERSON = "person"
    BASIS = "basis"
    DATA = "data"
    RECIPIENTS = "recipients"
    CHANNEL = "channel"
    OPT_OUT = "opt_out"
    OWN = "own"


def _texts(value: object) -> object:
    """A single word stands for a list of one; some readers of YAML make dates and numbers of words."""
    if isinstance(value, (str, bool, int)):
        value = [value]
    return (
        [str(item) if isinstance(item, int) and not isinstance(item, bool) else item for item in value]
        if (isinstance(value, (list, tuple)))
        else value
    )


def _moment_text(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


def moment_of(text: str) -> datetime:
    """The moment that a date, or a date with time and zone, names; a date alone begins at midnight UTC.

    Example:
        >>> moment_of("2026-07-01T00:00:00+02:00").isoformat()
        '2026-06-30T22:00:00+00:00'
    """
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        if not _DAY.fullmatch(text):
            raise ValueError("a time of day needs a zone, such as +02:00 or Z")
        at = at.replace(tzinfo=UTC)
    return at.astimezone(UTC)


Moment = Annotated[str, BeforeValidator(_moment_text)]
Place = Annotated[str, Field(pattern=_PLACE)]
Values = Annotated[tuple[str, ...], BeforeValidator(_texts)]
Conditions = Mapping[Fact, Values]


class _Declared(BaseModel):
    """Frozen, and no key that is not declared."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Applies(_Declared):
    """Whose rule it is: of people who are somewhere, or of organisations that are; one of the two is enough."""

    people: tuple[Place, ...] = Field((), description="Places of people, such as EU, NL, US-CA; anywhere; unknown.")
    controllers: tuple[Place, ...] = Field((), description="Countries of the organisation; then for all its people.")
    people_not: tuple[Place, ...] = Field((), description="Places of people for whom another rule stands instead.")


class Case(_Declared):
    """One made-up case with what the rule says to it: the rule's own test."""

    at: Moment = Field(description="The moment of the decision.")
    place: str = Field(pattern=_PLACE, description="Where the person is.")
    controller: str = Field("NL", pattern=r"^[A-Z]{2}$", description="Where the organisation is.")
    facts: Conditions = Field({}, description="What is so; facts that are not named are plain.")
    applies: bool = Field(description="Whether the rule applies.")

    @field_validator("at")
    @classmethod
    def _is_a_moment(cls, value: str) -> str:
        moment_of(value)
        return value

    @model_validator(mode="after")
    def _are_values(self) -> Case:
        _known(self.facts)
        return self


class Rule(_Declared):
    """One rule: when it holds, what follows, and how that is told."""

    id: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9./_-]{0,63}$", description="Its id; it never changes what it is about."
    )
    article: str = Field(min_length=1, description="Where it is written.")
    known_from: Literal["text", "summary", "memory", "house"] = Field(
        description="What its writer had seen: the text of the law, a summary, neither; house: no law, our own."
    )
    stage: Stage = Field(description="Where it stands among rules of the same strictness.")
    applies: Applies = Field(description="Whose rule it is.")
    since: Moment | None = Field(None, description="First moment at which it applies; none = always did.")
    until: Moment | None = Field(None, description="First moment at which it no longer applies; none = no end known.")
    when: Conditions = Field({}, description="It holds where each of these facts has one of its values.")
    unless: tuple[Conditions, ...] = Field((), description="It does not hold where all of any of these are so.")
    effect: Effect = Field(description="What follows: refuse, contextual or allow.")
    reason: str = Field(description="The reason that is recorded, by its key.")
    waivable: bool = Field(False, description="Explicit consent of the person lifts it.")
    says: Text = Field(description="What it says, for everybody.")
    remedy: Text = Field(description="What can be done about it, and by whom.")
    cases: tuple[Case, ...] = Field(
        (), description="Its tests: at least one that it applies to and one that it does not."
    )

    @property
    def code(self) -> Reason:
        """The reason as it is recorded."""
        return _CODE_OF[self.reason]

    @property
    def begins(self) -> datetime | None:
        """First moment at which it applies; None = always did."""
        return None if self.since is None else moment_of(self.since)

    @property
    def ends(self) -> datetime | None:
        """First moment at which it no longer applies; None = no end known."""
        return None if self.until is None else moment_of(self.until)

    def is_in_force(self, at: datetime) -> bool:
        """Whether it applies at a moment at all."""
        return (self.begins is None or self.begins <= at) and (self.ends is None or at < self.ends)

    @model_validator(mode="after")
    def _fits_together(self) -> Rule:
        for text in (self.since, self.until):
            if text is not None:
                moment_of(text)
        if self.since and self.until and moment_of(self.since) >= moment_of(self.until):
            raise ValueError(f"rule {self.id} ends before it begins")
        for conditions in (self.when, *self.unless):
            _known(conditions)
        if any(not conditions for conditions in self.unless):
            raise ValueError(f"rule {self.id} has an exception without a condition: it would never hold")
        if self.reason not in _CODE_OF:
            raise ValueError(f"rule {self.id} names a reason that does not exist")
        if (self.effect is Effect.ALLOW) != (self.code < Reason.DIRECT_MARKETING_OBJECTION):
            raise ValueError(f"rule {self.id} has a reason that does not fit its effect")
        if self.code >= Reason.SELECTED:
            raise ValueError(f"rule {self.id} has a reason that is no permission")
        if self.waivable and self.effect is Effect.ALLOW:
            raise ValueError(f"rule {self.id} allows, so there is nothing to lift")
        if not (self.applies.people or self.applies.controllers):
            raise ValueError(f"rule {self.id} applies to nobody")
        return self


class Listed(_Declared):
    """A country to which personal data may go as if it stayed."""

    place: str = Field(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$", description="ISO 3166 code.")
    since: Moment | None = Field(None, description="First moment; none = always.")
    until: Moment | None = Field(None, description="First moment at which it is no longer listed.")
    note: str = Field("", description="What it rests on.")

    @model_validator(mode="after")
    def _are_moments(self) -> Listed:
        for text in (self.since, self.until):
            if text is not None:
                moment_of(text)
        return self

    def holds(self, at: datetime) -> bool:
        """Whether the country is listed at a moment."""
        return (self.since is None or moment_of(self.since) <= at) and (
            self.until is None or at < moment_of(self.until)
        )


class Recipient(_Declared):
    """Somebody who may get personal data of this organisation (GDPR 26, 28, 30)."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$", description="Short id, as campaigns name it.")
    name: str = Field(min_length=1, description="Name that people know it by.")
    role: Literal["processor", "joint_controller", "controller"] = Field(description="What it is to the organisation.")
    country: str = Field(pattern=r"^[A-Z]{2}$", description="Where it has the data.")
    contract: str = Field(min_length=1, description="Id of the contract.")
    until: Moment | None = Field(None, description="First moment at which the contract no longer runs.")
    safeguards: str | None = Field(None, min_length=1, description="What secures a transfer: clauses, rules, their id.")
    uses: tuple[Use, ...] = Field((), description="What it does with the data in the words of United States law.")

    @model_validator(mode="after")
    def _is_a_moment(self) -> Recipient:
        if self.until is not None:
            moment_of(self.until)
        return self

    def runs(self, at: datetime) -> bool:
        """Whether the contract runs at a moment."""
        return self.until is None or at < moment_of(self.until)


class Pack(_Declared):
    """A set of rules that belong together, with a version."""

    evenhand_rules: Literal[1] = Field(description="Version of this file format.")
    pack: str = Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$", description="Id of the pack.")
    version: str = Field(min_length=1, max_length=40, description="Its version; another text is another version.")
    title: Text = Field(description="What it holds, in a few words.")
    places: Mapping[str, tuple[str, ...]] = Field({}, description="Names of several places together, such as EU.")
    covers: tuple[str, ...] = Field((), description="Places whose own rules the packs hold; elsewhere is unknown.")
    adequate: tuple[Listed, ...] = Field((), description="Countries to which data may go as if it stayed.")
    recipients: tuple[Recipient, ...] = Field((), description="Who may get personal data; own packs only.")
    rules: tuple[Rule, ...] = Field((), description="The rules, in the order in which reasons are named.")

    @model_validator(mode="after")
    def _ids_are_single(self) -> Pack:
        for what, ids in (
            ("rule", [rule.id for rule in self.rules]),
            ("recipient", [one.id for one in self.recipients]),
        ):
            twice = sorted({id for id in ids if ids.count(id) > 1})
            if twice:
                raise ValueError(f"{what} {twice[0]} stands twice")
        return self

    def without_cases(self) -> dict[str, Any]:
        """Plain values, without the tests: what decides, and is recorded."""
        plain = self.model_dump(mode="json", exclude_defaults=True)
        for rule in plain.get("rules", ()):
            rule.pop("cases", None)
        return plain


def _known(conditions: Conditions) -> None:
    """Raise ValueError where a fact has no such value."""
    for fact, values in conditions.items():
        wrong = [value for value in values if value not in FACTS[fact].values]
        if wrong or not values:
            raise ValueError(f"{fact} has no value {wrong[0] if wrong else '(none named)'}")
