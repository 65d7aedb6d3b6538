"""Signals as hypothesis draws them, and as the reference libraries put them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from evenhand.signals import (
    SECTION_NAMES,
    GppString,
    IdSet,
    PublisherTc,
    Restriction,
    RestrictionType,
    TcfString,
    UsPrivacyString,
    UsSection,
)
from evenhand.signals._tcf import merged  # the canonical order of restrictions
from evenhand.signals._us_layouts import LAYOUTS, Layout

LETTERS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=2, max_size=2)
PURPOSES = st.integers(0, 2**24 - 1).map(IdSet)
_RUN = st.tuples(st.integers(1, 1500), st.integers(0, 60))
VENDORS = st.lists(_RUN, max_size=12).map(
    lambda runs: IdSet.of(one for first, more in runs for one in range(first, first + more + 1))
)
RESTRICTIONS = st.lists(
    st.builds(Restriction, st.integers(1, 24), st.sampled_from(RestrictionType), VENDORS), max_size=4
).map(merged)


@st.composite
def _publishers(draw: st.DrawFn) -> PublisherTc:
    custom = draw(st.integers(0, 63))
    own = st.integers(0, 2**custom - 1).map(IdSet)
    return PublisherTc(draw(PURPOSES), draw(PURPOSES), custom, draw(own), draw(own))


TCF_STRINGS = st.builds(
    TcfString,
    created_ds=st.integers(0, 2**36 - 1),
    last_updated_ds=st.integers(0, 2**36 - 1),
    cmp_id=st.integers(0, 4095),
    cmp_version=st.integers(0, 4095),
    consent_screen=st.integers(0, 63),
    consent_language=LETTERS,
    vendor_list_version=st.integers(0, 4095),
    policy_version=st.integers(0, 63),
    is_service_specific=st.booleans(),
    use_non_standard_texts=st.booleans(),
    special_feature_opt_ins=st.integers(0, 2**12 - 1).map(IdSet),
    purposes_consent=PURPOSES,
    purposes_li_transparency=PURPOSES,
    purpose_one_treatment=st.booleans(),
    publisher_cc=LETTERS,
    vendor_consents=VENDORS,
    vendor_legitimate_interests=VENDORS,
    publisher_restrictions=RESTRICTIONS,
    disclosed_vendors=st.none() | VENDORS,
    allowed_vendors=st.none() | VENDORS,
    publisher_tc=st.none() | _publishers(),
)
_YN = st.sampled_from("YN-")
US_PRIVACY = st.builds(UsPrivacyString, _YN, _YN, _YN)


@st.composite
def _us_sections(draw: st.DrawFn, name: str, version: int, layout: Layout) -> UsSection:
    two_bits = st.integers(0, 3)
    values = tuple(draw(st.tuples(*[two_bits] * count)) if count else draw(two_bits) for _, count in layout.fields)
    gpc = draw(st.none() | st.booleans()) if layout.part == "gpc" else None
    sensitive = draw(st.none() | st.tuples(*[two_bits] * 8)) if layout.part == "sensitive" else None
    return UsSection(name, version, values, gpc, sensitive)


US_SECTIONS = st.one_of([_us_sections(name, version, layout) for (name, version), layout in LAYOUTS.items()])
GPP_STRINGS = st.lists(
    TCF_STRINGS.map(lambda said: (2, said))
    | US_PRIVACY.map(lambda said: (6, said))
    | US_SECTIONS.map(lambda said: (said.section_id, said)),
    max_size=5,
    unique_by=lambda one: one[0],
).map(lambda sections: GppString(tuple(sorted(sections, key=lambda one: one[0]))))


def as_reference(said: TcfString) -> dict[str, Any]:
    """A TC string under the names of the reference library."""
    own = said.publisher_tc or PublisherTc()

    def moment(at: Any) -> str:
        return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    return {
        "created": moment(said.created),
        "lastUpdated": moment(said.last_updated),
        "cmpId": said.cmp_id,
        "cmpVersion": said.cmp_version,
        "consentScreen": said.consent_screen,
        "consentLanguage": said.consent_language,
        "vendorListVersion": said.vendor_list_version,
        "policyVersion": said.policy_version,
        "isServiceSpecific": said.is_service_specific,
        "useNonStandardTexts": said.use_non_standard_texts,
        "specialFeatureOptins": list(said.special_feature_opt_ins),
        "purposeConsents": list(said.purposes_consent),
        "purposeLegitimateInterests": list(said.purposes_li_transparency),
        "purposeOneTreatment": said.purpose_one_treatment,
        "publisherCountryCode": said.publisher_cc,
        "vendorConsents": list(said.vendor_consents),
        "vendorLegitimateInterests": list(said.vendor_legitimate_interests),
        "vendorsDisclosed": list(said.disclosed_vendors or ()),
        "publisherConsents": list(own.purposes_consent),
        "publisherLegitimateInterests": list(own.purposes_li_transparency),
        "publisherRestrictions": [
            [one.purpose_id, int(one.restriction_type), list(one.vendors)] for one in said.publisher_restrictions
        ],
    }


def us_as_reference(said: UsSection) -> dict[str, Any]:
    """A United States section under the names of the reference library."""
    fields: dict[str, Any] = {
        name: list(value) if isinstance(value, tuple) else value for name, value in said.fields.items()
    }
    fields["MspaVersion" if "MspaMode" in fields else "Version"] = said.version
    if said.gpc is not None:
        fields |= {"GpcSegmentType": 1, "Gpc": said.gpc}
    if said.sensitive is not None:
        fields["SensitiveDataProcessing"] = list(said.sensitive)
    return fields


def names_of(said: GppString) -> dict[str, Any]:
    """Sections by name."""
    return {SECTION_NAMES[number]: section for number, section in said.sections}
