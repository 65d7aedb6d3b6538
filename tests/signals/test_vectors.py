"""The official vectors: every one of them, read, written back, and understood."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest

from evenhand.signals import (
    GPC_REACHES,
    TcfQuestion,
    TcfString,
    Unreadable,
    UnreadSection,
    UsPrivacyString,
    UsSection,
    Wish,
    ask_gpp,
    ask_tcf,
    gpc_header,
    read_gpc_resource,
    read_gpp,
    read_tcf,
    read_us_privacy,
    validity_problem,
    write_gpp,
    write_tcf,
    write_us_privacy,
)
from evenhand.signals._bits import BitReader, BitWriter
from evenhand.signals._ids import IdSet, read_fibonacci_range, write_fibonacci_range
from evenhand.terms import Use
from signal_cases import as_reference, names_of, us_as_reference

PROBLEMS = {"policy-version<4": "policy-version", "not-service-specific": "not-service-specific"}


def test_every_official_tc_string_says_what_two_other_decoders_say(official):
    """All fields of all strings agree; long sets by their digest."""
    for case in official("tcf_strings.json")["positive"]:
        said = read_tcf(case["string"])
        assert isinstance(said, TcfString), case["id"]
        mine = as_reference(said)
        mine["version"] = said.version
        mine["disclosedVendorsSegmentPresent"] = said.disclosed_vendors is not None
        mine["publisherRestrictions"] = [
            {"purposeId": purpose, "restrictionType": kind, "vendors": vendors}
            for purpose, kind, vendors in mine["publisherRestrictions"]
        ]
        for name, expected in case["decoded"].items():
            if name.endswith("_summary"):
                text = ",".join(map(str, mine[name.removesuffix("_summary")]))
                assert hashlib.sha256(text.encode()).hexdigest() == expected["sha256_of_comma_joined"], name
            elif expected is not None:
                assert mine[name] == expected, (case["id"], name)


def test_every_official_tc_string_comes_back(official):
    """What is written again says the same, and writing it once more changes nothing."""
    for case in official("tcf_strings.json")["positive"]:
        said = read_tcf(case["string"])
        assert read_tcf(write_tcf(said)) == said
        assert write_tcf(read_tcf(write_tcf(said))) == write_tcf(said)


def test_the_validity_of_official_tc_strings(official):
    """A string that its own standard calls invalid is known for it."""
    for case in official("tcf_strings.json")["positive"]:
        problem = validity_problem(read_tcf(case["string"]))
        assert [problem] == ([PROBLEMS[p] for p in case["validity_problems"]] or [None]), case["id"]


def test_the_official_permission_checks(official):
    """Purpose, vendor, disclosure, restriction and legal basis, each where it decides."""
    vectors = official("tcf_strings.json")
    strings = {case["id"]: read_tcf(case["string"]) for case in vectors["positive"]}
    for check in vectors["permission_checks"]:
        said = strings[check["string_id"]]
        purposes = (check["purpose"],)
        on_consent = check["basis"] == "consent"
        question = TcfQuestion(check["vendor"], purposes if on_consent else (), () if on_consent else purposes)
        answer = ask_tcf(said, question, at=said.last_updated + timedelta(days=1))
        assert answer.permits is check["allowed"], check["why"]


def test_official_bad_tc_strings_permit_nothing(official):
    """They cannot be read, or they are read and count for nothing."""
    for case in official("tcf_strings.json")["negative"]:
        said = read_tcf(case["string"])
        assert isinstance(said, Unreadable) == (case["expect"] != "structurally decodable, not trustworthy")
        if isinstance(said, TcfString):
            assert validity_problem(said) == "cmp"
        if "version 1" in case["expect"]:
            assert said == Unreadable("version-1")


def test_every_official_gpp_string_says_what_two_other_decoders_say(official):
    """Ids of sections, and the fields of each section that the vectors know."""
    for case in official("gpp_strings.json")["positive"]:
        said = read_gpp(case["string"])
        assert list(said.section_ids) == case["section_ids"]
        sections = names_of(said)
        assert not [one for one in sections.values() if isinstance(one, UnreadSection)]
        for name, expected in (case["decoded"] or {}).items():
            section = sections[name]
            if isinstance(section, UsSection):
                mine = {"Gpc": False} | us_as_reference(section) | {"GpcSegmentPresent": section.gpc is not None}
                assert {key: mine[key] for key in expected} == expected
            elif isinstance(section, UsPrivacyString):
                assert [section.notice, section.opt_out_sale, section.lspa_covered] == list(expected.values())[1:]
            else:
                assert section.cmp_id == expected["CmpId"]
                if "VendorConsents" in expected:
                    assert list(section.vendor_consents) == expected["VendorConsents"]
        assert read_gpp(write_gpp(said)) == said


def test_disputed_and_bad_gpp_strings_are_refused(official):
    """A section whose length is not that of its version leaves nothing open; a bad header ends it."""
    vectors = official("gpp_strings.json")
    for case in vectors["disputed"]:
        said = read_gpp(case["string"])
        assert isinstance(said.section(7), UnreadSection)
        assert ask_gpp(said, Use) is Wish.UNCLEAR
    for case in vectors["negative"]:
        assert isinstance(read_gpp(case["string"]), Unreadable)


def test_the_official_headers_numbers_and_ranges(official):
    """Headers with either filling; Fibonacci numbers; and a range."""
    vectors = official("gpp_strings.json")
    for case in vectors["header_vectors"]:
        text = "~".join([case["header"], *["?"] * len(case["section_ids"])])
        assert list(read_gpp(text).section_ids) == case["section_ids"]
    for case in vectors["fibonacci_vectors"]:
        writer = BitWriter()
        writer.fibonacci(case["n"])
        assert writer.text() == _text(case["bits"])
        assert BitReader(_text(case["bits"])).fibonacci() == case["n"]
    bits = vectors["range_vector"]["bits"].replace(" ", "")
    assert list(read_fibonacci_range(BitReader(_text(bits)))) == vectors["range_vector"]["ids"]
    writer = BitWriter()
    write_fibonacci_range(writer, IdSet.of(vectors["range_vector"]["ids"]))
    assert writer.text() == _text(bits)


def _text(bits: str) -> str:
    writer = BitWriter()
    for bit in bits:
        writer.integer(int(bit), 1)
    return writer.text()


def test_official_us_privacy_strings(official):
    """Three letters, and back."""
    for case in official("gpp_strings.json")["usp_v1"]:
        said = read_us_privacy(case["string"])
        assert (said.notice, said.opt_out_sale, said.lspa_covered) == tuple(list(case.values())[2:])
        assert write_us_privacy(said) == case["string"]


def test_the_official_meaning_of_opt_outs(official):
    """Only "did not opt out" leaves a use open; sensitive data means another thing in California than in the nation."""
    uses = {"sale": Use.SALE, "sharing": Use.SHARING, "targeted": Use.TARGETED_ADVERTISING}
    for case in official("gpp_strings.json")["meaning"]:
        said = read_gpp(case["string"])
        for question, expected, why in case["questions"]:
            if question.startswith("sensitive"):
                name, section = next(iter(names_of(said).items()))
                value = section.field("SensitiveDataProcessing")[int(question.split()[2].strip(":")) - 1]
                assert (value == (2 if name == "usnat" else 1)) is expected, why
            else:
                assert (ask_gpp(said, [uses[question.split()[0]]]) is Wish.OPEN) is expected, why


def test_official_gpc_headers_and_resources(official):
    """One exact value counts; a resource that is not what it should be is unknown."""
    vectors = official("gpc.json")
    for case in vectors["header"]:
        assert gpc_header(case["sec_gpc_fields"]) is case["gpc"], case
    for case in vectors["support_resource"]:
        read = read_gpc_resource(
            case.get("body", ""), content_type=case.get("content_type", ""), status=case.get("http_status", 200)
        )
        assert read.support == case["support"], case
        if "last_update" in case:
            assert (read.last_update and read.last_update.isoformat()) == case["last_update"]


@pytest.mark.parametrize("use", Use)
def test_gpc_reaches_sale_sharing_and_targeted_advertising(official, use):
    """And there is no other use that it could reach."""
    first = official("gpc.json")["meaning"][0]
    assert first["gpc_1_implies"]
    assert use in GPC_REACHES
    assert len(GPC_REACHES) == 3
