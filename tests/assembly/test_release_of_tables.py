"""A table with a row per person, before it leaves."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import evenhand as eh
from evenhand.terms import DataError, UsageError

ADULT = Path(__file__).parents[3] / "shared" / "data" / "adult" / "adult.csv.gz"
OF_PYCANON = (
    (("age", "education", "race", "sex"), "income", 1, 1, 0.7607182343065395),
    (("education", "race", "sex"), "income", 1, 1, 0.7607182343065395),
    (("sex", "race"), "occupation", 155, 13, 0.29892378544277853),
    (("marital_status", "sex"), "occupation", 12, 8, 0.36359417441273223),
)
"""k_anonymity, l_diversity, t_closeness of pycanon 1.3.6 on the 48,842 people of the census extract, missing as "?"."""


@pytest.fixture(scope="module")
def adult() -> pl.DataFrame:
    """The census extract of 1994."""
    if not ADULT.exists():
        pytest.skip("the census data is not on this machine")
    return pl.read_csv(gzip.decompress(ADULT.read_bytes())).with_columns(pl.col(pl.String).fill_null("?"))


@pytest.fixture(scope="module")
def people() -> pl.DataFrame:
    """Two hundred people of 20 to 59, by their postcodes, with who bought."""
    rows = range(200)
    return pl.DataFrame(
        {
            "person": [f"canary{row}@mail.example" for row in rows],
            "age": [20 + row % 40 for row in rows],
            "postcode": [f"10{row % 7}0AB" for row in rows],
            "bought": [row % 3 == 0 for row in rows],
        }
    )


@pytest.mark.parametrize(("known", "secret", "smallest", "diversity", "closeness"), OF_PYCANON)
def test_the_figures_are_a_peers(adult, known, secret, smallest, diversity, closeness):
    """k, l and t as pycanon tells them of real people."""
    before = eh.release(adult.select(*known, secret), k=2, confidential=[secret]).before
    assert (before.smallest, before.diversity[secret]) == (smallest, diversity)
    assert before.closeness[secret] == pytest.approx(closeness, abs=1e-12)


def test_real_people_leave_in_classes_of_ten(adult):
    """What leaves is counted again, by another group-by: nobody among fewer than ten, everybody else is there."""
    known = ["age", "education", "race", "sex"]
    made = eh.release(
        adult.select(*known, "income"), confidential=["income"],
        levels={"age": [5, 10, 20, "*"], "race": ["*"], "education": ["*"]}, most_left_out=0.02, diversity=2,
    )  # fmt: skip
    sizes = made.frame.group_by(known).agg(pl.len(), pl.col("income").n_unique().alias("kinds"))
    assert sizes["len"].min() == made.after.smallest >= 10
    assert sizes["kinds"].min() >= 2
    assert len(made.frame) + made.left_out == len(adult)
    assert 0 < made.left_out <= 0.02 * len(adult)
    assert made.after.diversity["income"] == 2


def test_a_table_with_rare_people_is_refused(people):
    """Without levels: which rule, and what to do; nothing of the table comes back, and no value is said."""
    made = eh.release(people, identifier="person", confidential=["bought"])
    assert made.refused
    assert made.frame is None
    (finding,) = made.findings
    assert finding.id == "EH-DATA-023"
    assert finding.what.startswith("200 of 200 people are among fewer than 10 who look alike")
    assert "canary" not in json.dumps(made.to_dict())


def test_two_releases_cannot_be_joined(people):
    """Pseudonyms of one release are not those of another, rows stand in another order, and the id is in neither."""
    asked = {"identifier": "person", "confidential": ["bought"], "levels": {"age": [10], "postcode": ["*"]}}
    one, other = (eh.release(people, **asked, pseudonyms=True).frame for _ in range(2))
    assert not set(one["person"]) & set(other["person"])
    assert one["age"].to_list() != other["age"].to_list()
    assert one.drop("person").sort("age", "bought").equals(other.drop("person").sort("age", "bought"))
    plain = eh.release(people, **asked).frame
    assert plain.columns == ["age", "postcode", "bought"]
    assert plain.equals(plain.sort(plain.columns))


@pytest.mark.parametrize(
    ("convert", "kind"), [(pl.DataFrame.to_pandas, pd.DataFrame), (pl.DataFrame.to_arrow, pa.Table)]
)
def test_the_same_kind_of_frame_comes_out(people, convert, kind):
    """pandas in, pandas out."""
    made = eh.release(convert(people.drop("person")), levels={"age": [20], "postcode": ["*"]})
    assert isinstance(made.frame, kind)
    assert len(made.frame) == 200


def test_a_column_that_names_people_does_not_leave(people):
    """Addresses in a column that is called confidential are found, whatever the classes are."""
    made = eh.release(people.drop("age", "postcode"), confidential=["person"])
    assert made.refused
    assert {finding.id[:6] for finding in made.findings} == {"EH-PII"}


def test_somebody_who_stands_there_twice_is_refused(people):
    """With two rows a person can be found by both together, so classes of rows say nothing."""
    with pytest.raises(DataError, match="repeat an id"):
        eh.release(pl.concat([people, people]), identifier="person")


def test_a_class_that_tells_a_confidential_value_is_named():
    """Everybody of twenty bought: it leaves, with a warning; where a diversity is asked for it does not."""
    frame = pl.DataFrame({"age": [20] * 20 + [30] * 20, "bought": [True] * 20 + [True, False] * 10})
    made = eh.release(frame, confidential=["bought"])
    assert [finding.id for finding in made.findings] == ["EH-DATA-024"]
    assert eh.release(frame, confidential=["bought"], diversity=2).refused
    assert eh.release(frame, confidential=["bought"], diversity=2, levels={"age": ["*"]}).after.classes == 1


def test_missing_values_are_a_class_of_their_own_in_every_level():
    """None and NaN are one missing value; `*` covers it too."""
    frame = pl.DataFrame({"height": [1.5, None, float("nan"), 1.7] * 5})
    assert eh.release(frame, k=10).refused
    made = eh.release(frame, k=10, levels={"height": [1.0]})
    assert sorted(made.frame["height"].unique().to_list(), key=str) == ["1 to below 2", None]
    assert eh.release(frame, k=20, levels={"height": ["*"]}).frame["height"].unique().to_list() == ["*"]


@pytest.mark.parametrize(
    ("asked", "match"),
    [
        ({"k": 1}, "k is below 2"),
        ({"diversity": 2}, "no column is confidential"),
        ({"most_left_out": 1.0}, "share left out"),
        ({"confidential": ["nobody"]}, "does not leave at all"),
        ({"confidential": "bought"}, "does not leave at all"),
        ({"confidential": ["bought"], "levels": {"bought": [1]}}, "levels are declared of a column"),
        ({"pseudonyms": True}, "no column is the identifier"),
        ({"columns": []}, "no column leaves"),
        ({"levels": {"age": ["five"]}}, "neither a number, a mapping nor"),
    ],
)
def test_what_does_not_fit_together_is_refused(people, asked, match):
    """Wrong usage says what is wrong."""
    with pytest.raises(UsageError, match=match):
        eh.release(people, **asked)
