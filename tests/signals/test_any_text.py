"""Whatever text comes in: no crash, no permission out of a bad string, one canonical way of writing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.signals import (
    PERSONALISED_ADS,
    TCF_AGE_DAYS,
    GppString,
    IdSet,
    Problem,
    Restriction,
    RestrictionType,
    TcfCaString,
    TcfQuestion,
    TcfString,
    Unreadable,
    UnreadSection,
    Wish,
    ask_gpp,
    ask_tcf,
    ask_us_privacy,
    decisecond,
    gpc_header,
    read_gpc_resource,
    read_gpp,
    read_tcf,
    read_us_privacy,
    write_gpp,
    write_tcf,
    write_us_privacy,
)
from evenhand.terms import Use
from signal_cases import GPP_STRINGS, TCF_STRINGS, US_PRIVACY, VENDORS

NOW = datetime(2026, 11, 1, tzinfo=UTC)
YES = TcfString(
    created_ds=decisecond(datetime(2026, 10, 1, tzinfo=UTC)),
    last_updated_ds=decisecond(datetime(2026, 10, 1, tzinfo=UTC)),
    cmp_id=10,
    purposes_consent=IdSet.of(PERSONALISED_ADS),
    vendor_consents=IdSet.of([7, 755]),
    disclosed_vendors=IdSet.of([7, 8, 755]),
)
QUESTION = TcfQuestion(vendor=755)
BASE64 = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~", max_size=80)
NOTHING_SAID = st.one_of(st.text(max_size=60), BASE64, st.binary(max_size=60).map(lambda data: data.decode("latin-1")))


@given(text=NOTHING_SAID, prefix=st.sampled_from(["", "C", "CP", "D", "DBABMA~", "DBABLA~B", "DBABDA~B", "1Y"]))
def test_no_text_is_too_odd(text, prefix):
    """Every reader answers every text, with what it says or with a typed problem."""
    odd = prefix + text
    for read in (read_tcf, read_gpp, read_us_privacy):
        said = read(odd)
        assert not isinstance(said, Unreadable) or isinstance(said.problem, Problem)
    assert read_gpc_resource(odd).support in {"yes", "no", "unknown"}
    assert gpc_header([odd]) == any(part.strip(" \t") == "1" for part in odd.split(","))


@given(said=TCF_STRINGS)
def test_a_tc_string_says_what_was_written(said):
    """Read back, nothing is lost and nothing is added."""
    assert read_tcf(write_tcf(said)) == said


@given(said=GPP_STRINGS)
def test_a_gpp_string_says_what_was_written(said):
    """Any sections beside each other."""
    assert read_gpp(write_gpp(said)) == said


@given(said=US_PRIVACY)
def test_a_us_privacy_string_says_what_was_written(said):
    """Three letters."""
    assert read_us_privacy(write_us_privacy(said)) == said


@given(said=st.builds(TcfCaString, st.integers(0, 2**36 - 1), st.just(5), st.just(9), vendor_express_consent=VENDORS))
def test_a_canadian_string_says_what_was_written(said):
    """Vendors in Fibonacci coding."""
    text = write_gpp(GppString(((5, said),)))
    assert read_gpp(text).section(5) == said


@given(text=st.builds(lambda said: write_tcf(said), TCF_STRINGS) | BASE64)
def test_reading_and_writing_settles_at_once(text):
    """Whatever can be read is written in one way, and that way stays."""
    said = read_tcf(text)
    if isinstance(said, TcfString):
        assert write_tcf(read_tcf(write_tcf(said))) == write_tcf(said)


@given(cut=st.integers(0, 200), at=st.integers(0, 200), letter=st.sampled_from("A_-Zz9.~+/= é"))
def test_a_damaged_consent_string_permits_nothing_that_it_did_not_say(cut, at, letter):
    """Cut before the zeros at its end, it permits nothing; with a letter changed, only what it then says itself."""
    text = write_tcf(YES)
    part = read_tcf(text[: cut % len(text)])
    assert part == YES or not ask_tcf(part, QUESTION, at=NOW).permits
    at %= len(text)
    said = read_tcf(text[:at] + letter + text[at + 1 :])
    if ask_tcf(said, QUESTION, at=NOW).permits:
        assert all(purpose in said.purposes_consent for purpose in PERSONALISED_ADS)
        assert 755 in said.vendor_consents
        assert 755 in said.disclosed_vendors


@given(said=TCF_STRINGS, days=st.integers(-40_000, 40_000), vendor=st.integers(1, 1600))
def test_a_permission_has_all_its_parts(said, days, vendor):
    """Purposes, vendor, disclosure, no restriction, a policy of its time, a scope, a CMP, and an age."""
    at = NOW + timedelta(days=days)
    answer = ask_tcf(said, TcfQuestion(vendor), at=at)
    if answer.permits:
        assert said.is_service_specific
        assert said.cmp_id > 1
        assert all(purpose in said.purposes_consent for purpose in PERSONALISED_ADS)
        assert vendor in said.vendor_consents
        assert said.disclosed_vendors is None or vendor in said.disclosed_vendors
        assert timedelta(days=-1) <= at - said.last_updated <= timedelta(days=TCF_AGE_DAYS, seconds=1)


_EARLY = decisecond(datetime(2026, 2, 1, tzinfo=UTC))
_BEFORE = {"created_ds": _EARLY, "last_updated_ds": _EARLY}
"""Before a string had to say which vendors were shown."""
_OLD = decisecond(datetime(2025, 9, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({}, None),
        ({"is_service_specific": False}, Problem.NOT_SERVICE_SPECIFIC),
        ({"policy_version": 3}, Problem.POLICY_VERSION),
        ({"disclosed_vendors": None}, Problem.NO_DISCLOSED_VENDORS),
        ({"cmp_id": 1}, Problem.CMP),
        ({"last_updated_ds": _OLD, "created_ds": _OLD}, Problem.EXPIRED),
        ({"last_updated_ds": decisecond(datetime(2026, 11, 3, tzinfo=UTC))}, Problem.FROM_THE_FUTURE),
        ({"disclosed_vendors": IdSet.of([7])}, Problem.NOT_DISCLOSED),
        ({"vendor_consents": IdSet.of([7])}, Problem.VENDOR_REFUSED),
        ({"vendor_consents": IdSet.of([7]), **_BEFORE, "disclosed_vendors": None}, Problem.NOT_DISCLOSED),
        ({"purposes_consent": IdSet.of([3, 4]), "purpose_one_treatment": True}, Problem.PURPOSE_ONE_NOT_DISCLOSED),
        ({"purposes_consent": IdSet.of([1, 3])}, Problem.PURPOSE_REFUSED),
    ],
)
def test_each_missing_part_has_its_own_reason(changed, problem):
    """A typed reason says which part is missing."""
    assert ask_tcf(replace(YES, **changed), QUESTION, at=NOW).problem == problem


@pytest.mark.parametrize(
    ("kind", "on_consent", "on_interest"),
    [
        (RestrictionType.NOT_ALLOWED, Problem.RESTRICTED, Problem.RESTRICTED),
        (RestrictionType.REQUIRE_CONSENT, None, Problem.RESTRICTED),
        (RestrictionType.REQUIRE_LEGITIMATE_INTEREST, Problem.RESTRICTED, None),
        (RestrictionType.UNDEFINED, Problem.RESTRICTED, Problem.RESTRICTED),
    ],
)
def test_a_publishers_restriction_stands_in_the_way(kind, on_consent, on_interest):
    """Of the vendor and purpose that it names; the vendor list is not asked what else could hold."""
    said = replace(
        YES,
        purposes_consent=IdSet.of([2]),
        purposes_li_transparency=IdSet.of([2]),
        vendor_legitimate_interests=IdSet.of([755]),
        publisher_restrictions=(Restriction(2, kind, IdSet.of([755])),),
    )
    assert ask_tcf(said, TcfQuestion(755, (2,)), at=NOW).problem == on_consent
    assert ask_tcf(said, TcfQuestion(755, (), (2,)), at=NOW).problem == on_interest


def test_personalised_advertising_never_rests_on_a_legitimate_interest():
    """Not even where a string has these bits set (TCF 2.2)."""
    said = replace(YES, purposes_li_transparency=IdSet.of(range(1, 12)), vendor_legitimate_interests=IdSet.of([755]))
    assert ask_tcf(said, TcfQuestion(755, (), (4,)), at=NOW).problem is Problem.NEVER_LEGITIMATE_INTEREST
    assert ask_tcf(said, TcfQuestion(755, (), (7,)), at=NOW).permits


def test_only_the_cmps_that_were_named_count():
    """Where an organisation names its CMPs, a string of another one permits nothing."""
    assert ask_tcf(YES, TcfQuestion(755, cmps=frozenset({10})), at=NOW).permits
    assert ask_tcf(YES, TcfQuestion(755, cmps=frozenset({28})), at=NOW).problem is Problem.OTHER_CMP


def test_a_question_without_a_purpose_is_no_question():
    """Nothing asked is not everything permitted."""
    with pytest.raises(ValueError, match="at least one purpose"):
        ask_tcf(YES, TcfQuestion(755, ()), at=NOW)


@given(said=GPP_STRINGS, uses=st.sets(st.sampled_from(Use), min_size=1))
def test_a_use_is_open_only_where_every_section_that_speaks_leaves_it_open(said, uses):
    """One opt-out, one doubt or one GPC is enough."""
    wish = ask_gpp(said, uses)
    fields = {
        Use.SALE: "SaleOptOut",
        Use.SHARING: "SharingOptOut",
        Use.TARGETED_ADVERTISING: "TargetedAdvertisingOptOut",
    }
    sections = [section for number, section in said.sections if number >= 7]
    values = [section.field(fields[use]) for section in sections for use in uses]
    if wish is Wish.OPEN:
        assert set(values) <= {2, None}
        assert not any(section.gpc for section in sections)
    if 1 in values or any(section.gpc for section in sections):
        assert wish is Wish.OPTED_OUT


def test_a_section_that_is_not_known_leaves_nothing_open_by_itself():
    """A new state may have opted out; beside a section that speaks it is left aside."""
    new = UnreadSection(40, "BAAA", Problem.UNKNOWN_SECTION)
    known = read_gpp("DBABTA~1YNN").sections
    assert read_gpp(write_gpp(GppString(((40, new),)))).section(40) == new
    assert ask_gpp(GppString(((40, new),)), [Use.SALE]) is Wish.UNCLEAR
    assert ask_gpp(GppString((*known, (40, new))), [Use.SALE]) is Wish.OPEN
    assert ask_gpp(GppString((*known, (40, new))), []) is Wish.SILENT


@pytest.mark.parametrize(("text", "wish"), [("1YYN", Wish.OPTED_OUT), ("1YNN", Wish.OPEN), ("1---", Wish.UNCLEAR)])
def test_the_old_us_privacy_string_speaks_of_sale_and_sharing(text, wish):
    """It is older than targeted advertising, and says nothing about it."""
    said = read_us_privacy(text)
    assert ask_us_privacy(said, [Use.SALE]) is ask_us_privacy(said, [Use.SHARING]) is wish
    assert ask_us_privacy(said, [Use.TARGETED_ADVERTISING]) is Wish.SILENT


def test_a_string_of_unusual_length_is_not_read():
    """Nobody can keep a machine busy with one string."""
    assert read_tcf("C" * 20_000) == read_gpp("D" * 20_000) == Unreadable(Problem.TOO_LONG)


@given(ids=st.sets(st.integers(1, 3000), max_size=40))
def test_a_set_of_ids_is_that_set(ids):
    """Membership, order, size and runs."""
    mine = IdSet.of(ids)
    assert list(mine) == sorted(ids)
    assert len(mine) == len(ids)
    assert bool(mine) == bool(ids)
    assert mine.highest == max(ids, default=0)
    assert all(one in mine for one in ids)
    assert 0 not in mine
    assert "1" not in mine


@pytest.mark.parametrize("wrong", [0, 65_536])
def test_an_id_has_bounds(wrong):
    """16 bits, from 1."""
    with pytest.raises(ValueError, match="from 1 to 65,535"):
        IdSet.of([wrong])


@pytest.mark.parametrize(
    ("changed", "message"),
    [({"cmp_id": 4096}, "no place"), ({"consent_language": "nl"}, "two capital letters"), ({"cmp_id": -1}, "no place")],
)
def test_what_has_no_place_in_a_string_is_not_written(changed, message):
    """Nothing is cut off silently."""
    with pytest.raises(ValueError, match=message):
        write_tcf(replace(YES, **changed))
