"""The page of a data audit: from the JSON alone, in both languages, without a request."""

from __future__ import annotations

import json
import re

import pytest

from evenhand.reports import render_audit
from page_reader import HOSTILE, OUTSIDE, read


@pytest.fixture(scope="module")
def audit(report) -> dict:
    """The audit of the sample report, and a site that hides what happens inside it."""
    from planted_histories import recruitment

    return {**report["audit"], **{key: recruitment().audit().to_dict()[key] for key in ("parts", "findings")}}


def test_the_page_comes_from_the_json_alone(audit):
    """After a round trip through JSON it is the same to the letter, whole, and asks for nothing."""
    page = render_audit(audit)
    assert render_audit(json.loads(json.dumps(audit))) == page
    reader = read(page)
    assert not reader.open
    assert len(reader.ids) == len(set(reader.ids))
    assert "script" not in reader.tags
    assert not OUTSIDE.search(page)


def test_both_languages_tell_every_part(audit):
    """Rates, what features tell, parts with the finding's own story, periods; each once per language."""
    page = render_audit(audit, lang="nl")
    assert page.count("<h1>") == 2
    for said in ("Within parts", "Binnen delen", "all 6 together", "alle 6 samen", "woman beside all others, per site"):
        assert said in page, said
    assert page.count("south") == 2
    assert "not an independent audit" in page


def test_hostile_names_stay_text(audit):
    """A group or column name cannot break out of the page."""
    text = json.dumps(audit).replace('"woman"', json.dumps(HOSTILE)).replace('"site"', json.dumps(HOSTILE))
    assert "<script" not in render_audit(json.loads(text)).replace(json.dumps(HOSTILE), "")


def test_an_older_audit_still_has_a_page(audit):
    """What was recorded before the deeper looks existed is shown without them."""
    known = ("rows", "outcome", "proxies", "missing", "outcome_auroc", "findings")
    page = render_audit({key: audit[key] for key in known} | {"findings": []})
    assert "Within parts" not in page
    assert "Nothing was found" in page


def test_no_finding_speaks_english_to_a_dutch_reader(audit):
    """Every finding of the audit has its words in both languages."""
    page = render_audit(audit, lang="nl")
    dutch = page[page.index('<div class="page" lang="nl">') : page.index('<div class="page" lang="en">')]
    assert not re.search(r'<div lang="en">', dutch)


def test_another_language_is_an_error(audit):
    """There is no page in German."""
    with pytest.raises(KeyError, match="de"):
        render_audit(audit, lang="de")
