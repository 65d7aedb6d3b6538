"""A Dutch reader reads of Dutch names of laws, by article, paragraph and letter."""

from __future__ import annotations

import pytest

from evenhand.explanation import article_in_words
from evenhand.rights import REFUSALS
from evenhand.rules import shipped


@pytest.mark.parametrize(
    ("cited", "dutch"),
    [
        ("GDPR 17(3)(b)", "AVG artikel 17 lid 3 onder b"),
        ("GDPR 17(3)(c), (d)", "AVG artikel 17 lid 3 onder c en d"),
        ("GDPR 15(4), 20(4)", "AVG artikel 15 lid 4 en artikel 20 lid 4"),
        ("GDPR 21(2)-(3)", "AVG artikel 21 lid 2 en 3"),
        ("GDPR 44-46", "AVG artikel 44 tot en met 46"),
        ("GDPR 4(11), 7; C-673/17 Planet49", "AVG artikel 4 punt 11 en artikel 7; C-673/17 Planet49"),
        ("Telecommunicatiewet 11.7(1), (3)", "Telecommunicatiewet artikel 11.7 lid 1 en 3"),
        ("Cal. Civ. Code 1798.120(c)", "Cal. Civ. Code 1798.120(c)"),
        ("our own article 5", "our own article 5"),
    ],
)
def test_a_citation_is_said_in_dutch(cited, dutch):
    """What it knows it says in Dutch, what it does not know stays; English stays as it is."""
    assert article_in_words(cited, "nl") == dutch
    assert article_in_words(cited, "en") == cited


def test_no_rule_and_no_refusal_cites_the_law_in_english_to_a_dutch_reader():
    """All that evenhand itself cites."""
    cited = {one.rule.article for one in shipped().rules} | {one.article for one in REFUSALS.values()}
    said = [article_in_words(one, "nl") for one in sorted(cited)]
    assert not [one for one in said if any(word in one for word in ("GDPR", "AI Act", "Directive", " and ", "none"))]
