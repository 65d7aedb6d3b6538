"""The texts: complete, alike in both languages, plain, and promising nothing that the code does not hold."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from string import Formatter

import pytest

import evenhand
from evenhand.explanation import LANGUAGES, catalogue, text
from evenhand.policy import PURPOSES, is_marketing
from evenhand.terms import Category, Channel, LegalBasis, Origin, Reason, Role

SAME_IN_BOTH = {
    "officer.kept.for.W-one",
    "purpose.DirectMarketing",
    "purpose.Marketing",
    "report.audit.auroc",
    "report.channel.app",
    "report.channel.email",
    "report.channel.web",
    "report.limits.kind.budget",
    "report.page.eyebrow",
    "report.stories.total",
    "report.groups.by",
}
PREFIXED = re.compile(r"""["'](?:report\.)?([a-z][\w.-]*[.-])(?:\{|["'] ?~|["'] ?\+)""")
LITERAL = re.compile(r"""["']([a-z][\w-]*(?:\.[\w-]+)*)["']""")
SUFFIXED = (
    *(f"key.{kind}-sub{ending}" for kind in ("ratio", "difference") for ending in ("", "-given-up")),
    "finding.EH-DATA-001-hidden",
)
LONGEST_SENTENCE = 25


def sources() -> str:
    """All code and templates of the package."""
    folder = Path(evenhand.__file__).parent
    return "\n".join(p.read_text("utf-8") for p in sorted(folder.rglob("*")) if p.suffix in {".py", ".html"})


def places(template: str) -> set[str]:
    """Names of the places to fill in."""
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


def test_both_languages_have_the_same_keys():
    """No text is missing or left over in either language."""
    assert catalogue("nl").keys() == catalogue("en").keys()


def test_a_key_stands_in_one_file_only():
    """The files of one language do not write over each other."""
    folder = files("evenhand.explanation") / "catalogue"
    for lang in LANGUAGES:
        lines = [
            line.split('":')[0].strip()
            for item in folder.iterdir()
            if item.name.endswith(f"{lang}.json")
            for line in item.read_text("utf-8").splitlines()
            if '":' in line
        ]
        assert len(lines) == len(set(lines)) == len(catalogue(lang))


@pytest.mark.parametrize("key", sorted(catalogue("en")))
def test_a_text_has_the_same_places_in_both_languages(key):
    """What is filled in in English is filled in in Dutch; and neither is empty."""
    assert places(catalogue("nl")[key]) == places(catalogue("en")[key])
    assert catalogue("nl")[key].strip()
    assert catalogue("en")[key].strip()


def test_nothing_is_left_untranslated():
    """Two languages say the same thing in the same letters only where they really do."""
    same = {key for key, said in catalogue("nl").items() if said == catalogue("en")[key]}
    with_words = {key for key in same if re.search(r"[A-Za-z]{3}", re.sub(r"\{\w+\}", "", catalogue("en")[key]))}
    assert with_words <= SAME_IN_BOTH


def test_every_text_is_used():
    """A key that no code and no template names, whole or by its beginning, is left over."""
    source = sources()
    literals = set(LITERAL.findall(source))
    prefixes = tuple(set(PREFIXED.findall(source)))
    unused = [
        key
        for key in catalogue("en")
        if (said := key.removeprefix("increment.")) not in literals
        and (short := said.removeprefix("report.")) not in literals
        and not short.startswith(prefixes)
        and short not in SUFFIXED
    ]
    assert not unused, unused


def test_what_is_said_otherwise_of_increments_is_said_of_responses_too():
    """A text of its own for what an offer changes stands in for a common one, and fills in the same."""
    own = [key for key in catalogue("en") if key.startswith("increment.")]
    assert own
    for key in own:
        common = key.removeprefix("increment.")
        assert places(catalogue("en")[key]) <= places(catalogue("en")[common]), key
        assert catalogue("en")[key] != catalogue("en")[common], key


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_code_has_its_text(lang):
    """Reasons, bases, origins, roles, categories and channels can all be said."""
    known = catalogue(lang)
    needed = [f"reason.{reason.key}" for reason in Reason]
    needed += [f"remedy.{r.key}" for r in Reason if r.is_forbidden or r.is_unconfigured]
    needed += [
        f"report.drop.{r.key}"
        for r in Reason
        if not r.key.startswith(("consent-valid", "basis", "selected", "drawn-offer"))
    ]
    needed += [f"basis.{basis.value}" for basis in LegalBasis] + [f"report.legal.{basis.value}" for basis in LegalBasis]
    needed += [f"origin.{origin.value}" for origin in Origin]
    needed += [f"not-used.{role.value}" for role in (Role.SENSITIVE, Role.FORBIDDEN)]
    needed += [f"report.category.{one.value}" for one in Category] + [f"report.channel.{one.value}" for one in Channel]
    needed += [f"purpose.{purpose}" for purpose in PURPOSES if is_marketing(purpose)]
    assert not [key for key in needed if key not in known]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_sentence_is_long(lang):
    """Sentences have at most 25 words, so that they can be read at language level B1."""
    long = [
        (key, sentence)
        for key, said in catalogue(lang).items()
        for sentence in re.split(r"[.?!:;](?:\s|$)", said)
        if len(sentence.split()) > LONGEST_SENTENCE
    ]
    assert not long, long


def test_dutch_says_u():
    """People are addressed with "u", everywhere."""
    informal = re.compile(r"\b(je|jij|jou|jouw|jullie)\b", re.IGNORECASE)
    assert not [key for key, said in catalogue("nl").items() if informal.search(said)]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_text_gives_a_verdict(lang):
    """Nothing is called compliant, unbiased or lawful: that is for people to judge."""
    verdict = re.compile(r"compliant|unbiased|bias.?free|onbevooroordeeld|vooroordeelvrij|rechtmatig", re.IGNORECASE)
    assert not [key for key, said in catalogue(lang).items() if verdict.search(said)]


def test_a_missing_key_or_place_is_an_error():
    """No text falls back to another language or to its key."""
    with pytest.raises(KeyError, match="no-such-key"):
        text("no-such-key", "en")
    with pytest.raises(KeyError, match="sender"):
        text("headline.refused", "nl")
    with pytest.raises(KeyError, match="fr"):
        text("why.ai", "fr")
