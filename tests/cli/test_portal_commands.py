"""A link for a person, by command; and the pages as a home has them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from evenhand.assembly import person_pages_of
from portal_cases import Browser

PERSON = "canary2@mail.example"
HOME = ("--home", "evenhand-home")


def _path(done):
    return done.stdout.strip().removeprefix("https://shop.example/privacy")


def test_a_link_leads_to_the_persons_pages(ran, cli):
    """To own pages once, to one decision as often as it is opened; what is chosen there is in the home."""
    app = person_pages_of(ran / "evenhand-home")
    site = ("--site", "https://shop.example/privacy/")
    own = _path(cli(ran, "portal", "link", PERSON, *HOME, *site))
    assert Browser(app).post(own).status_code == 200
    assert Browser(app).post(own).status_code == 403
    why = _path(cli(ran, "portal", "link", PERSON, "--decision", "last", *HOME, *site))
    for _ in range(2):
        assert Browser(app).get(why).status_code == 200
    assert "Gedaan." in Browser(app).post(why, data={"do": "personal-off", "lang": "nl"}).text
    said = json.loads(cli(ran, "consent", "history", PERSON, *HOME, "--json").stdout)
    assert "OptedOut" in json.dumps(said)


def test_a_link_as_json_says_how_often_it_works(ran, cli):
    """For the program that sends it."""
    told = json.loads(cli(ran, "portal", "link", PERSON, *HOME, "--json").stdout)
    assert told["link"].startswith("/in/")
    assert (told["days"], told["once"], told["known"]) == (7, True, True)


def test_a_link_for_somebody_whom_nobody_knows_is_made_with_a_warning(ran, cli):
    """It may be a slip of the pen: said where the link is made, which is the organisation's own desk."""
    done = cli(ran, "portal", "link", "nobody@mail.example", *HOME)
    assert done.stdout.startswith("/in/")
    assert "nobody here by that id has any record" in done.stderr
    assert "nobody@mail.example" not in done.stderr
    assert json.loads(cli(ran, "portal", "link", "nobody@mail.example", *HOME, "--json").stdout)["known"] is False
    assert "WARNING" not in cli(ran, "portal", "link", PERSON, *HOME).stderr


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("nobody@mail.example", "--decision", "last"), 3, "no such decision about this person"),
        ((PERSON, "--decision", "20200101T000000Z-000000.1"), 3, "no such decision about this person"),
        ((PERSON, "--days", "0"), 2, "cannot be good for 0 days"),
        ((PERSON, "--days", "91"), 2, "cannot be good for 91 days"),
        ((PERSON, "--site", "http://shop.example"), 2, "does not begin with https://"),
    ],
)
def test_what_is_no_link_is_refused(ran, cli, words, code, said):
    """In three parts, and without the person's id."""
    done = cli(ran, "portal", "link", *words, *HOME)
    assert done.exit_code == code
    assert said in done.stderr
    assert "mail.example" not in done.stderr


def test_a_home_without_a_key_makes_no_links(shop, cli):
    """Nor serves pages: anybody could make the links."""
    done = cli(shop, "portal", "link", PERSON, "--home", "nowhere")
    assert done.exit_code == 3
    assert "has no key yet" in done.stderr
    assert not Path(shop / "nowhere").exists()
    assert cli(shop, "portal", "serve", "--home", "nowhere").exit_code == 3


@pytest.mark.postgres
def test_the_pages_stand_on_a_server_too(ran_there, cli, monkeypatch):
    """A home on PostgreSQL: a link works once, what is switched off there is heard by the next decision."""
    shop = ran_there.folder
    monkeypatch.setenv("EVENHAND_DATABASE", ran_there.url)
    app = person_pages_of(shop / "evenhand-home")
    own = cli(shop, "portal", "link", PERSON, *HOME).stdout.strip()
    browser = Browser(app)
    page = browser.post(own, data={"lang": "en"}).text
    assert Browser(app).post(own).status_code == 403
    csrf = re.search(r'name="csrf" value="([0-9a-f]+)"', page).group(1)
    page = browser.post("/me", data={"do": "factor-off", "name": "visits", "csrf": csrf, "lang": "en"}).text
    assert "From now on this does not count for you." in page
    assert cli(shop, "decide", "campaign.yaml", PERSON, *HOME).exit_code == 0
    assert "number of visits: you switched this off" in cli(shop, "why", PERSON, *HOME).stdout
    assert "Of these, 0 used it." in browser.get("/me?lang=en").text
