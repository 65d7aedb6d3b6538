"""What a signal says as plain data, under the field names of its standard: for JSON and for comparing."""

from __future__ import annotations

from ._gpp import SECTION_NAMES, GppString, UnreadSection
from ._ids import IdSet
from ._tcf import PublisherTc, Restriction, TcfString
from ._tcf_canada import TcfCaString
from ._us import UsPrivacyString, UsSection

__all__ = ["fields_of"]

_Said = TcfString | TcfCaString | GppString | UsPrivacyString | UsSection | UnreadSection


def fields_of(said: _Said) -> dict[str, object]:
    """Every field, under the name of its standard; sets of ids as ascending lists, moments as ISO 8601.

    The text of a section that could not be read is not among them.

    Example:
        >>> from evenhand.signals import read_gpp
        >>> fields_of(read_gpp("DBABTA~1YNN"))
        {'SectionIDs': [6], 'uspv1': {'Version': 1, 'Notice': 'Y', 'OptOutSale': 'N', 'LspaCovered': 'N'}}
    """
    match said:
        case TcfString():
            return _tcf(said)
        case TcfCaString():
            return _tcf_canada(said)
        case GppString():
            return _gpp(said)
        case UsPrivacyString():
            return {
                "Version": said.version,
                "Notice": said.notice,
                "OptOutSale": said.opt_out_sale,
                "LspaCovered": said.lspa_covered,
            }
        case UsSection():
            return _us(said)
        case UnreadSection():
            return {"problem": said.problem.value}


def _gpp(said: GppString) -> dict[str, object]:
    sections = {SECTION_NAMES.get(number, str(number)): fields_of(section) for number, section in said.sections}
    return {"SectionIDs": list(said.section_ids), **sections}


def _us(said: UsSection) -> dict[str, object]:
    fields = {name: list(value) if isinstance(value, tuple) else value for name, value in said.fields.items()}
    version = "MspaVersion" if "MspaMode" in fields else "Version"
    parts: dict[str, object] = {}
    if said.gpc is not None:
        parts["Gpc"] = said.gpc
    if said.sensitive is not None:
        parts["SensitiveDataProcessing"] = list(said.sensitive)
    return {version: said.version, **fields, **parts}


def _tcf(said: TcfString) -> dict[str, object]:
    own = said.publisher_tc
    return {
        "Version": said.version,
        "Created": said.created.isoformat(),
        "LastUpdated": said.last_updated.isoformat(),
        "CmpId": said.cmp_id,
        "CmpVersion": said.cmp_version,
        "ConsentScreen": said.consent_screen,
        "ConsentLanguage": said.consent_language,
        "VendorListVersion": said.vendor_list_version,
        "TcfPolicyVersion": said.policy_version,
        "IsServiceSpecific": said.is_service_specific,
        "UseNonStandardTexts": said.use_non_standard_texts,
        "SpecialFeatureOptIns": list(said.special_feature_opt_ins),
        "PurposesConsent": list(said.purposes_consent),
        "PurposesLITransparency": list(said.purposes_li_transparency),
        "PurposeOneTreatment": said.purpose_one_treatment,
        "PublisherCC": said.publisher_cc,
        "VendorConsent": list(said.vendor_consents),
        "VendorLegitimateInterest": list(said.vendor_legitimate_interests),
        "PubRestrictions": _restrictions(said.publisher_restrictions),
        "DisclosedVendors": _optional(said.disclosed_vendors),
        "AllowedVendors": _optional(said.allowed_vendors),
        "PublisherTC": None if own is None else _publisher(own, "Consent", "LITransparency"),
    }


def _tcf_canada(said: TcfCaString) -> dict[str, object]:
    own = said.publisher_tc
    return {
        "Version": said.version,
        "CmpId": said.cmp_id,
        "CmpVersion": said.cmp_version,
        "ConsentScreen": said.consent_screen,
        "ConsentLanguage": said.consent_language,
        "VendorListVersion": said.vendor_list_version,
        "TcfPolicyVersion": said.policy_version,
        "UseNonStandardStacks": said.use_non_standard_stacks,
        "SpecialFeatureExpressConsent": list(said.special_feature_express_consent),
        "PurposesExpressConsent": list(said.purposes_express_consent),
        "PurposesImpliedConsent": list(said.purposes_implied_consent),
        "VendorExpressConsent": list(said.vendor_express_consent),
        "VendorImpliedConsent": list(said.vendor_implied_consent),
        "PubRestrictions": _restrictions(said.publisher_restrictions),
        "DisclosedVendors": _optional(said.disclosed_vendors),
        "PublisherPurposes": None if own is None else _publisher(own, "ExpressConsent", "ImpliedConsent"),
    }


def _optional(ids: IdSet | None) -> list[int] | None:
    return None if ids is None else list(ids)


def _restrictions(entries: tuple[Restriction, ...]) -> list[dict[str, object]]:
    return [
        {"PurposeId": one.purpose_id, "RestrictionType": int(one.restriction_type), "VendorIds": list(one.vendors)}
        for one in entries
    ]


def _publisher(own: PublisherTc, consent: str, interest: str) -> dict[str, object]:
    return {
        f"PubPurposes{consent}": list(own.purposes_consent),
        f"PubPurposes{interest}": list(own.purposes_li_transparency),
        "NumCustomPurposes": own.num_custom_purposes,
        f"CustomPurposes{consent}": list(own.custom_purposes_consent),
        f"CustomPurposes{interest}": list(own.custom_purposes_li_transparency),
    }
