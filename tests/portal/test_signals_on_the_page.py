"""What browsers, apps and the organisation's own tables say is on the person's page, and a later choice overrules."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from html import unescape

import pytest

from evenhand import assembly
from evenhand.portal import Trace, Word, effect_of, said_once, signals_out, standing
from evenhand.rights import said_by_signal
from portal_cases import AT, Browser, Shop, write_corner_shop

US_OPTED_OUT, US_OPEN, OLD_NO = "DBABLA~CVVVkkkkkpFY.YA", "DBABLA~CAAqAAAAAAAA.QA", "1YYN"


def _words(page):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def _enter(shop, person, **headers):
    browser = Browser(shop.app, headers)
    return browser, browser.post(shop.me_link(person), data={"lang": "en"}).text


def _csrf(page):
    return re.search(r'name="csrf" value="([0-9a-f]+)"', page).group(1)


def _hear(shop, person, **signals):
    campaigns = list(shop.house.desk(person).record.deciding().values())
    return assembly.hear_signals(person, signals, campaigns, home=shop.home.folder, at=shop.now)


def _row(page, name):
    """The part of the page about one signal."""
    section = page[page.index('id="signals"') :]
    return _words(section[section.index(name) :].split("</li>")[0])


def test_an_opt_out_by_string_is_shown_with_its_effect_and_can_be_overruled(real):
    """Since when, what it does here, how many decisions since and how many against; one click says otherwise."""
    person = real.who("tea")
    _hear(real, person, gpp=US_OPTED_OUT)
    real.now += timedelta(minutes=1)
    assert real.decide(person, real.now)["permission"] == "signal-opt-out"
    real.now += timedelta(minutes=1)
    browser, page = _enter(real, person)
    row = _row(page, "Your choice under American rules (GPP)")
    assert "Heard on 2 March 2026. We keep to it: your data does not count." in row
    assert "After that, decisions about you: 1. Of these, 0 used your data." in row
    assert "heard a no: Your choice under American rules (GPP) (by your browser)" in _words(page)
    assert page.count('value="personal-on"') == 2, "at the master switch, which is off by it, and at the signal"
    page = browser.post("/me", data={"do": "personal-on", "csrf": _csrf(page), "lang": "en"}).text
    assert "You chose otherwise here later, and that counts." in _row(page, "Your choice under American rules (GPP)")
    assert 'value="personal-off"' in page
    real.now += timedelta(minutes=1)
    assert real.decide(person, real.now)["standing"] == "personalised"
    assert _hear(real, person, gpp=US_OPTED_OUT).overruled == ("gpp",)
    real.now += timedelta(minutes=1)
    assert real.decide(person, real.now)["standing"] == "personalised"


def test_a_signal_that_opens_something_is_no_consent_and_has_no_button(real):
    """It is shown as what it is."""
    person = real.who("tea")
    _hear(real, person, gpp=US_OPEN)
    _, page = _enter(real, person)
    assert "It is not a no. It is no consent either." in _row(page, "(GPP)")
    assert "button" not in page[page.index('id="signals"') :].split("</section>")[0]


def test_the_browsers_own_signal_counts_since_it_was_heard_and_overrules_an_older_yes(real):
    """Somebody who once took an opt-out back and now sends Global Privacy Control is opted out; their next yes counts,
    also while the browser goes on sending it."""
    person = real.who("tea")
    home = real.home.folder
    assembly.say(person, "opt-out", "", home=home, at=real.now)
    assembly.say(person, "take-back-opt-out", "", home=home, at=real.now + timedelta(minutes=1))
    real.now += timedelta(minutes=5)
    browser, page = _enter(real, person, **{"Sec-GPC": "1"})
    assert "We keep to it" in _row(page, "Do not track me (Global Privacy Control)")
    real.now += timedelta(minutes=1)
    assert real.decide(person, real.now)["permission"] == "signal-opt-out"
    page = browser.post("/me", data={"do": "personal-on", "csrf": _csrf(page), "lang": "en"}).text
    assert "You chose otherwise here later" in _row(page, "Do not track me (Global Privacy Control)")
    real.now += timedelta(minutes=1)
    browser.get("/me?lang=en")
    assert real.decide(person, real.now)["standing"] == "personalised"


def test_an_opt_out_beside_the_persons_own_stays_the_browsers_when_they_take_back_theirs(real):
    """Own no, then the signal, then their own yes: the yes is later than both, so it counts."""
    person = real.who("bread")
    browser, page = _enter(real, person)
    browser.post("/me", data={"do": "personal-off", "csrf": _csrf(page)})
    real.now += timedelta(minutes=1)
    browser, page = _enter(real, person, **{"Sec-GPC": "1"})
    said = assembly.consent_history(person, home=real.home.folder).said
    assert [one.is_by_browser for one in said] == [False, True]
    real.now += timedelta(minutes=1)
    browser.post("/me", data={"do": "personal-on", "csrf": _csrf(page)})
    real.now += timedelta(minutes=1)
    browser.get("/me")
    assert real.decide(person, real.now)["standing"] == "personalised"


def test_what_stands_in_the_organisations_own_table_is_shown_and_can_be_taken_back(real):
    """Consent, an opt-out and an objection that were never told to the home: the switches show them, with their day."""
    person = real.who("tea")
    with real.campaign.with_name("said.csv").open("a", encoding="utf-8") as file:
        file.write(f"{person},opt_out,dpv:Marketing,OptedOut,2026-02-01\n")
        file.write(f"{person},objection,,Objected,2026-02-02T10:00:00+01:00\n")
    browser, page = _enter(real, person)
    text = _words(page)
    assert "You gave consent for this on 1 January 2026. (stands in a list of the organisation)" in text
    assert 'value="personal-on"' in page
    assert 'value="object-back"' in page
    assert "Off since 1 February 2026." in text
    assert "personalisation off: marketing (stands in a list of the organisation)" in text
    assert 'value="give"' not in page, "nobody is asked for what they gave"
    for do in ("personal-on", "object-back"):
        page = browser.post("/me", data={"do": do, "csrf": _csrf(page), "lang": "en"}).text
    real.now += timedelta(minutes=1)
    assert real.decide(person, real.now)["standing"] == "personalised"
    assert 'value="personal-off"' in page
    assert 'value="object"' in page


def test_a_consent_that_was_withdrawn_shows_its_effect(real):
    """Counted over the decisions for that purpose alone."""
    person = real.who("tea")
    browser, page = _enter(real, person)
    sent = {"do": "withdraw", "name": "PersonalisedAdvertising", "csrf": _csrf(page), "lang": "en"}
    browser.post("/me", data=sent)
    for _ in range(2):
        real.now += timedelta(minutes=1)
        real.decide(person, real.now)
    real.now += timedelta(minutes=1)
    page = browser.get("/me?lang=en").text
    part = _words(page[page.index('id="purposes"') :].split("</section>")[0])
    assert "After that, decisions about you: 2. Of these, 0 used your data." in part
    assert "(by you)" in part


def test_an_effect_that_is_not_what_was_promised_is_told_as_that():
    """The page does not count what should be, but what the ledger has: one against is one against."""
    traces = [
        Trace(AT + timedelta(days=day), frozenset(), day == 3, False, "A" if day % 2 else "B") for day in range(1, 5)
    ]
    assert effect_of("consent", "A", AT, traces).against == 1
    assert effect_of("consent", "B", AT, traces).against == 0
    assert (effect_of("signal", "", AT, traces).decisions, effect_of("signal", "", AT, traces).against) == (4, 1)


def test_the_same_string_said_again_in_a_table_is_the_same_word_on_the_page_too():
    """So the page says, as decisions do, that what the person chose in between counts; another string is a new word."""

    def said(day, string="", kind="signal", status="SignalledNo"):
        about = "us_privacy" if kind == "signal" else ""
        return Word(kind, about, status, AT + timedelta(days=day), "browser", string)

    back = said(2, kind="opt_out", status="OptOutWithdrawn")
    first, again, opened = said(1, OLD_NO), said(3, OLD_NO), said(3, "1YNN", status="Signalled")
    late = AT + timedelta(days=9)
    assert said_once([again, back, first]) == [first, back]
    assert signals_out(standing(said_once([again, back, first]), late)) == ()
    assert said_once([first, back, opened, again]) == [first, back, opened, again], "two at once: nobody knows which"
    last = said(4, OLD_NO)
    assert signals_out(standing(said_once([first, back, opened, last]), late)) == (last,)


CLAUSE = "consents: {file: said.csv, signals: {gpp: gpp, us_privacy: usp, gpc: gpc, uses: []}}"


@pytest.fixture(scope="module")
def own_data(tmp_path_factory):
    """A shop that sells and shares nothing, with signals in its table."""
    folder = tmp_path_factory.mktemp("own-data")
    campaign = write_corner_shop(folder, people=150)
    campaign.write_text(campaign.read_text("utf-8").replace("consents: {file: said.csv}", CLAUSE), "utf-8")
    rows = (folder / "said.csv").read_text("utf-8").splitlines()
    lines = [rows[0] + ",gpp,usp,gpc", *(f"{row},,," for row in rows[1:])]
    lines.append(f"canary1@mail.example,signal,,,2026-02-01,{US_OPTED_OUT},,1")
    lines.append(f"canary2@mail.example,signal,,,2026-02-01,,{OLD_NO},")
    (folder / "said.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Shop(campaign, assembly.run_campaign(campaign, at=AT), is_real=True)


def test_a_signal_says_what_it_does_here_and_no_more(own_data):
    """Where nothing is sold or shared an opt-out of that changes nothing, and the page does not claim that it does."""
    for person, names in (("canary1@mail.example", ("(GPP)", "Do not track me")), ("canary2@mail.example", ("old",))):
        _, page = _enter(own_data, person)
        for name in names:
            row = _row(page, name)
            assert "Heard on 1 February 2026." in row
            assert "It changes nothing here." in row
        assert 'value="personal-off"' in page, "the master switch is on"


def test_global_privacy_control_changes_nothing_where_nothing_is_sold_or_shared(own_data):
    """C-7025: it is about sale and sharing, not about what a shop does with its own data; the page says what it heard,
    and that it stops nothing here."""
    person = own_data.who("tea")
    browser, page = _enter(own_data, person, **{"Sec-GPC": "1"})
    assert "For these offers nobody does that." in _words(page)
    assert "It changes nothing here." in _row(page, "Do not track me")
    assert 'value="personal-off"' in page
    own_data.now += timedelta(minutes=1)
    assert own_data.decide(person, own_data.now)["standing"] == "personalised"
    page = browser.post("/me", data={"do": "personal-off", "csrf": _csrf(page), "lang": "en"}).text
    assert "We do as it asks: personalisation is off." in page


def test_an_opt_out_that_was_kept_of_a_browser_before_stays_one_until_it_is_taken_back(real):
    """Records of before the signal had a kind of its own were opt-outs of everything, and are not made less."""
    person, home = real.who("tea"), real.home.folder
    assembly.say(person, "opt-out", "", home=home, at=real.now, method="browser signal")
    real.now += timedelta(minutes=1)
    browser, page = _enter(real, person, **{"Sec-GPC": "1"})
    assert len(assembly.consent_history(person, home=home).said) == 1
    assert "We keep to it" in _row(page, "Do not track me")
    real.now += timedelta(minutes=1)
    assert real.decide(person, real.now)["permission"] == "personalisation-opt-out"
    page = browser.post("/me", data={"do": "personal-on", "csrf": _csrf(page), "lang": "en"}).text
    assert "You chose otherwise here later" in _row(page, "Do not track me")
    real.now += timedelta(minutes=1)
    browser.get("/me?lang=en")
    assert real.decide(person, real.now)["standing"] == "personalised"


def test_a_record_of_a_signal_is_what_came(real):
    """Its string stands neither in what is printed of it nor in what is kept openly; with the private part it comes
    back letter by letter."""
    said = said_by_signal("gpp", US_OPTED_OUT, AT, says_no=True, actor="person")
    assert US_OPTED_OUT not in repr(said)
    assert US_OPTED_OUT.encode() not in said.to_body()
    whole = json.dumps(json.loads(said.to_body()) | said.private).encode()
    assert type(said).from_body(whole, said.microseconds) == said
    assert said.is_no
    assert said.is_by_browser


@pytest.mark.parametrize(("lang", "said"), [("nl", "uw browser of app zei nee"), ("en", "your browser or app said no")])
def test_what_was_heard_is_in_an_access_answer_and_gone_after_an_erasure(real, lang, said):
    """The string itself is personal data: told in full to the person alone, and taken out with them."""
    person, home = real.who("tea"), real.home.folder
    _hear(real, person, gpp=US_OPTED_OUT)
    page = _words(assembly.package_about(person, home=home, at=real.now, lang=lang).to_html())
    assert said in page
    assert US_OPTED_OUT in page
    real.now += timedelta(minutes=1)
    assembly.erase(person, home=home, at=real.now)
    assert assembly.consent_history(person, home=home).said == ()
    held = [file for file in home.rglob("*") if file.is_file() and US_OPTED_OUT.encode() in file.read_bytes()]
    assert held == []
    assert assembly.verify_rights(home=home).ok
