"""No deceptive design (EDPB 03/2022, 11 CCR 7004): off is as near as on, nothing is chosen beforehand, nobody nags."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from evenhand import assembly
from portal_cases import Browser

FACTS = ("visits", "days", "tea_drinker", "big_spender")
PAIRS = {
    "personal-off": "personal-on",
    "object": "object-back",
    "withdraw": "give",
    **{f"factor-off {name}": f"factor-on {name}" for name in FACTS},
}
US_OPTED_OUT = "DBABLA~CVVVkkkkkpFY.YA"


def _enter(shop, person):
    browser = Browser(shop.app)
    return browser, browser.post(shop.me_link(person), data={"lang": "en"}).text


def _csrf(page):
    return re.search(r'name="csrf" value="([0-9a-f]+)"', page).group(1)


def _offered(page):
    """What one click on this page does, each with the form around it."""
    found = {}
    for form in re.findall(r"<form method=\"post\".*?</form>", page, re.DOTALL):
        do = re.search(r'name="do" value="([^"]+)"', form)
        if do and do.group(1) != "ask":
            names = re.findall(r'name="name" value="([^"]+)"', form)
            word = do.group(1)
            found[f"{word} {names[0]}" if word.startswith("factor") else word] = form
    for button in re.findall(r'<button form="fact"[^>]*>', page):
        found[re.search(r'value="([^"]+)"', button).group(1)] = button
    return found


def _all_off(shop, browser, page):
    for one in PAIRS:
        word, _, name = one.partition(" ")
        sent = {"do": word, "name": name or "PersonalisedAdvertising", "csrf": _csrf(page), "lang": "en"}
        page = browser.post("/me", data=sent).text
        shop.now += timedelta(seconds=10)
    return page


def test_everything_that_can_be_switched_on_can_be_switched_off_in_as_few_clicks(real):
    """One click each way, on the same page, in a form of the same shape; before and after."""
    browser, page = _enter(real, real.who("tea"))
    on = _offered(page)
    assert set(PAIRS) <= set(on)
    assert not set(PAIRS.values()) & set(on)
    off = _offered(_all_off(real, browser, page))
    assert set(PAIRS.values()) <= set(off)
    for no, yes in PAIRS.items():
        assert on[no].count("<input") == off[yes].count("<input")
        assert on[no].count("form=") == off[yes].count("form=")
        assert re.findall(r"<button[^>]*class=", on[no] + off[yes]) == []


def test_nothing_is_chosen_beforehand_and_nothing_hides_a_choice(real):
    """No box, list or timer; no choice lies folded away; yes is asked of nobody who said no."""
    browser, page = _enter(real, real.who("tea"))
    pages = [page, _all_off(real, browser, page), browser.get(f"/me/why/{real.decision_of(real.who('tea'))}").text]
    for one in pages:
        assert not re.search(r"checked|selected|http-equiv=.refresh|type=.(checkbox|radio)", one)
        assert "autofocus" not in one
    for folded in re.findall(r"<details.*?</details>", pages[1], re.DOTALL):
        assert not re.search(r'value="(personal-off|object|withdraw|factor-off[^"]*)"', folded)


def test_a_no_stays_a_no_and_is_not_asked_about_again(real):
    """C-7026. However often the page is opened, in either language: the very same page, not only for twelve months."""
    person = real.who("tea")
    browser, page = _enter(real, person)
    _all_off(real, browser, page)
    seen = set()
    for _ in range(3):
        real.now += timedelta(days=30)
        browser, page = _enter(real, person)
        seen.add(re.sub(r'value="[0-9a-f]{64}"', "", page))
    assert len(seen) == 1


@pytest.mark.parametrize("said", [{"gpp": US_OPTED_OUT}, {"gpc": "1"}])
def test_what_a_browser_said_is_overruled_only_by_a_button_that_says_so(real, said):
    """Neither by opening a page, nor by changing something else, nor by a yes to something else."""
    person = real.who("tea")
    campaigns = list(real.house.desk(person).record.deciding().values())
    assembly.hear_signals(person, said, campaigns, home=real.home.folder, at=real.now)
    real.now += timedelta(minutes=1)
    browser, page = _enter(real, person)
    for do, name in (("factor-off", "visits"), ("factor-on", "visits"), ("object", ""), ("object-back", "")):
        page = browser.post("/me", data={"do": do, "name": name, "csrf": _csrf(page)}).text
        real.now += timedelta(seconds=30)
    assert real.decide(person, real.now)["standing"] == "contextual"


def test_a_no_is_at_most_two_clicks_from_every_page(real):
    """The page of a decision has the switches itself; each other own page leads to them."""
    browser, _ = _enter(real, real.who("tea"))
    for path in (f"/me/why/{real.decision_of(real.who('tea'))}", "/how"):
        page = browser.get(path).text
        assert 'value="personal-off"' in page or 'href="/me?' in page
