"""The pages as they are written: light, plain, without a script, without a trick, and safe whatever a campaign says."""

from __future__ import annotations

import dataclasses
import re
from datetime import UTC, datetime
from html import unescape

import pytest

from evenhand.assembly import run_campaign
from evenhand.portal import (
    Ask,
    Asked,
    Choice,
    Consent,
    Effect,
    Factors,
    Me,
    Objection,
    Personalisation,
    Place,
    Purpose,
    Right,
    Switch,
    Word,
    door_page,
    how_page,
    intent_of,
    is_protective,
    left_page,
    me_page,
    refused_page,
    root_page,
    standing,
    style,
    why_page,
    words_of,
)
from evenhand.terms import Standing
from page_reader import HOSTILE, read
from portal_cases import Shop, write_corner_shop

AT = datetime(2026, 3, 2, tzinfo=UTC)
OWN = Place("/me", "/portal.css", "/how", "/me", "/me/ask", "/me", "/me/why/", "/me/leave", "/r", "/f", "token", "/me")
LINK = Place("/why/x", "/portal.css", "/how", "/why/x")
HEAVIEST = 50 * 1024
LONGEST_SENTENCE = 25


def _person(opened, kind):
    """Somebody to whom this happened, and the decision about them."""
    columns = opened.run.columns
    for person, offer, how, decision in zip(
        *(columns[name] for name in ("person", "offer", "standing", "decision")), strict=True
    ):
        wanted = (
            how == "contextual" if kind == "contextual" else (how, offer is None) == ("personalised", kind == "none")
        )
        if wanted:
            return opened.house.desk(person), decision
    raise AssertionError(kind)


def _why(opened, kind="offer", lang="nl"):
    desk, decision = _person(opened, kind)
    return desk.why(decision, lang)


def _me(**changes):
    effect = Effect(AT, 12, 0)
    full = Me(
        sender="Winkel",
        contact="privacy@winkel.example",
        decided=(),
        count=0,
        personalisation=Switch("", "", None),
        objection=None,
        factors=(Switch("visits", "bezoeken"), Switch("days", "dagen", effect)),
        purposes=(Purpose("DirectMarketing", "direct marketing", "uw toestemming", True, "given", AT, "Ja."),),
        choices=(Choice(AT, "factor-off", "dagen", "person"),),
        requests=(Asked("R-1", "access", AT, AT.date(), "received", True),),
    )
    return dataclasses.replace(full, **changes)


def _all_pages(opened, lang):
    out = {f"why-{kind}": why_page(_why(opened, kind, lang), LINK) for kind in ("offer", "none", "contextual")}
    out["why-own"] = why_page(_why(opened, "offer", lang), OWN)
    out["me"] = me_page(_me(), OWN, lang)
    off = _me(personalisation=Switch("", "", Effect(AT, 0, 0)), objection=Effect(AT, 3, 1), browser_says_no=True)
    out["me-off"] = me_page(off, dataclasses.replace(OWN, done="object"), lang)
    out["how"] = how_page("Winkel", "https://winkel.example/mens", OWN, lang)
    out["door"] = door_page("Winkel", "bel ons", LINK, lang, minutes=30)
    out["left"] = left_page("Winkel", "", LINK, lang)
    for why in ("link", "no-visit", "session", "form", "unknown"):
        out[f"refused-{why}"] = refused_page(why, "Winkel", "x@y.example", LINK, lang)
    out["root"] = root_page("Winkel", "x@y.example", OWN, lang, programs="/o", how="/how", me="/me", staff="/staff/")
    out["root-bare"] = root_page("", "", Place("/", "", ""), lang, programs="/o")
    coded = dataclasses.replace(LINK, enter="/me/enter")
    out["refused-code"] = refused_page("no-visit", "Winkel", "x@y.example", coded, lang, minutes=30)
    return out


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_every_page_is_light_whole_and_asks_nobody_else(opened, lang):
    """At most 50 kB with its style; well formed; no script, no inline style, no address outside."""
    for name, page in _all_pages(opened, lang).items():
        reader = read(page)
        assert len(page.encode()) + len(style().encode()) <= HEAVIEST, name
        assert not reader.open, name
        assert not {"script", "style", "iframe", "img"} & set(reader.tags), name
        assert not reader.events, name
        assert "style=" not in page, name
        outside = re.findall(r'(?:src|href|action)="(?!/|#|mailto:)([^"]*)', page)
        assert set(outside) <= {"https://winkel.example/mens"}, name
        assert len(reader.ids) == len(set(reader.ids)), name
    assert "url(" not in style()
    assert "@import" not in style()


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_every_sentence_can_be_read(opened, lang):
    """At most 25 words, as the person sees them, filled in."""
    for name, page in _all_pages(opened, lang).items():
        blocks = re.findall(r"<(?:p|li|h1|h2|h3|label|button|summary)[^>]*>(.*?)</", page, re.DOTALL)
        for block in blocks:
            words = unescape(re.sub(r"<[^>]+>", " ", block))
            for sentence in re.split(r"[.?!:;](?:\s|$)", words):
                assert len(sentence.split()) <= LONGEST_SENTENCE, (name, sentence)


def test_nothing_that_a_campaign_says_becomes_part_of_a_page(opened):
    """Texts of offers, facts and senders are shown as text."""
    why = _why(opened)
    told = dataclasses.replace(
        why.told,
        headline=HOSTILE,
        offer=HOSTILE,
        factors=tuple(dataclasses.replace(one, meaning=HOSTILE, value=HOSTILE) for one in why.told.factors),
        not_used=((HOSTILE, HOSTILE),),
    )
    switches = {name: Switch(name, HOSTILE) for name in why.switches}
    page = why_page(dataclasses.replace(why, told=told, switches=switches), LINK)
    page += me_page(_me(sender=HOSTILE, contact=HOSTILE, factors=(Switch(HOSTILE, HOSTILE),)), OWN, "nl")
    page += how_page("x", 'https://x.example/"><script>', LINK, "nl")
    page += how_page("x", "javascript:alert(1)", LINK, "nl")
    assert not {"script", "img", "style"} & set(read(page).tags)
    assert not read(page).events
    assert 'href="javascript:' not in page
    assert 'href="https://x.example' not in page


def test_the_two_buttons_are_alike_and_off_is_one_click(opened):
    """The same element, the same class, each alone in a form that needs nothing filled in."""
    page = why_page(_why(opened), LINK)
    choose = re.search(r'<section class="choose".*?</section>', page, re.DOTALL).group()
    forms = re.findall(r"<form.*?</form>", choose, re.DOTALL)
    assert [re.findall(r"<button[^>]*>", form) for form in forms] == [
        ['<button name="do" value="factor-off">'],
        ['<button name="do" value="personal-off">'],
    ]
    assert all("hidden" in field for form in forms for field in re.findall(r"<input[^>]*>", form))


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_nothing_is_ticked_beforehand_and_nobody_is_asked_twice(opened, lang):
    """No checked box, no default choice, no question whether one is sure."""
    for name, page in _all_pages(opened, lang).items():
        assert not re.search(r"\b(checked|selected|autofocus|required)\b", re.sub(r">[^<]*<", "><", page)), name
        assert not re.search(r"weet u (het )?zeker|are you sure|jammer|sorry to see", page, re.IGNORECASE), name


def test_off_never_takes_more_clicks_than_on(opened):
    """Everything that can be switched on where the person is, can be switched off there, with one button each."""
    on = me_page(_me(personalisation=Switch("", "", Effect(AT, 1, 0)), objection=Effect(AT, 1, 0)), OWN, "nl")
    off = me_page(_me(), OWN, "nl")
    assert on.count('value="personal-on"') == off.count('value="personal-off"') == 1
    assert on.count('value="object-back"') == off.count('value="object"') == 1
    assert off.count('value="factor-on days"') == off.count('value="factor-off visits"') == 1
    withdraw = me_page(_me(purposes=(Purpose("M", "m", "b", True, "unknown", None, ""),)), OWN, "nl")
    assert withdraw.count('value="give"') == withdraw.count('value="withdraw"') == 1
    assert withdraw.index('value="withdraw"') < withdraw.index('value="give"')


def test_what_the_page_names_is_true_and_whole(opened):
    """Every factor of the decision is on the page, with the share that it has; shares add up to everything."""
    why = _why(opened)
    page = why_page(why, LINK)
    assert all(factor.meaning in unescape(page) for factor in why.told.factors)
    shares = [float(x) for x in re.findall(r'class="part" x="[\d.]+" width="([\d.]+)"', page)]
    assert len(shares) == len(why.told.factors)
    assert abs(sum(shares) - 100) < 0.1
    points = re.findall(r'<td class="num">([−+])([\d.,]+)</td>', page)
    numbers = [float(digits.replace(".", "").replace(",", ".")) * (-1 if sign == "−" else 1) for sign, digits in points]
    assert round(sum(numbers[:-1]), 4) == numbers[-1]


def test_where_nothing_personal_was_used_the_page_says_so(opened):
    """No fact of the person, and no button for what is not there; on own pages personalisation can be seen."""
    why = _why(opened, "contextual", "en")
    assert why.told.facts.standing is Standing.CONTEXTUAL
    page = why_page(why, LINK)
    assert "Nothing that is about you counted." in page
    assert 'value="factor-off' not in page
    assert "<button" not in page


def test_without_an_offer_the_page_asks_another_question(opened):
    """It does not speak of seeing something."""
    page = why_page(_why(opened, "none", "en"), LINK)
    assert "What was decided about me?" in page
    assert "Why am I seeing this?" not in page


def test_a_joint_effect_has_a_button_for_each_of_its_facts(tmp_path):
    """Two facts that counted together can be switched off one by one, and the buttons say which is which."""
    campaign = write_corner_shop(tmp_path)
    past = campaign.with_name("past.csv")
    head, *rows = past.read_text("utf-8").splitlines()
    rows = [row.split(",") for row in rows]
    joint = [[*row[:-1], str(int((int(row[1]) > 9) != (int(row[2]) > 150)))] for row in rows]
    past.write_text("\n".join([head, *map(",".join, joint)]) + "\n", encoding="utf-8")
    campaign.write_text(campaign.read_text("utf-8") + "model: {pairs: 1}\n", encoding="utf-8")
    shop = Shop(campaign, run_campaign(campaign, at=AT))
    columns = shop.run.columns
    whys = (shop.house.desk(one).why(shop.decision_of(one), "en") for one in columns["person"][:40])
    why = next(why for why in whys if why and any(" x " in factor.name for factor in why.told.factors))
    page = unescape(why_page(why, OWN))
    (pair,) = [factor for factor in why.told.factors if " x " in factor.name]
    part = page[page.index(f"<h3>{pair.meaning}</h3>") :].partition("</li>")[0]
    assert "Do not let it count: how often you came to the shop</button>" in part
    assert "Do not let it count: how long ago you came</button>" in part


def test_there_is_no_third_language():
    """It is an error, and not another language."""
    with pytest.raises(KeyError, match="fr"):
        how_page("x", "y", LINK, "fr")


# From forms to words

VISITS = {"visits", "days"}


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"do": ["factor-off"], "name": ["visits", "days", "visits"]}, Factors(("visits", "days"), True)),
        ({"do": ["factor-on"], "name": ["days"]}, Factors(("days",), False)),
        ({"do": ["factor-on days"], "name": ["visits"]}, Factors(("days",), False)),
        ({"do": ["factor-off income"], "name": ["visits"]}, None),
        ({"do": ["factor-off"], "name": ["visits", "income"]}, None),
        ({"do": ["personal-off"]}, Personalisation(True)),
        ({"do": ["personal-on"]}, Personalisation(False)),
        ({"do": ["object"]}, Objection(True)),
        ({"do": ["object-back"]}, Objection(False)),
        ({"do": ["give"], "name": ["Marketing"]}, Consent("Marketing", True)),
        ({"do": ["withdraw"], "name": ["Marketing"]}, Consent("Marketing", False)),
        ({"do": ["give"], "name": ["Advertising"]}, None),
        ({"do": ["ask"], "name": ["access"], "words": [" graag "]}, Ask(Right.ACCESS, "graag")),
        ({"do": ["ask"], "name": ["access"], "words": ["x" * 9_000]}, Ask(Right.ACCESS, "x" * 2_000)),
        ({"do": ["ask"], "name": ["money"]}, None),
        ({"do": ["ask"], "name": ["human_review"]}, None),
        ({"do": ["ask"], "name": ["human_review"], "about": ["R.7"]}, Ask(Right.HUMAN_REVIEW, "", "R.7")),
        ({"do": ["ask"], "name": ["human_review"], "about": ["../7"]}, None),
        ({}, None),
    ],
)
def test_a_form_is_one_typed_intent_or_nothing(form, expected):
    """What is not on the list is not done."""
    assert intent_of(form, factors=VISITS, purposes={"Marketing"}) == expected


def test_only_what_lessens_is_protective():
    """What a link to one decision may do."""
    lessens = [Factors(("x",), True), Personalisation(True), Objection(True), Consent("x", False)]
    widens = [Factors(("x",), False), Personalisation(False), Objection(False), Consent("x", True), Ask(Right.ACCESS)]
    assert all(map(is_protective, lessens))
    assert not any(map(is_protective, widens))


def test_a_word_that_changes_nothing_is_not_said_again():
    """Pressing twice records once; taking back takes back every no of that kind, whatever it was about."""
    history = (Word("opt_out", "", "OptedOut", AT), Word("opt_out", "Marketing", "OptedOut", AT))
    assert words_of(Personalisation(True), history, AT) == ()
    back = words_of(Personalisation(False), history, AT)
    assert {(one.about, one.status) for one in back} == {("", "OptOutWithdrawn"), ("Marketing", "OptOutWithdrawn")}
    assert words_of(Factors(("visits",), False), (), AT) == ()
    assert words_of(Ask(Right.ACCESS), (), AT) == ()


def test_of_two_words_at_once_the_no_counts():
    """Whatever their order."""
    no, yes = Word("factor", "x", "SwitchedOff", AT), Word("factor", "x", "SwitchedOn", AT)
    assert standing([no, yes], AT) == standing([yes, no], AT) == {("factor", "x"): no}
