"""The card of a model: all of it comes from the file, in both languages, and no name in it can break out."""

from __future__ import annotations

import copy
import json
import re

import numpy as np
import pytest

from builders import make_campaign, make_model
from evenhand.explanation import LANGUAGES
from evenhand.features import view_of
from evenhand.reports import model_card
from evenhand.scoring import assemble, fit, model_to_json
from evenhand.terms import Binning, DataError, LedgerError, Pair
from page_reader import OUTSIDE, Reader

HOSTILE = "</td><script>alert('x')</script>|\n# `*_[a](b)"


@pytest.fixture(scope="module")
def fitted() -> dict[str, object]:
    """A fitted model as JSON: two offers, a pair, measurements."""
    rng = np.random.default_rng(0)
    campaign = make_campaign(2, 3, 0)
    model = make_model(campaign)
    codes = tuple(rng.integers(3, 8, 4000).astype(np.uint8) for _ in model.view.binnings)
    logit = 0.5 * (codes[0] - 5.0) + ((codes[0] > 5) ^ (codes[1] > 5)) - 1
    outcome = (rng.random(4000) < 1 / (1 + np.exp(-logit))).astype(np.uint8)
    campaign = make_campaign(2, 3, 0, model={"pairs": 1})
    view = view_of(campaign.purpose, model.view.binnings)
    made = fit(campaign, view, codes, rng.integers(0, 2, 4000), outcome, rng.random(4000) < 0.3)
    assert made.pairs
    return json.loads(json.dumps(model_to_json(made)))


def _amounts(*names: str, link: str = "identity"):
    binnings = (Binning(names[0], "number", (1.5,)), Binning(names[1], "category", categories=(HOSTILE, "plain")))
    pair = Pair(0, 1, (0, 0, 0, 0, 1), (0, 0, 0, 0, 1))
    effects = [np.array([0, 1, 0, -2, 2.5]), np.array([0, 0, 1, 2, 3.0]), np.array([0, 1, 2, 3, 4.5])]
    rng = np.random.default_rng(1)
    codes = tuple(rng.integers(3, 5, 50).astype(np.uint8) for _ in binnings)
    view = view_of("Marketing", binnings)
    return model_to_json(assemble(view, "tulips", 100.0, effects, (pair,), codes, link=link))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_entry_of_the_file_stands_on_the_card(fitted, lang):
    """Start, features and pairs of every offer, each exactly: in points with four decimals."""
    card = model_card(fitted, lang=lang).replace("\\", "")
    told = {re.sub(r"[^0-9−+-]", "", cell) for cell in re.findall(r"[+−]?[\d.,]+\d", card)}
    for table in fitted["tables"]:
        for row in table:
            for entry in row[3:]:
                digits = f"{abs(entry):05d}"
                expected = ("" if entry == 0 else "+" if entry > 0 else "−") + (digits if entry else "00000")
                assert expected in told
    assert fitted["digest"] in card


def test_measurements_are_those_of_the_file(fitted):
    """Ranking with its interval, and rows; a changed measurement is a changed card."""
    card = model_card(fitted).replace("\\", "")
    value, lower, upper = fitted["evaluation"]["overall"]["auroc"]
    assert f"AUROC {value:.3f} (95 % interval {lower:.3f} to {upper:.3f})" in card
    assert f"{fitted['evaluation']['rows']['training']:,} rows" in card
    other = copy.deepcopy(fitted)
    other["evaluation"]["overall"]["auroc"][0] = 0.123
    assert "AUROC 0.123" in model_card(other).replace("\\", "")


def test_what_is_not_in_the_file_is_said_to_be_missing():
    """No measurement, no rows, no date: the card says so and makes nothing up."""
    card = model_card(_amounts("a", "b"))
    assert "holds no measurement" in card
    assert "does not say which rows" in card
    assert "does not say when it was learned" in card
    assert "An amount" in card
    assert "never below zero" in model_card(_amounts("a", "b", link="log"))


def test_small_counts_are_not_shown(fitted):
    """Fewer than ten rows are called that."""
    few = copy.deepcopy(fitted)
    few["evaluation"]["rows"]["withheld"] = 7
    assert "fewer than 10 rows were left out" in model_card(few).replace("\\", "")


def test_an_imported_model_says_where_it_comes_from():
    """And how far it is off."""
    content = _amounts("a", "b")
    content["evaluation"] = {"imported": {"origin": "lightgbm v4", "rows": 1234, "largest_difference": 2.5e-6}}
    card = model_card(content).replace("\\", "")
    assert "taken over from lightgbm v4. On 1,234 rows its score differs from the original by 0.0000025 at most" in card


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_is_whole_and_asks_for_nothing(fitted, lang):
    """Every tag is closed, nothing is fetched, no script; the language is declared."""
    for content in (fitted, _amounts(HOSTILE, "b" + HOSTILE)):
        page = model_card(content, lang=lang, form="html")
        reader = Reader()
        reader.feed(page)
        assert not reader.open
        assert "script" not in reader.tags
        assert not reader.events
        assert not OUTSIDE.search(re.sub(r"&[^;]+;", "", page))
        assert f'<html lang="{lang}">' in page


def test_no_name_breaks_out_of_the_markdown():
    """A hostile name is one cell or one heading, and shown as it is."""
    card = model_card(_amounts(HOSTILE, "b"))
    assert "<script" not in card.replace("\\<", "")
    assert [line for line in card.splitlines() if line.startswith("# ")] == [card.splitlines()[0]]
    for table in re.findall(r"(?:^\|.*\n)+", card, re.MULTILINE):
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
        assert len(widths) == 1


def test_an_altered_file_or_another_language_has_no_card(fitted):
    """The digest is checked before anything is told."""
    altered = copy.deepcopy(fitted)
    altered["base"][0] += 1
    with pytest.raises(LedgerError, match="altered"):
        model_card(altered)
    with pytest.raises(DataError, match="not a model"):
        model_card({})
    with pytest.raises(KeyError, match="fr"):
        model_card(fitted, lang="fr")
    with pytest.raises(KeyError, match="pdf"):
        model_card(fitted, form="pdf")
