"""What browsers and apps say, at gate 1."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaign_cases import changed
from consent_cases import subjects, words
from evenhand.permission import ConsentBook, hear, permit, without_repeats
from evenhand.policy import Campaign
from evenhand.signals import (
    IdSet,
    PublisherTc,
    Restriction,
    RestrictionType,
    TcfString,
    decisecond,
    write_gpp,
    write_tcf,
    write_us_privacy,
)
from evenhand.terms import Asked, DataError, Reason, Standing, Use
from signal_cases import GPP_STRINGS, TCF_STRINGS, US_PRIVACY

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
SIGNALS = {"tcf": "tc", "gpp": "gpp", "us_privacy": "usp", "gpc": "gpc", "vendor": 755}
VALID, REFUSED = ("PERSONALISED", "SIGNAL_CONSENT"), ("CONTEXTUAL", "SIGNAL_REFUSED")
OPTED_OUT, UNCLEAR = ("CONTEXTUAL", "SIGNAL_OPT_OUT"), ("CONTEXTUAL", "SIGNAL_UNCLEAR")
GIVEN = ("PERSONALISED", "CONSENT_VALID")


class Row(NamedTuple):
    """One row of the consents table."""

    at: str = "2026-10-10T09:00"
    tcf: str | None = None
    gpp: str | None = None
    us_privacy: str | None = None
    gpc: str | None = None
    kind: str = "signal"
    status: str = ""
    purpose: str = ""


def consent(at: str = "2026-01-01", **more: str) -> Row:
    """A consent that somebody wrote down."""
    return Row(at, kind="consent", status="ConsentGiven", purpose="PersonalisedAdvertising", **more)


def tcf(on: str = "2026-10-01", purposes: Iterable[int] = (1, 3, 4), vendors: Iterable[int] = (755,), **more) -> str:
    """A TC string of that day."""
    day = decisecond(datetime.fromisoformat(on).replace(tzinfo=UTC))
    return write_tcf(
        TcfString(
            **{
                "created_ds": day,
                "last_updated_ds": day,
                "cmp_id": 10,
                "purposes_consent": IdSet.of(purposes),
                "vendor_consents": IdSet.of(vendors),
                "disclosed_vendors": IdSet.of([7, 755]),
            }
            | more
        )
    )


def answer(*rows: Row, at: datetime = NOW, signals: dict | None = None, **changes: object) -> tuple[str, str]:
    """Standing and reason of one person about whom these rows are."""
    document = changed({**changes, "consents.signals": SIGNALS | (signals or {})})
    campaign = Campaign.model_validate(document)
    moments = np.array([row.at for row in rows], dtype="datetime64[us]")
    texts = {name: [getattr(row, name) for row in rows] for name in ("tcf", "gpp", "us_privacy", "gpc")}
    book = ConsentBook.from_columns(
        subjects=subjects([0] * len(rows)),
        kinds=[row.kind for row in rows],
        purposes=[row.purpose for row in rows],
        statuses=[row.status for row in rows],
        at=moments,
        heard=hear(texts, moments, campaign, subjects=subjects([0] * len(rows))),
    )
    return words(permit(Asked(subjects([0]), at), campaign, book))[0]


def test_a_tc_string_is_consent_to_personalised_advertising():
    """E-cookie. For our vendor, with purposes 1, 3 and 4; each of them missing, storage (1) too, is the person's no."""
    assert answer(Row(tcf=tcf())) == VALID
    assert answer(Row(tcf=tcf(vendors=[7]))) == REFUSED
    for purposes in ([1, 3], [1, 4], [3, 4], []):
        assert answer(Row(tcf=tcf(purposes=purposes))) == REFUSED


@pytest.mark.parametrize(
    "text",
    [
        "CP",
        "no string",
        tcf()[:-30],
        tcf(policy_version=2),
        tcf(is_service_specific=False),
        tcf(disclosed_vendors=None),
        tcf(disclosed_vendors=IdSet.of([7])),
        tcf(cmp_id=0),
        tcf(on="2026-10-12"),
        tcf(publisher_restrictions=(Restriction(4, RestrictionType.NOT_ALLOWED, IdSet.of([755])),)),
        tcf(purposes=[3, 4], purpose_one_treatment=True),
        "BOEFEAyOEFEAyAHABDENAI4AAAB9vABAASA",
    ],
)
def test_a_tc_string_that_cannot_be_used_is_no_consent(text):
    """Malformed, of an old policy, for all sites, without vendors shown, of nobody, from tomorrow, of version 1; or it
    says no, and not the person: a publisher's restriction, a purpose that nobody was asked about.
    """
    assert answer(Row(tcf=text)) == ("CONTEXTUAL", "SIGNAL_UNUSABLE")
    assert answer(consent(), Row(tcf=text)) == ("CONTEXTUAL", "SIGNAL_UNUSABLE")


def test_a_tc_string_expires():
    """After 390 days it is an expired consent; a refusal stays one."""
    old, before = tcf(on="2025-10-01"), datetime(2026, 10, 25, tzinfo=UTC)
    assert answer(Row("2025-10-01", tcf=old), at=before) == VALID
    assert answer(Row("2025-10-01", tcf=old), at=before + timedelta(days=2)) == ("CONTEXTUAL", "CONSENT_EXPIRED")
    refused = tcf(on="2025-10-01", purposes=[])
    assert answer(Row("2025-10-01", tcf=refused)) == REFUSED


def test_a_yes_counts_from_the_day_of_the_string_and_a_no_to_its_end():
    """A string that is sent again does not bring back what the person withdrew in between."""
    withdrawn = Row("2026-10-05", kind="consent", status="ConsentWithdrawn", purpose="PersonalisedAdvertising")
    assert answer(Row("2026-10-08", tcf=tcf()), withdrawn) == ("CONTEXTUAL", "CONSENT_WITHDRAWN")
    assert answer(Row("2026-10-08", tcf=tcf(on="2026-10-06")), withdrawn) == VALID
    at_noon = consent("2026-10-01T12:00")
    assert answer(at_noon, Row(tcf=tcf(purposes=[]))) == REFUSED
    assert answer(at_noon, Row("2026-10-01T11:00", tcf=tcf(purposes=[]))) == GIVEN
    assert answer(consent("2026-10-03"), Row(tcf=tcf(purposes=[]))) == GIVEN


def test_a_publisher_looks_at_its_own_part():
    """Without a vendor id, the publisher's segment is what counts; without one nothing says yes."""
    own = PublisherTc(purposes_consent=IdSet.of([1, 3, 4]))
    publisher = {"vendor": None}
    assert answer(Row(tcf=tcf(purposes=[], publisher_tc=own)), signals=publisher) == VALID
    assert answer(Row(tcf=tcf(publisher_tc=PublisherTc())), signals=publisher) == REFUSED
    assert answer(Row(tcf=tcf()), signals=publisher) == ("CONTEXTUAL", "SIGNAL_UNUSABLE")


def test_only_named_cmps_count():
    """A string of another platform is no consent."""
    assert answer(Row(tcf=tcf()), signals={"cmps": [10]}) == VALID
    assert answer(Row(tcf=tcf()), signals={"cmps": [28]}) == ("CONTEXTUAL", "SIGNAL_UNUSABLE")


@pytest.mark.parametrize("changes", [{"channel": "email"}, {"purpose": "DirectMarketing"}])
def test_a_tc_string_says_nothing_about_what_is_sent(changes):
    """It is about advertising on a site or in an app: no consent to e-mail, and no refusal of it."""
    for text in (tcf(), tcf(purposes=[]), "no string"):
        assert answer(Row(tcf=text), **changes)[1] == "CONSENT_NEVER_ASKED"


def test_a_refusal_by_tc_string_stands_on_every_legal_basis():
    """Nobody who said no is addressed on another basis instead (G-6); an unusable string says nothing there."""
    contract = {"legal_basis": "contract"}
    assert answer(Row(tcf=tcf(purposes=[])), **contract) == REFUSED
    restricted = (Restriction(4, RestrictionType.NOT_ALLOWED, IdSet.of([755])),)
    assert answer(Row(tcf=tcf(purposes=[1], publisher_restrictions=restricted)), **contract) == REFUSED
    assert answer(Row(tcf=tcf(purposes=[], purpose_one_treatment=True)), **contract) == REFUSED
    assert answer(Row(tcf=tcf()), **contract) == ("PERSONALISED", "BASIS_CONTRACT")
    assert answer(Row(tcf="no string"), **contract) == ("PERSONALISED", "BASIS_CONTRACT")


def test_a_gpp_string_carries_the_european_string_too():
    """Section 2 counts as a TC string that came by itself."""
    texts = {name: "DBABMA~" + text for name, text in (("yes", tcf()), ("no", tcf(purposes=[])), ("bad", "CP"))}
    assert answer(Row(gpp=texts["yes"])) == VALID
    assert answer(Row(gpp=texts["no"])) == REFUSED
    assert answer(Row(gpp=texts["bad"])) == ("CONTEXTUAL", "SIGNAL_UNUSABLE")


@pytest.mark.parametrize(
    "row",
    [
        Row(gpc="1"),
        Row(gpc="true"),
        Row(us_privacy="1YYN"),
        Row(gpp="DBABLA~CVVVkkkkkpFY.YA"),
        Row(gpp="DBABBg~BVWSSSVY.YA"),
        Row(gpp="DBABTA~1YYN"),
    ],
)
def test_an_opt_out_signal_takes_personal_data_away(row):
    """From somebody who consented, on a surface and in a direct channel: the contextual decision is left."""
    assert answer(consent(), row) == OPTED_OUT
    assert answer(consent(), row, channel="email") == OPTED_OUT
    assert answer(consent(gpc=row.gpc, gpp=row.gpp, us_privacy=row.us_privacy)) == OPTED_OUT


@pytest.mark.parametrize(
    "row", [Row(gpp="DBABLA~CVQqAAAACg"), Row(gpp="?"), Row(us_privacy="1---"), Row(us_privacy="x")]
)
def test_an_opt_out_signal_that_is_not_clear_leaves_nothing_open(row):
    """Malformed, or not applicable: no personal data."""
    assert answer(consent(), row) == UNCLEAR


@pytest.mark.parametrize("row", [Row(gpc="0"), Row(gpc="yes"), Row(us_privacy="1YNN"), Row(gpp="DBAA"), Row(gpp=" ")])
def test_no_opt_out_is_no_consent(row):
    """Whoever did not opt out stays as they are: with consent, or never asked."""
    assert answer(consent(), row) == GIVEN
    assert answer(row) == ("CONTEXTUAL", "CONSENT_NEVER_ASKED")


def test_an_opt_out_signal_stops_what_it_names_and_no_more():
    """GPC is about sale, sharing and targeted advertising; a campaign that does none of them is not stopped by it."""
    own = {"uses": []}
    for row in (Row(gpc="1"), Row(us_privacy="1YYN"), Row(gpp="DBABLA~CVVVkkkkkpFY.YA"), Row(gpp="?")):
        assert answer(consent(), row, signals=own) == GIVEN
    assert answer(consent(), Row(us_privacy="1YYN"), signals={"uses": ["targeted_advertising"]}) == GIVEN
    assert answer(consent(), Row(gpc="1"), signals={"uses": ["targeted_advertising"]}) == OPTED_OUT


def test_an_opt_out_signal_holds_until_the_same_signal_or_the_person_lifts_it():
    """A visit without the header lifts nothing; a GPP string that leaves it open lifts an earlier GPP string. Global
    Privacy Control, which says one thing alone, is no new word once the person overruled it (11 CCR 7025(c)(3))."""
    gpc, later = Row("2026-10-01", gpc="1"), "2026-10-20"
    back = Row(later, kind="opt_out", status="OptOutWithdrawn", purpose="PersonalisedAdvertising")
    assert answer(consent(), gpc, Row(later, gpc="0"), Row(later, us_privacy="1YNN")) == OPTED_OUT
    assert answer(consent(), gpc, back) == GIVEN
    assert answer(consent(), gpc, back, Row("2026-10-21", gpc="1")) == GIVEN
    assert answer(consent(), back, Row("2026-10-21", gpc="1")) == OPTED_OUT, "what was not heard is not overruled"
    own = Row("2026-10-22", kind="opt_out", status="OptedOut", purpose="PersonalisedAdvertising")
    assert answer(consent(), gpc, back, Row("2026-10-21", gpc="1"), own)[1] == "PERSONALISATION_OPT_OUT"
    given = Row(later, kind="consent", status="ConsentGiven", purpose="PersonalisedAdvertising")
    assert answer(consent(), gpc, given) == OPTED_OUT, "consent to a purpose does not say that the signal was seen"
    assert answer(consent(), gpc, Row(later, purpose="signal:gpc")) == OPTED_OUT
    out, left_open = Row("2026-10-01", gpp="DBABTA~1YYN"), Row(later, gpp="DBABTA~1YNN")
    assert answer(consent(), out, left_open) == GIVEN
    assert answer(consent(), left_open, out) == GIVEN
    assert answer(consent(), Row(later, gpp="DBABTA~1YYN"), Row(later, gpp="DBABTA~1YNN")) == OPTED_OUT


@pytest.mark.parametrize("said", [{"gpp": "DBABLA~CVVVkkkkkpFY.YA"}, {"us_privacy": "1YYN"}, {"gpp": "?"}])
def test_the_same_string_again_is_no_new_word_and_another_one_in_between_makes_it_one(said):
    """Each upload of a table may have it again; who took the opt-out back after it was heard first has seen both."""
    back = Row("2026-10-20", kind="opt_out", status="OptOutWithdrawn", purpose="PersonalisedAdvertising")
    first, again = (Row(day, **said) for day in ("2026-10-01", "2026-10-25"))
    stops = answer(consent(), first)
    assert stops in (OPTED_OUT, UNCLEAR)
    assert answer(consent(), again, back, first) == GIVEN
    assert answer(consent(), again, back) == stops, "what was not heard before is not overruled"
    assert answer(consent(), first, again) == stops
    own = Row("2026-10-26", kind="opt_out", status="OptedOut", purpose="PersonalisedAdvertising")
    assert answer(consent(), first, back, again, own)[1] == "PERSONALISATION_OPT_OUT"
    other = {"gpp": "DBABTA~1YNN"} if "gpp" in said else {"us_privacy": "1YNN"}
    assert answer(consent(), first, back, Row("2026-10-22", **other), again) == stops
    assert answer(consent(), first, back, Row(again.at, **other), again) == stops, "two at once: nobody knows which"


_SAID = st.tuples(st.integers(0, 2), st.integers(0, 3), st.sampled_from([None, "", "1YYN", "1YNN", " 1YYN "]))


@given(st.lists(_SAID, max_size=12))
def test_a_column_without_repeats_is_what_each_person_said_one_by_one(said):
    """By the words of the rule, person by person and moment by moment; other signals stay as they are."""
    who, days, texts = ([row[place] for row in said] for place in range(3))
    at = np.array(days, dtype="datetime64[D]").astype("datetime64[us]")
    found = without_repeats({"us_privacy": texts, "tcf": texts, "gpc": texts}, subjects(who), at)
    assert found["tcf"] == found["gpc"] == texts
    for person in set(who):
        last = set()
        for day in sorted(set(days)):
            rows = [row for row in range(len(said)) if (who[row], days[row]) == (person, day)]
            now = {texts[row].strip() for row in rows if texts[row] and texts[row].strip()}
            is_again = len(now) == 1 and last == now
            for row in rows:
                stated = bool(texts[row] and texts[row].strip())
                assert found["us_privacy"][row] == (None if is_again and stated else texts[row])
            last = now or last


def test_what_the_person_said_themselves_comes_first():
    """An objection and an own opt-out are the reason, whatever a signal says as well."""
    objected = Row(kind="objection", status="Objected")
    out = Row(kind="opt_out", status="OptedOut")
    assert answer(consent(gpc="1"), objected)[1] == "DIRECT_MARKETING_OBJECTION"
    assert answer(consent(gpc="1"), out) == ("CONTEXTUAL", "PERSONALISATION_OPT_OUT")
    assert answer(consent(gpc="1", us_privacy="x")) == OPTED_OUT


def test_a_signal_does_not_work_backwards():
    """Records later than the decision do not exist yet."""
    assert answer(consent(), Row("2026-11-02", gpc="1")) == GIVEN


def column_of(rows: int) -> list[Row]:
    """Different rows of all sorts: a yes and a no, too early and too late, unusable and unreadable."""
    moments = ["2026-09-30", "2026-10-02", "2026-10-05T12:00", "2027-12-01"]
    kinds = [{}, {"purposes": [1]}, {"purpose_one_treatment": True, "purposes": [3, 4]}, {"disclosed_vendors": None}]
    own = [PublisherTc(IdSet.of(purposes)) for purposes in ([1], [1, 3, 4])]
    found = []
    for row in range(rows):
        text = tcf(f"2026-10-{1 + row % 7:02}", cmp_version=row, publisher_tc=own[row % 2], **kinds[row % 5 % 4])
        text = text if row % 6 else text[: 30 + row % 40]
        section = ("DBABMA~" + text, f"DBABLA~CVVV{'kV'[row % 2]}kkkkpFY.{'YQ'[row % 3 // 2]}A", None)[row % 3]
        found.append(
            Row(moments[row % 4], tcf=None if row % 11 == 0 else text, gpp=section, us_privacy="1Y-N"[: row % 9])
        )
    return found


@pytest.mark.parametrize("vendor", [755, None])
def test_a_long_column_says_what_its_rows_say_one_by_one(vendor):
    """Reading many at once changes no record: which, of what, since when and until when."""
    rows = column_of(200)
    campaign = Campaign.model_validate(changed({"consents.signals": SIGNALS | {"vendor": vendor}}))

    def records(some: list[Row], first: int) -> list[tuple]:
        at = np.array([row.at for row in some], dtype="datetime64[us]")
        heard = hear(
            {name: [getattr(row, name) for row in some] for name in ("tcf", "gpp", "us_privacy")}, at, campaign
        )
        columns = (heard.rows + first, heard.at, heard.until)
        return list(zip(heard.purposes, heard.words, *(column.tolist() for column in columns), strict=True))

    one_by_one = [record for row in range(len(rows)) for record in records(rows[row : row + 1], row)]
    assert sorted(records(rows, 0)) == sorted(one_by_one)
    said = {word for purpose, word, *_ in one_by_one if purpose == "PersonalisedAdvertising"}
    assert said == {"SIGNAL_GIVEN", "SIGNAL_REFUSED", "SIGNAL_UNUSABLE"}


def test_rows_of_signals_need_a_declaration():
    """An opt-out that stands in a column which nobody declared is not passed over in silence."""
    with pytest.raises(DataError, match="1 consent records hold signals, and the campaign declares none"):
        ConsentBook.from_columns(
            subjects=subjects([0]),
            kinds=["signal"],
            purposes=[""],
            statuses=[""],
            at=np.array(["2026-01-01"], dtype="datetime64[us]"),
        )


_TEXTS = st.none() | st.text(max_size=20)
_ROWS = st.tuples(
    st.sampled_from(["2025-06-01", "2026-10-10"]),
    _TEXTS | TCF_STRINGS.map(write_tcf),
    _TEXTS | GPP_STRINGS.map(write_gpp),
    _TEXTS | US_PRIVACY.map(write_us_privacy),
    st.sampled_from([None, "", "0", "1", "1, 0"]),
).map(lambda fields: Row(*fields))


@settings(max_examples=40)
@given(rows=st.lists(_ROWS, min_size=1, max_size=4), uses=st.lists(st.sampled_from([*Use]), unique=True))
def test_signals_never_add_a_permission_but_by_a_whole_consent_string(rows, uses):
    """Opt-out signals only take away, and a consent by signal is the consent of a TC string."""
    signals = {"uses": [use.value for use in uses]}
    standing, reason = answer(*rows, signals=signals)
    if standing == Standing.PERSONALISED.name:
        assert reason == Reason.SIGNAL_CONSENT.name
        assert any(row.tcf or "~C" in (row.gpp or "") for row in rows)
    without = answer(consent(), *(row._replace(tcf=None, gpp=None) for row in rows), signals=signals)
    assert without in {GIVEN, OPTED_OUT, UNCLEAR}
    if uses and any(row.gpc == "1" for row in rows):
        assert without == OPTED_OUT
