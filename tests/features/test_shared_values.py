"""A value that many rows share is nobody's own number; what names or reaches somebody is found nevertheless."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from stdnum.nl import bsn

from evenhand.features import Words, scan_personal_data

DATA = Path(__file__).parents[3] / "shared" / "data"


def _found(values, name="c"):
    return [finding.id for finding in scan_personal_data(name, values)]


def _rows(*values, each=50):
    return np.array([value for value in values for _ in range(each)], dtype=object)


@pytest.mark.parametrize("value", ["111222333", "612345678", "31612345678", "4111111111111111", "+31 20 123 4567"])
def test_a_number_that_everybody_has_is_nobodys(value):
    """A campaign's or a shop's own number is no citizen number, telephone or card of these people, by chance or not."""
    assert _found(_rows(value)) == []
    if value.isdigit():
        assert _found(np.full(50, float(value))) == []


@pytest.mark.parametrize("gaps", [0, 40])
def test_ten_rows_share_a_value(gaps):
    """Nine may be one person's; rows without a value share nothing."""
    empty = [None] * gaps
    assert _found(np.array(["111222333"] * 9 + empty, dtype=object)) == ["EH-PII-001"]
    assert _found(np.array(["111222333"] * 10 + empty, dtype=object)) == []
    texts = np.array(["111222333", None], dtype=object)
    assert _found(Words(texts, np.array([0] * 9 + [1] * gaps, dtype=np.intp))) == ["EH-PII-001"]
    assert _found(Words(texts, np.array([0] * 10 + [1] * gaps, dtype=np.intp))) == []


def test_so_many_of_few_values_pass_that_it_is_no_chance():
    """One of two codes passes the 11-test for one pair in six; both of two hardly ever do."""
    assert _found(_rows("111222333", "123456789")) == []
    assert _found(_rows("111222333", "123456782")) == ["EH-PII-001"]
    assert _found(_rows("4111111111111111", "5555555555554444")) == []
    assert _found(_rows("4111111111111111", "5555555555554444", "4012888888881881")) == ["EH-PII-006"]


@pytest.mark.parametrize(
    ("name", "value", "id_"),
    [
        ("bsn", "111222333", "EH-PII-001"),
        ("telefoon", "+31 20 123 4567", "EH-PII-004"),
        ("creditcard", "4111111111111111", "EH-PII-006"),
    ],
)
def test_the_columns_name_says_what_a_shared_number_is(name, value, id_):
    """Where the name tells it, one is enough, whoever it is of."""
    assert _found(_rows(value), name) == [id_]


@pytest.mark.parametrize(
    ("value", "id_"),
    [
        ("jan@example.org", "EH-PII-003"),
        ("NL91 ABNA 0417 1643 00", "EH-PII-002"),
        ("06-12345678", "EH-PII-004"),
        ("+31612345678", "EH-PII-004"),
        ("BSN 111222333", "EH-PII-001"),
    ],
)
def test_what_reaches_somebody_by_its_form_is_found_whoever_it_is(value, id_):
    """It tells none of these people apart, and still is somebody's."""
    assert _found(_rows(value)) == [id_]


@pytest.mark.parametrize("name", ["klant_naam", "Full name", "customer_name", "contactpersoon", "achternaam"])
@pytest.mark.parametrize("value", ["Jan de Vries", "Bakker, A.M.", "Jean-Pierre d'Hont", "ÉLISE MÜLLER"])
def test_a_full_name_that_everybody_has_is_somebodys_name(name, value):
    """A constant identifies none of the rows; the name of whoever it is may not be a feature all the same."""
    assert _found(_rows(value), name) == ["EH-PII-007"]
    assert _found(_rows(value, "Ada Lovelace"), name) == ["EH-PII-007"]


@pytest.mark.parametrize("name", ["naam", "product_name", "region", "name_of_shop", "personal"])
def test_two_words_with_capitals_are_no_name_in_any_column(name):
    """New York and Albert Heijn have the same form; only a column that is called after people's names tells."""
    assert _found(_rows("New York", "Albert Heijn"), name) == []


@pytest.mark.parametrize("value", ["onbekend", "m", "18-25", "Jansen", "Region 4", "- -", "x2 Y3"])
def test_a_label_under_such_a_name_is_no_full_name(value):
    """One word, or words that are none."""
    assert _found(_rows(value), "klant_naam") == []


REAL = {
    "grocery products (Complete Journey)": ("complete_journey/products.parquet", "product_id"),
    "employment (OEWS 2024)": ("occupational_exposure/oews_national_2024.csv", "TOT_EMP"),
    "coupons (Complete Journey)": ("complete_journey/coupons.parquet", "coupon_upc"),
    "moments (Open Bandit)": ("open_bandit/random_all.csv.gz", "timestamp"),
}


@pytest.mark.parametrize("table", REAL)
@pytest.mark.skipif(not DATA.exists(), reason="the published tables are not on this machine")
def test_no_published_number_is_somebodys_because_all_rows_have_it(table):
    """Products, counts of jobs, coupons and moments: one in eleven of the former passes the 11-test by chance."""
    file, column = REAL[table]
    frame = pl.read_parquet(DATA / file) if file.endswith("parquet") else pl.read_csv(DATA / file, infer_schema=False)
    values = frame[column].cast(pl.String).drop_nulls().unique(maintain_order=True).to_list()
    passing = [value for value in values if value.isdigit() and len(value) in (8, 9) and bsn.is_valid(value.zfill(9))]
    assert column not in ("product_id", "TOT_EMP") or passing
    for value in [*values[:: len(values) // 200 + 1], *passing[:200]]:
        assert _found(_rows(value, each=20), column) == [], f"{table}: a value of {len(value)} characters"
