"""Which law holds for whom, and what it asks about people, senders and recipients."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from ._declared import Declared, Identifier, date_as_text

__all__ = ["EVIDENCE_NAMES", "Balancing", "EvidenceClause", "FactSource", "LawClause", "Notice"]

EVIDENCE_NAMES = ("notice", "notice_hash", "language", "method", "actor", "form")
"""What a column can say of how a consent was given, as the campaign file names it."""

Place = Annotated[str, Field(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$")]
Day = Annotated[str, BeforeValidator(date_as_text), Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
Key = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_COLUMN = "Column of the consents table that says "


class Balancing(Declared):
    """The balancing test that a legitimate interest needs (RULES G-6f). A person signs it; evenhand only checks."""

    later: ClassVar[frozenset[str]] = frozenset({"file", "signers"})

    record: str = Field(min_length=1, description="Id of the signed balancing test.")
    expires: Annotated[str, BeforeValidator(date_as_text)] = Field(
        pattern=r"^\d{4}-\d{2}-\d{2}$", description="Date after which it must be done again."
    )
    file: str | None = Field(
        None, min_length=1, description="The signed record itself, relative to this file; looked at before each run."
    )
    signers: tuple[Key, ...] = Field(
        (),
        description="Ed25519 public keys (hex), or their SHA-256, of those who may sign; with it a record counts only "
        "with a signature by one of them. None = whoever signs is taken at their word.",
    )


class FactSource(Declared):
    """Where one fact about people comes from: a column, or a word that holds for everybody."""

    column: str | None = Field(
        None, min_length=1, description="Column of the subjects (role: permission) with yes or no; empty = not known."
    )
    everybody: bool | None = Field(None, description="The same for all people of the campaign.")
    decided_by: str | None = Field(None, min_length=3, description="Who judged it, where it is a matter of judgement.")


class LawClause(Declared):
    """Which rules hold: by where people are, and by what is known of them. Without it EU law holds for everybody."""

    jurisdictions: tuple[Place, ...] = Field(
        (),
        description="Where people are: ISO 3166 codes such as NL or US-CA, or EU. Without a column the rules of all of "
        "them hold for everybody; with one, whoever is elsewhere counts as somebody of whom it is not known where.",
    )
    column: str | None = Field(
        None,
        min_length=1,
        description="Column of the subjects (role: permission) with such a code; where it is empty, or unknown to the "
        "rules, the strictest rules hold.",
    )
    packs: tuple[str, ...] = Field(
        (), description="Files with the organisation's own rules, relative to this file; they may only tighten."
    )
    sender: Literal["company", "charity", "charity_lottery", "press"] = Field(
        "company", description="What the organisation is; some rules about calls ask it."
    )
    for_children: bool = Field(False, description="Whether the place where the offer appears is for children.")
    customer: FactSource | None = Field(
        None, description="Whether the person's details were obtained in a sale (soft opt-in)."
    )
    own_product: FactSource | None = Field(None, description="Whether what is offered is the organisation's own.")
    similar_product: FactSource | None = Field(
        None, description="Whether it is similar to what was sold; a person judges that and is named."
    )
    objection_offered: FactSource | None = Field(
        None, description="Whether the person could object, free and easily, when the details were taken."
    )
    recipients: tuple[Identifier, ...] = Field(
        (),
        description="The old place of the ids of recipients on the list in an own pack; say them under processing: "
        "recipients.",
    )

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the subjects that are read to find which rules hold for whom."""
        sources = (self.customer, self.own_product, self.similar_product, self.objection_offered)
        named = (self.column, *(source.column for source in sources if source is not None))
        return tuple(dict.fromkeys(name for name in named if name is not None))


class Notice(Declared):
    """A text by which people were asked, in one version."""

    id: str = Field(min_length=1, max_length=64, description="Its version, as the consent records name it.")
    sha256: str | None = Field(
        None, pattern=r"^[0-9a-f]{64}$", description="SHA-256 (hex) of the text; then records must have the same."
    )
    until: Day | None = Field(
        None, description="First day on which consent given with this version no longer counts; none = it counts."
    )


class EvidenceClause(Declared):
    """Columns of the consents table with the evidence of a consent. With it a consent counts only with evidence."""

    notice: str = Field(min_length=1, description=f"{_COLUMN}which version of the notice was shown.")
    notice_hash: str | None = Field(None, min_length=1, description=f"{_COLUMN}the SHA-256 of the text that was shown.")
    language: str = Field(min_length=1, description=f"{_COLUMN}in which language it was shown (nl, en, ...).")
    method: str = Field(
        min_length=1,
        description=f"{_COLUMN}how it was given: ticked_box, button, signed, web form ...; "
        "pre_ticked, default_ticked, silence and continued_use are no consent.",
    )
    actor: str = Field(
        min_length=1, description=f"{_COLUMN}who gave it: subject, parent ...; controller is no consent."
    )
    form: str | None = Field(
        None, min_length=1, description=f"{_COLUMN}whether it is explicit: ExplicitlyExpressedConsent, or another."
    )

    @property
    def columns(self) -> dict[str, str]:
        """Name of each piece of evidence that has a column, and that column."""
        named = ((name, getattr(self, name)) for name in EVIDENCE_NAMES)
        return {name: column for name, column in named if column is not None}
