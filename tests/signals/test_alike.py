"""Strings of a column that are alike: one of each group is asked, and its answer is that of every other."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenhand.signals import (
    Alike,
    GppString,
    IdSet,
    PublisherTc,
    Restriction,
    RestrictionType,
    TcfQuestion,
    TcfString,
    Unreadable,
    UsSection,
    alike_gpp,
    alike_tcf,
    ask_gpp,
    ask_tcf,
    read_gpp,
    read_tcf,
    write_gpp,
    write_tcf,
)
from evenhand.terms import Use
from signal_cases import GPP_STRINGS, TCF_STRINGS

DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
QUESTIONS = [TcfQuestion(755), TcfQuestion(12, cmps=frozenset({10, 28})), TcfQuestion(None), TcfQuestion(1, (2, 7))]
CHOSEN = IdSet.of([1, 2, 3, 12, *range(40, 60), 700, 755])
SHOWN = IdSet.of([1, 12, 755, 900])
WHOLE = TcfString(
    *(17_800_000_000, 17_800_000_000, 10),
    purposes_consent=IdSet.of([1, 2, 3, 4, 7]),
    vendor_consents=CHOSEN,
    vendor_legitimate_interests=IdSet.of([12, 755]),
    publisher_restrictions=(
        Restriction(2, RestrictionType.NOT_ALLOWED, IdSet.of([5, 12])),
        Restriction(4, RestrictionType.REQUIRE_CONSENT, IdSet.of([755])),
        Restriction(4, RestrictionType.REQUIRE_LEGITIMATE_INTEREST, IdSet.of([7])),
    ),
    disclosed_vendors=SHOWN,
    allowed_vendors=IdSet.of([755]),
    publisher_tc=PublisherTc(IdSet.of([1, 3]), custom_purposes_consent=IdSet.of([2]), num_custom_purposes=3),
)
FIRST = IdSet.of(range(1, 14))
NATION = UsSection("usnat", 2, (*(2,) * 9, (0,) * 16, (0, 0, 0), *(0,) * 4), False)
STATE = UsSection("usca", 1, (*(2,) * 5, (0,) * 9, (0, 0), *(0,) * 4), False)
NEWER = UsSection("usin", 1, (*(2,) * 7, 0, 0), None, (1,) * 8)
SECTIONS = ((2, WHOLE), (7, NATION), (8, STATE), (25, NEWER))


def variants(text: str) -> list[str]:
    """Every string with one bit turned, cut off anywhere, or with a sign put, doubled or taken out somewhere."""
    found = [text]
    for at, letter in enumerate(text):
        here = DIGITS.find(letter)
        turned = [DIGITS[here ^ 1 << bit] for bit in range(6)] if here >= 0 else ["A"]
        found += [text[:at] + other + text[at + 1 :] for other in (*turned, "", letter * 2, ".", "~", "+", "é")]
        found.append(text[:at])
    return [*found, *(text + end for end in ("A", "AAA", "AAAA", "AAAAA", ".", ".I", ".A", ".YAAA", "~", "~A"))]


def agree(texts: Sequence[str], alike: Alike, answer: Callable[[str], object], updated: Callable[[str], int]) -> None:
    """Everyone gets the answer of the one that was asked for them."""
    for text, group, moment in zip(texts, alike.group.tolist(), alike.updated_ds.tolist(), strict=True):
        assert answer(text) == answer(texts[alike.first[group]]), text
        assert moment in (-1, updated(text)), text


def check_tcf(texts: Sequence[str], question: TcfQuestion) -> None:
    """As `read_tcf` and `ask_tcf` say."""

    def updated(text: str) -> int:
        said = read_tcf(text)
        return -1 if isinstance(said, Unreadable) else said.last_updated_ds

    agree(texts, alike_tcf(texts, question), lambda text: ask_tcf(read_tcf(text), question, at=None), updated)


def check_gpp(texts: Sequence[str], uses: Sequence[Use], question: TcfQuestion | None) -> None:
    """As `read_gpp`, `ask_gpp` and `ask_tcf` say."""

    def european(text: str) -> object:
        said = read_gpp(text)
        return said if isinstance(said, Unreadable) else said.section(2)

    def answer(text: str) -> object:
        part = european(text)
        own = None if question is None else part and isinstance(part, TcfString) and ask_tcf(part, question, at=None)
        return ask_gpp(read_gpp(text), uses), own

    def updated(text: str) -> int:
        part = european(text)
        return part.last_updated_ds if isinstance(part, TcfString) else -1

    agree(texts, alike_gpp(texts, uses, question), answer, updated)


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_tc_string_that_differs_anywhere_gets_its_own_answer(question):
    """Whichever bit is turned, wherever it is cut: what is alike has the same answer from the reader of one string."""
    few = {"vendor_consents": FIRST, "disclosed_vendors": FIRST, "purposes_consent": IdSet.of([3, 4])}
    short = replace(WHOLE, **few, allowed_vendors=None, publisher_restrictions=(), publisher_tc=None)
    check_tcf([*variants(write_tcf(WHOLE)), *variants(write_tcf(short))], question)


@pytest.mark.parametrize("question", [None, TcfQuestion(755)])
def test_a_gpp_string_that_differs_anywhere_gets_its_own_answer(question):
    """In its header, in any section, and in the parts of a section."""
    some = write_gpp(GppString((*SECTIONS[1:3], SECTIONS[3])))
    check_gpp([*variants(some), *variants("DBABTA~1YNN"), *variants("DBAA")], [Use.SALE, Use.SHARING], question)
    check_gpp(variants(write_gpp(GppString(SECTIONS[:1])))[::3], tuple(Use), question)


@settings(max_examples=30)
@given(
    said=st.lists(TCF_STRINGS, min_size=1, max_size=4),
    question=st.builds(
        TcfQuestion,
        st.none() | st.integers(1, 1600),
        st.sampled_from([(1, 3, 4), (2,), (1, 24), (40,)]),
        st.sampled_from([(), (7,)]),
        st.frozensets(st.integers(2, 4095), max_size=2),
    ),
    at=st.lists(st.tuples(st.integers(0, 10**6), st.sampled_from("AQgIEBC_.~"), st.integers(0, 3)), max_size=40),
)
def test_no_tc_string_gets_the_answer_of_another(said, question, at):
    """Drawn strings, and damaged ones beside them, in one column."""
    texts = [write_tcf(one) for one in said]
    check_tcf([*texts, *(damaged(texts, *one) for one in at), ""], question)


@settings(max_examples=30)
@given(
    said=st.lists(GPP_STRINGS, min_size=1, max_size=4),
    uses=st.lists(st.sampled_from([*Use]), unique=True),
    question=st.none() | st.builds(TcfQuestion, st.none() | st.integers(1, 1600)),
    at=st.lists(st.tuples(st.integers(0, 10**6), st.sampled_from("AQgIEBC_.~"), st.integers(0, 3)), max_size=40),
)
def test_no_gpp_string_gets_the_answer_of_another(said, uses, question, at):
    """Drawn sections, and damaged ones beside them, in one column."""
    texts = [write_gpp(one) for one in said]
    check_gpp([*texts, *(damaged(texts, *one) for one in at), ""], uses, question)


def damaged(texts: Sequence[str], at: int, letter: str, more: int) -> str:
    """One of the texts, with a letter put where others stood."""
    text = texts[at % len(texts)]
    at = at // len(texts) % (len(text) + 1)
    return text[:at] + letter + text[at + more :]


def test_official_strings_are_alike_only_where_their_answers_are(official, made):
    """The vectors, the strings of the reference libraries and the bad ones, as two columns."""
    vectors, sections = official("tcf_strings.json"), official("gpp_strings.json")
    strings = [one["string"] for one in (*vectors["positive"], *vectors["negative"], *made["tcf"])]
    for question in QUESTIONS:
        check_tcf(strings, question)
    kinds = (sections[name] for name in ("positive", "negative", "disputed", "meaning"))
    both = [one["string"] for kind in (*kinds, made["gpp"]) for one in kind]
    check_gpp(both, tuple(Use), TcfQuestion(755))


def test_a_text_that_is_too_long_is_nobodys_like():
    """Not even of one that starts as it does; a long range and many sections are read by themselves."""
    gpp = ["DBAA", "DBAA" + "~" * 20_000, "DBABMA~" + "A" * 20_000]
    check_gpp(gpp, tuple(Use), None)
    assert len(set(alike_gpp(gpp, tuple(Use), None).group.tolist())) == 3
    long = write_tcf(replace(WHOLE, vendor_consents=IdSet.of(range(1, 60_000, 150))))
    assert len(set(alike_tcf([long, long[:-1] + "A" * 20_000, long], TcfQuestion(755)).group.tolist())) == 3
    check_tcf([long, long[:-9], write_tcf(WHOLE)], TcfQuestion(755))
    three = tuple(Restriction(one, RestrictionType.NOT_ALLOWED, SHOWN) for one in (2, 7, 9))
    restricted = write_tcf(replace(WHOLE, publisher_restrictions=three))
    assert alike_tcf([restricted], TcfQuestion(755)).updated_ds.tolist() == [-1]


def test_so_many_zeros_at_the_end_and_no_more():
    """Filled up by every number of characters, after a core that ends at every bit."""
    bare = replace(WHOLE, publisher_restrictions=(), allowed_vendors=None, publisher_tc=None, disclosed_vendors=None)
    cores = [write_tcf(replace(bare, vendor_consents=IdSet.of([most]))).rstrip("A") for most in range(1, 26)]
    texts = [core + "A" * more for core in cores for more in range(14)]
    check_tcf(texts, TcfQuestion(755))
    sure = np.count_nonzero(alike_tcf(texts, TcfQuestion(755)).updated_ds >= 0)
    assert sure == sum(isinstance(read_tcf(text), TcfString) for text in texts)


def test_few_of_many_different_strings_need_be_read():
    """Of strings that differ in what nobody asks about, a few dozen are read for all."""
    draw = random.Random(1)
    made = [
        replace(
            WHOLE,
            created_ds=17_780_000_000 + draw.randrange(10**7),
            last_updated_ds=17_780_000_000 + row,
            cmp_id=draw.randrange(2, 400),
            vendor_consents=IdSet.of(draw.sample(range(1, 801), draw.randrange(300))),
            publisher_restrictions=WHOLE.publisher_restrictions[: row % 4],
        )
        for row in range(300)
    ]
    tcf = alike_tcf([write_tcf(one) for one in made], TcfQuestion(755))
    assert len(tcf.first) <= 8
    assert tcf.updated_ds.tolist() == [one.last_updated_ds for one in made]
    gpp = [write_gpp(GppString(((2, one), SECTIONS[1]))) for one in made]
    assert len(alike_gpp(gpp, tuple(Use), TcfQuestion(755)).first) <= 8
    assert np.array_equal(alike_gpp(gpp, tuple(Use), TcfQuestion(755)).updated_ds, tcf.updated_ds)


def test_an_empty_column_has_no_groups():
    """Nothing said is nothing to ask; and a question that does not rest on consent alone is asked of each."""
    assert alike_tcf([], TcfQuestion(1)).first.tolist() == alike_gpp([], tuple(Use), None).first.tolist() == []
    assert alike_tcf(["C", "C"], TcfQuestion(1, (), (7,))).group.tolist() == [0, 1]
