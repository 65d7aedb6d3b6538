"""The page comes from the JSON alone, holds both languages, asks for nothing and cannot be broken out of."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from evenhand.reports import render
from page_reader import HOSTILE, OUTSIDE, read

LARGEST = 600_000


@pytest.fixture(scope="module")
def page(report) -> str:
    """The page of the sample report, in English first."""
    return render(report)


def test_the_page_comes_from_the_json_alone(report, page):
    """After a round trip through JSON it is the same to the letter."""
    assert render(json.loads(json.dumps(report))) == page


def test_the_page_is_well_formed_and_links_lead_somewhere(page):
    """Tags close in order, ids are unique, and every link inside the page has its target."""
    reader = read(page)
    assert not reader.open
    assert len(reader.ids) == len(set(reader.ids))
    assert set(reader.links) <= set(reader.ids)


def test_the_page_needs_nothing_from_outside(page):
    """No script, no event handler, no address, no frame, no form that goes anywhere."""
    reader = read(page)
    assert not {"script", "iframe", "object", "embed", "img", "form", "base"} & set(reader.tags)
    assert not reader.events
    assert not OUTSIDE.search(page.replace('content="default-src', ""))
    assert "default-src 'none'" in page


def test_the_page_is_small(page):
    """Well under the size that a mail or a slow line takes."""
    assert len(page.encode()) < LARGEST


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_both_languages_are_in_it_and_one_comes_first(report, lang):
    """Each language stands in a part with its `lang`; the chosen one is checked, and is the document's language."""
    page = render(report, lang=lang)
    assert page.count('<div class="page" lang="nl">') == page.count('<div class="page" lang="en">') == 1
    assert f'<html lang="{lang}">' in page
    assert f'id="show-{lang}" checked' in page
    assert page.count(" checked>") == 1


def poisoned(value: Any, keep: frozenset[str]) -> Any:
    """The report with every free text replaced by a hostile one."""
    if isinstance(value, dict):
        return {key: one if key in keep else poisoned(one, keep) for key, one in value.items()}
    if isinstance(value, list):
        return [poisoned(one, keep) for one in value]
    return HOSTILE if isinstance(value, str) and value else value


CODES = frozenset(
    [
        *("key", "kind", "step", "lang", "standing", "why", "mode", "measure", "category", "channel", "legal_basis"),
        *(
            "currency",
            "severity",
            "at",
            "retention",
            "not_shown",
            "fit",
            "direction",
            "origin",
            "note",
            "at",
            "features",
        ),
    ]
)


def test_hostile_texts_cannot_break_out(report):
    """Offers, meanings, groups, categories, ids and reasons full of markup come out as text and nothing else."""
    bad = poisoned(copy.deepcopy(report), CODES)
    reader = read(render(bad))
    assert not {"script", "img"} & set(reader.tags)
    assert not reader.events
    assert "".join(reader.words).count("alert('x')") > 20


def test_a_plan_says_that_nothing_was_recorded(report):
    """Without a run there is no hash to verify, and no decision to ask for."""
    plan = {**report, "run": {**report["run"], "run_id": "", "head": ""}}
    words = "".join(read(render(plan)).words)
    assert "nothing was recorded" in words
    assert "evenhand replay" not in words


@pytest.mark.parametrize(
    ("lang", "said", "unsaid"),
    [
        (
            "en",
            ("a soft limit was given up at its ceiling", "kept as far as 0.800, where the whole is 0.900", "Selected"),
            ("within every limit", "the least that the limit allows", "The limit was kept"),
        ),
        (
            "nl",
            (
                "een zachte grens is losgelaten bij het plafond",
                "gehaald tot 0,800, waar het geheel 0,900 is",
                "Gekozen",
            ),
            ("binnen alle grenzen", "lager mag niet volgens de grens", "De grens is gehaald"),
        ),
    ],
)
def test_a_soft_limit_that_was_given_up_is_nowhere_said_to_be_kept(report, lang, said, unsaid):
    """Headline, key figure, funnel and groups say that it was given up, and how far it was kept."""
    soft = {"ceiling": 0.01, "without": 10**8, "bound": 0.8, "cost": 10**5, "needed": 10**7}
    limits = [one | ({"held": False, "soft": soft} if one["id"] == "fair-sex" else {}) for one in report["limits"]]
    words = " ".join("".join(read(render({**report, "limits": limits}, lang=lang)).words).split())
    for one in said:
        assert one in words
    for one in unsaid:
        assert one not in words


def test_ranges_of_a_cut_number_are_in_the_language_and_in_their_order(report):
    """Written in English where they are made; in Dutch they are Dutch, and 9 comes before 10."""
    ranges = dict(
        zip(("18-24", "25-44", "45-64", "65+"), ("10 to 20", "9 to 10", "below 9", "20 or more"), strict=True)
    )
    text = json.dumps(report)
    for old, new in ranges.items():
        text = text.replace(json.dumps([old]), json.dumps([new]))
    told = " ".join(read(render(json.loads(text))).words)
    places = [told.index(words) for words in ("onder 9", "9 tot 10", "10 tot 20", "20 of meer")]
    assert places == sorted(places)


def test_beside_an_aware_limit_a_blind_one_claims_for_itself_alone(report):
    """Not that the calculation never saw a group, where another limit may use groups."""
    beside = copy.deepcopy(report)
    beside["groups"][1] |= {"limit": "fair-age", "measure": "selection_rate_ratio", "bound": 0.5, "mode": "aware"}
    said = "without the calculation ever seeing a group"
    assert said in " ".join(read(render(report)).words)
    told = " ".join(read(render(beside)).words)
    assert said not in told
    assert "This limit was kept without using a group." in told


def test_a_report_of_an_older_version_says_of_a_blind_certificate_what_it_said(report):
    """It does not tell whether groups were guessed; with a blind limit they were."""
    older = copy.deepcopy(report)
    del older["certificate"]["guesses"]
    told = " ".join(read(render(older)).words)
    assert "for every rule that guesses groups" in told
    assert "below the best of rules that guess groups as this one does" in told
    older["certificate"]["guesses"] = False
    told = " ".join(read(render(older)).words)
    assert "below the best that any choice within the limits can reach" in told
    assert "guess groups" not in told


def test_a_bare_campaign_has_a_page_too(report):
    """No groups, no limits, no findings, no decisions told, no evaluation: every chapter says so."""
    bare = {
        **report,
        "groups": [],
        "limits": [],
        "stories": [],
        "not_used": [],
        "audit": {**report["audit"], "findings": []},
        "model": {**report["model"], "evaluation": {"overall": {"rows": 12, "enough": False}, "offers": {}}},
    }
    words = " ".join("".join(read(render(bare)).words).split())
    for said in ("names no groups", "declares no limit", "No decision is told", "does not prove", "we do not know how"):
        assert said in words


def test_hidden_numbers_are_said_to_be_hidden(page):
    """A hidden count reads "not shown", and a group of unknown size is not given a rate."""
    words = "".join(read(page).words)
    assert "not shown" in words
    assert "niet getoond" in words
    assert "too small to judge" in words


def test_many_shapes_still_make_a_small_page(report):
    """Twenty terms of ten offers with many bins: the smallest shapes are left to the JSON, and the page says so."""
    big = copy.deepcopy(report)
    term = big["model"]["terms"][0]
    shape = (next(iter(term["shapes"].values())) * 4)[:64]
    offers = [{**big["offers"][0], "id": f"o{j}"} for j in range(10)]
    big["offers"] = offers
    big["model"]["terms"] = [
        {**term, "name": f"t{t}", "shapes": {offer["id"]: shape for offer in offers}} for t in range(20)
    ]
    page = render(big)
    assert len(page.encode()) < LARGEST
    assert "smallest shapes are only in the JSON file" in page


def test_an_unknown_language_is_an_error(report):
    """There are two languages."""
    with pytest.raises(KeyError, match="fr"):
        render(report, lang="fr")
