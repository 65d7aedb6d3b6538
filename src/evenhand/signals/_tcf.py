"""What a TC string of TCF 2 says, field by field, with the names of its standard."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum, unique

from evenhand.terms import EPOCH

from ._ids import NOBODY, IdSet

__all__ = ["PublisherTc", "Restriction", "RestrictionType", "TcfString", "decisecond", "merged"]


@unique
class RestrictionType(IntEnum):
    """What a publisher asks of vendors for one purpose."""

    NOT_ALLOWED = 0
    REQUIRE_CONSENT = 1
    REQUIRE_LEGITIMATE_INTEREST = 2
    UNDEFINED = 3


@dataclass(frozen=True, slots=True, order=True)
class Restriction:
    """One publisher restriction (PubRestrictionEntry).

    Attributes:
        purpose_id: the purpose, 1-24 in practice; the field has room for 63.
        restriction_type: what is asked.
        vendors: of whom.
    """

    purpose_id: int
    restriction_type: RestrictionType
    vendors: IdSet = field(compare=True)


@dataclass(frozen=True, slots=True)
class PublisherTc:
    """What the person said to the publisher itself (segment 3).

    Attributes:
        purposes_consent: PubPurposesConsent.
        purposes_li_transparency: PubPurposesLITransparency.
        num_custom_purposes: NumCustomPurposes.
        custom_purposes_consent: CustomPurposesConsent.
        custom_purposes_li_transparency: CustomPurposesLITransparency.
    """

    purposes_consent: IdSet = NOBODY
    purposes_li_transparency: IdSet = NOBODY
    num_custom_purposes: int = 0
    custom_purposes_consent: IdSet = NOBODY
    custom_purposes_li_transparency: IdSet = NOBODY


@dataclass(frozen=True, slots=True)
class TcfString:
    """A TC string (TCF 2.0 to 2.3). That it can be read says nothing about what it permits: see `ask_tcf`.

    Moments are kept as the standard writes them, in tenths of a second since 1970 UTC; `created` and `last_updated`
    give them as datetimes.

    Attributes:
        created_ds, last_updated_ds: Created and LastUpdated.
        cmp_id, cmp_version: CmpId, CmpVersion: who asked, and with which version.
        consent_screen: ConsentScreen.
        consent_language: ConsentLanguage, two letters.
        vendor_list_version: VendorListVersion.
        policy_version: TcfPolicyVersion.
        is_service_specific: IsServiceSpecific.
        use_non_standard_texts: UseNonStandardTexts.
        special_feature_opt_ins: SpecialFeatureOptIns.
        purposes_consent: PurposesConsent.
        purposes_li_transparency: PurposesLITransparency.
        purpose_one_treatment: PurposeOneTreatment: true = purpose 1 was not disclosed.
        publisher_cc: PublisherCC, two letters.
        vendor_consents: VendorConsent.
        vendor_legitimate_interests: VendorLegitimateInterest.
        publisher_restrictions: PubRestrictions, in order of purpose and type, each pair once.
        disclosed_vendors: segment 1; None where it is missing, which since TCF 2.3 it may not be.
        allowed_vendors: segment 2 of older strings.
        publisher_tc: segment 3; None where it is missing.
    """

    created_ds: int
    last_updated_ds: int
    cmp_id: int
    cmp_version: int = 0
    consent_screen: int = 0
    consent_language: str = "EN"
    vendor_list_version: int = 0
    policy_version: int = 5
    is_service_specific: bool = True
    use_non_standard_texts: bool = False
    special_feature_opt_ins: IdSet = NOBODY
    purposes_consent: IdSet = NOBODY
    purposes_li_transparency: IdSet = NOBODY
    purpose_one_treatment: bool = False
    publisher_cc: str = "AA"
    vendor_consents: IdSet = NOBODY
    vendor_legitimate_interests: IdSet = NOBODY
    publisher_restrictions: tuple[Restriction, ...] = ()
    disclosed_vendors: IdSet | None = None
    allowed_vendors: IdSet | None = None
    publisher_tc: PublisherTc | None = None

    version = 2
    """The first field of the string."""

    @property
    def created(self) -> datetime:
        """When the string was made."""
        return EPOCH + timedelta(milliseconds=100 * self.created_ds)

    @property
    def last_updated(self) -> datetime:
        """When it last changed; CMPs round it down to a day."""
        return EPOCH + timedelta(milliseconds=100 * self.last_updated_ds)


def decisecond(moment: datetime) -> int:
    """A moment as TCF writes it: tenths of a second since 1970 UTC.

    Example:
        >>> from datetime import UTC
        >>> decisecond(datetime(2026, 3, 1, tzinfo=UTC))
        17723232000
    """
    return (moment - EPOCH) // timedelta(milliseconds=100)


def merged(entries: Iterable[Restriction]) -> tuple[Restriction, ...]:
    """Restrictions with each purpose and type once, in order; those that name nobody are left out."""
    masks: dict[tuple[int, RestrictionType], int] = {}
    for entry in entries:
        key = (entry.purpose_id, entry.restriction_type)
        masks[key] = masks.get(key, 0) | entry.vendors.mask
    return tuple(Restriction(*key, IdSet(masks[key])) for key in sorted(masks) if masks[key])
