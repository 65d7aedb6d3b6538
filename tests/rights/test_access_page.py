"""The page of what is held about a person says in their language what machines wrote in theirs."""

from __future__ import annotations

import pytest

from evenhand.rights import access_page

PURPOSE = {"campaign": "spring", "purpose": "PersonalisedAdvertising", "basis": "consent"}


def _item(source, table, row, meaning, value):
    held = {"source": source, "table": table, "row": row, "name": meaning, "meaning": meaning}
    return held | {"origin": "observed", "value": value, "corrected": False}


def _page(lang, data, not_read=(), **more):
    empty = ("decisions", "reviews", "consents", "requests", "recipients", "looked_at")
    return access_page(
        {key: [] for key in empty}
        | {
            "lang": lang,
            "made": "2026-11-27T12:00:00+00:00",
            "controller": {"name": "Shop", "contact": "privacy@shop.example", "country": "NL"},
            "data": data,
            "purposes": [PURPOSE | {"keep_decisions": "P24M", "keep_features": "P6M"}],
            "tables_not_read": list(not_read),
        }
        | more
    )


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("nl", ("28 november 2026, 02:52 (UTC)", "klant, regel 2", "wat op onze beslissing volgde (beslissing R.1)")),
        ("en", ("28 November 2026, 02:52 (UTC)", "klant, row 2", "what followed our decision (decision R.1)")),
    ],
)
def test_moments_rows_and_tables_are_said_in_words(lang, said):
    """No moment as a machine writes it, no bare number behind a name, and the vault is not called by its name."""
    page = _page(
        lang,
        [
            _item("history", "history.csv", 1, "klant", "1"),
            _item("history", "history.csv", 2, "klant", "1"),
            _item("vault", "vault", 1, "leeftijd", "40"),
            _item("events", "R.1", 1, "u klikte", "2026-11-28T03:52:01.767650+01:00"),
            _item("events", "R.1", 2, "nummer", "e-1"),
        ],
        ["vault: age"],
    )
    for words in said:
        assert words in page
    assert "2026-11-28T" not in page
    assert "vault" not in page
    assert "(2)" not in page
    assert "nummer, " not in page


def test_a_value_that_only_looks_like_a_moment_stays_as_it_is():
    """A day, a moment among words and a time without a day are the person's own values."""
    values = ["2026-11-28", "at 2026-11-28T02:52:01", "02:52"]
    page = _page("nl", [_item("history", "history.csv", 1, f"kolom {k}", value) for k, value in enumerate(values)])
    assert all(f">{value}<" in page for value in values)


def test_how_something_was_said_and_who_looked_is_told_in_words():
    """What evenhand wrote down itself is said in the reader's language; what somebody else wrote stays as it is."""
    said = {"kind": "sale", "purpose": "", "status": "SaleOptedOut", "about": "", "source": "home", "notice": ""}
    at = "2026-11-28T02:52:01+00:00"
    ways = ("own pages", "request R-1", "machine shop", "web form", "by letter")
    looks = [{"at": at, "who": "command line", "what": "access", "about": ""}]
    page = _page("nl", [], consents=[said | {"at": at, "method": way} for way in ways], looks=looks)
    for words in (
        "uw eigen pagina",
        "verzoek R-1",
        "het programma shop",
        "formulier op internet",
        "by letter",
        "een opdracht op de",
    ):
        assert words in page
