"""The same with the home's own records: a person's whole way, from an offer to being erased."""

from __future__ import annotations

import re
from datetime import timedelta
from hashlib import sha256

from evenhand.adapters.entry.used_links import UsedLinks
from evenhand.adapters.stores.database import database_of
from evenhand.assembly import (
    check_receipt,
    consent_history,
    erase,
    list_requests,
    retention,
    verify_ledger,
    verify_rights,
)
from evenhand.explanation import text
from portal_cases import AT, Browser


def _csrf(page):
    return re.search(r'name="csrf" value="([0-9a-f]+)"', page).group(1)


def _enter(shop, person):
    browser = Browser(shop.app)
    return browser, browser.post(shop.me_link(person), data={"lang": "en"}).text


def test_a_whole_way(real, tmp_path):
    """Offer, why, one fact off, another decision, objection, no more, erased; the old proof holds and names nobody."""
    person = real.who("tea")
    link = real.why_link(person)
    page = Browser(real.app).get(link + "?lang=en").text
    named = re.findall(r'name="name" value="([^"]+)"', page.split('value="factor-off"')[0])
    after = Browser(real.app).post(link, data={"do": "factor-off", "name": named, "lang": "en"}).text
    assert "From now on this does not count for you." in after
    real.now += timedelta(minutes=2)
    decided = real.decide(person, real.now)
    found, _ = real.house.desk(person).record.decision(decided["decision"])
    assert len(found.switched_off) == len(named)
    real.now += timedelta(minutes=2)

    browser, page = _enter(real, person)
    old = browser.get(f"/me/why/{real.decision_of(person)}.receipt.html").text
    page = browser.post("/me", data={"do": "object", "csrf": _csrf(page), "lang": "en"}).text
    real.now += timedelta(minutes=2)
    assert real.decide(person, real.now)["permission"] == "direct-marketing-objection"
    page = browser.get("/me?lang=en").text
    assert page.count("Of these, 0 used it.") == len(named)
    assert "Your objection has held since 2 March 2026. After that, decisions about you: 1. Of these, 0 used" in page
    assert verify_ledger(home=real.home.folder).ok
    assert verify_rights(home=real.home.folder).ok

    real.now += timedelta(minutes=2)
    erase(person, home=real.home.folder, at=real.now)
    real.start()
    assert "Nothing was decided about you." in browser.get("/me?lang=en").text
    assert Browser(real.app).get(link).status_code == 410
    path = tmp_path / "old.html"
    path.write_text(old, encoding="utf-8")
    assert check_receipt(path).ok
    assert person not in old


def test_a_decision_whose_time_is_over_is_on_no_page(real):
    """After retention took it the page is there without it, and its link leads nowhere."""
    person = real.who("tea")
    link = real.why_link(person, hours=24 * 20_000)
    real.now = AT + timedelta(days=365 * 40)
    retention(home=real.home.folder, at=real.now, dry_run=False)
    real.start()
    _, page = _enter(real, person)
    assert "Nothing was decided about you." in page
    assert Browser(real.app).get(link).status_code == 410


def test_what_is_kept_of_a_choice_is_the_evidence_for_it(real):
    """Which word, when, in which language, after which text, by whom; and nothing twice."""
    person = real.who("tea")
    browser, page = _enter(real, person)
    for _ in range(2):
        sent = {"do": "factor-off", "name": "visits", "csrf": _csrf(page), "lang": "en"}
        page = browser.post("/me", data=sent).text
    (said,) = consent_history(person, home=real.home.folder).said
    assert (said.kind, said.purpose, said.status, said.actor) == ("factor", "visits", "SwitchedOff", "person")
    assert (said.at, said.language, said.method) == (real.now, "en", "own pages")
    read = f"{text('portal.factor-off', 'en')}: how often you came to the shop"
    assert said.notice_hash == sha256(read.encode()).hexdigest()


def test_what_the_browser_said_is_kept_as_that(real):
    """Not as a word of the person."""
    person = real.who("tea")
    browser = Browser(real.app, {"Sec-GPC": "1"})
    browser.post(real.me_link(person))
    (said,) = consent_history(person, home=real.home.folder).said
    assert (said.kind, said.status, said.method) == ("signal", "SignalledNo", "Sec-GPC")


def test_what_was_said_elsewhere_counts_and_is_shown(real):
    """A word that staff recorded stands in the history, and taking it back on the page takes that back too."""
    from evenhand.assembly import say

    person = real.who("tea")
    say(person, "opt-out", "Marketing", home=real.home.folder, at=real.now, actor="desk 3")
    real.now += timedelta(minutes=1)
    browser, page = _enter(real, person)
    assert 'personalisation off: marketing <span class="soft">(by the organisation, for you)' in page
    browser.post("/me", data={"do": "personal-on", "csrf": _csrf(page), "lang": "en"})
    real.now += timedelta(minutes=1)
    assert real.decide(person, real.now)["standing"] == "personalised"


def test_a_request_has_the_deadline_of_the_law(real):
    """One month; it reaches whoever answers, with what the person wrote kept away from the page."""
    person = real.who("bread")
    browser, page = _enter(real, person)
    sent = {"do": "ask", "name": "access", "words": "everything please", "csrf": _csrf(page), "lang": "en"}
    page = browser.post("/me/ask", data=sent).text
    (asked,) = list_requests(home=real.home.folder, who=person)
    assert asked.number in page
    assert "Answer by 2 April 2026 at the latest." in page
    assert "everything please" not in page
    decision = real.decision_of(person)
    sent = {"do": "ask", "name": "human_review", "about": decision, "csrf": _csrf(page), "back": f"/me/why/{decision}"}
    page = browser.post("/me/ask", data=sent)
    assert page.url.path == "/me"  # where the day of the answer stands
    assert sorted(one.kind.value for one in list_requests(home=real.home.folder)) == ["access", "human_review"]


def test_a_review_of_somebody_elses_decision_cannot_be_asked(real):
    """Nothing is recorded, and nothing is told of the other."""
    browser, page = _enter(real, real.who("tea"))
    sent = {"do": "ask", "name": "human_review", "about": real.decision_of(real.who("bread")), "csrf": _csrf(page)}
    told = browser.post("/me/ask", data={**sent, "lang": "en"})
    assert "Nothing changed" in told.text
    assert list_requests(home=real.home.folder) == ()


def test_a_used_link_stays_used_when_the_server_is_started_anew(real):
    """Its mark is in the home, and leads to nobody; once its time is past it is forgotten."""
    link = real.me_link(real.who("tea"))
    assert Browser(real.app).post(link).status_code == 200
    real.start()
    assert Browser(real.app).post(link).status_code == 403
    assert UsedLinks(lambda: database_of(real.home)).forget(AT + timedelta(days=30)) == 1


def test_a_decision_goes_by_one_id_and_is_its_persons_alone(real):
    """Another person's id, an id that never was, and another spelling of the same number all open nothing."""
    person = real.who("tea")
    desk = real.house.desk(person)
    decision = desk.record.last[0].decision_id
    run, _, number = decision.rpartition(".")
    assert desk.record.decision(decision)[0].subject == desk.record.last[0].subject
    others = [f"{run}.{one}" for one in range(1, 12) if str(one) != number]
    for other in (
        *others,
        f"{run}.0{number}",
        f"{run}.+{number}",
        f"{run}.",
        run,
        "",
        "last",
        f" {decision}",
        "x" * 9_000,
    ):
        assert desk.record.decision(other) is None, other
