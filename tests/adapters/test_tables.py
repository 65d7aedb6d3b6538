"""Files and data frames come in: only the named columns, and a clear message for whatever is wrong."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.adapters.data.frames import frame_like
from evenhand.adapters.data.tables import open_frame, open_table
from evenhand.policy import Table
from evenhand.terms import DataError, StoreError, UsageError

GOOD = "id,visits,region,bought\n007,3,north,yes\n8,,south,no\n9,2.5,,no\n"
ALL = np.ones(3, dtype=bool)


def _table(file):
    return Table(file=str(file), sql=None, table=None)


@pytest.fixture
def csv(tmp_path):
    """Open a CSV file with the given content (text or bytes)."""

    def make(content, *, columns=None, name="people.csv"):
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return open_table(_table(name), tmp_path, columns=columns)

    return make


def _frames():
    data = {
        "id": [1, 2, 3],
        "visits": [3.0, None, 2.5],
        "region": ["north", "south", None],
        "member": [True, False, None],
    }
    return {
        "polars": pl.DataFrame(data),
        "lazy polars": pl.LazyFrame(data),
        "pandas": pd.DataFrame(data),
        "pandas nullable": pd.DataFrame(data).convert_dtypes(),
        "pyarrow": pa.table(data),
    }


def test_a_csv_file_is_read_as_it_is_written(csv):
    """Ids keep their zeros, numbers become numbers, empty is missing."""
    table = csv(GOOD)
    columns = table.columns(["visits", "region"])
    assert table.names == ("id", "visits", "region", "bought")
    assert len(table) == 3
    assert table.ids("id", unique=True) == ["007", "8", "9"]
    np.testing.assert_array_equal(columns.read("visits", ALL), [3.0, np.nan, 2.5])
    assert columns.read("region", ALL).tolist() == ["north", "south", None]
    assert table.outcome("bought").tolist() == [1, 0, 0]


def test_values_are_handed_out_for_the_asked_rows_only(csv):
    """The mask decides who is read."""
    columns = csv(GOOD).columns(["visits", "region"])
    rows = np.array([True, False, True])
    assert columns.read("visits", rows).tolist() == [3.0, 2.5]
    assert columns.read("region", rows).tolist() == ["north", None]


def test_only_granted_columns_can_be_read(csv):
    """A column that the table has and the campaign did not open stays closed (G-5b)."""
    columns = csv(GOOD).columns(["visits"])
    with pytest.raises(DataError, match=r"'region' of people\.csv was not opened"):
        columns.read("region", ALL)


def test_only_named_columns_are_loaded(csv, tmp_path):
    """Projection: what is not named is not there, in CSV, Parquet and frames; its name is still known."""
    table = csv(GOOD, columns=["visits", "id"])
    assert table.names == ("id", "visits", "region", "bought")
    with pytest.raises(DataError, match="lacks columns: 'region'"):
        table.series("region")
    with pytest.raises(DataError, match="lacks columns: 'region'"):
        open_frame(pl.DataFrame({"id": [1], "region": ["n"]}), columns=["id"]).series("region")


def test_parquet_gives_what_csv_gives(csv, tmp_path):
    """The same columns, whatever the file."""
    pl.read_csv(GOOD.encode(), schema_overrides={"id": pl.String}).write_parquet(tmp_path / "people.parquet")
    table = open_table(_table("people.parquet"), tmp_path)
    other = csv(GOOD)
    assert table.ids("id", unique=True) == other.ids("id", unique=True)
    for name in ("visits", "region"):
        np.testing.assert_array_equal(table.columns([name]).read(name, ALL), other.columns([name]).read(name, ALL))


@pytest.mark.parametrize("kind", list(_frames()))
def test_any_frame_gives_the_same(kind):
    """pandas, polars (lazy too) and pyarrow: equal values, equal digest, and the same kind out."""
    frame = _frames()[kind]
    table = open_frame(frame)
    columns = table.columns(["visits", "region", "member"])
    assert table.ids("id", unique=True) == ["1", "2", "3"]
    np.testing.assert_array_equal(columns.read("visits", ALL), [3.0, np.nan, 2.5])
    assert columns.read("region", ALL).tolist() == ["north", "south", None]
    assert columns.read("member", ALL).tolist() == ["true", "false", None]
    assert table.digest() == open_frame(_frames()["polars"]).digest()
    made = frame_like(frame, {"offer": np.array([1, 0]), "why": ["a", None]})
    assert type(made) is type(frame)
    assert open_frame(made).ids("offer", unique=True) == ["1", "0"]


def test_a_digest_changes_with_the_data(csv):
    """A replay can tell that the data is not what it was."""
    assert csv(GOOD).digest() == csv(GOOD).digest() != csv(GOOD.replace("2.5", "2.6")).digest()
    one, other = pl.DataFrame({"a": ["x", None]}), pl.DataFrame({"a": ["x", "y"]})
    assert open_frame(one).digest() != open_frame(other).digest()


@pytest.mark.parametrize(
    "content",
    [
        GOOD.replace(",", ";"),
        GOOD.replace(",", "\t"),
        GOOD.replace(",", ";").replace("2.5", "2,5"),
        GOOD.replace("\n", "\r\n"),
        "\ufeff" + GOOD,
        GOOD + "\n\n",
        GOOD.replace("id,visits", ' id ,"visits"'),
    ],
)
def test_usual_dialects_of_csv_are_understood(csv, content):
    """Semicolon, tab, decimal comma, Windows line ends, byte order mark, blank last lines, spaces in the header."""
    table = csv(content)
    assert table.ids("id", unique=True) == ["007", "8", "9"]
    np.testing.assert_array_equal(table.columns(["visits"]).read("visits", ALL), [3.0, np.nan, 2.5])


def test_quoted_separators_and_line_ends_are_text(csv):
    """A quoted field may hold the separator, a quote and a line end."""
    table = csv('id,note\n1,"a, b"\n2,"c\nd"\n3,"say ""hi"""\n')
    assert table.texts("note") == ["a, b", "c\nd", 'say "hi"']


def test_large_files_are_checked_across_blocks(csv):
    """A record that is broken far down is found, with its number; quotes that span blocks are no error."""
    quoted = "id,a,b\n" + f'1,"x,\n{"." * 90}",2\n' * 90_000
    assert len(csv(quoted)) == 90_000
    with pytest.raises(DataError, match=r"Record 90002 of people.csv \(the header is 1\) has 2 fields instead of 3"):
        csv(quoted + "1,2\n")


@pytest.mark.parametrize(
    ("content", "match"),
    [
        ("", "people.csv is empty"),
        ("id,visits\n", "people.csv has no rows"),
        ("id,a,b\n1,2,3\n4,5\n", "Record 3 of people.csv .* has 2 fields instead of 3"),
        ("id,a\n1,2\n4,5,6\n", "Record 3 of people.csv .* has 3 fields instead of 2"),
        ("id,a\n1,2\n\n4,5\n", "Record 3 of people.csv .* has 0 fields"),
        ("id,a,id\n1,2,3\n", "columns of the same name, or without one: 'id'"),
        ('id,a\n1,2\n3,"4\n', r"a quote is not closed, or not doubled, in record 3; the header is 1"),
        ("id,,\n1,2,3\n", "columns of the same name, or without one: ''"),
        ("id,naam\n1,Zo\xeb\n".encode("latin-1"), r"not UTF-8 text \(line 2\)"),
        ("id,a\n1,2\n".encode("utf-16"), r"not UTF-8 text \(line 1\)"),
    ],
)
def test_a_broken_csv_file_is_told_where(csv, content, match):
    """What is wrong, where, and what to do; never a value."""
    with pytest.raises(DataError, match=match):
        csv(content)


@pytest.mark.parametrize(("encoding", "source"), [("utf-16", "UTF-16"), ("latin-1", "WINDOWS-1252")])
def test_the_conversion_that_is_advised_fits_the_file(csv, encoding, source):
    """A file with the mark of UTF-16 is not to be converted from WINDOWS-1252."""
    with pytest.raises(DataError, match="not UTF-8 text") as caught:
        csv("id,naam\n1,Zo\xeb\n".encode(encoding))
    assert f"iconv -f {source} -t UTF-8" in caught.value.remedy


def test_a_file_that_is_not_there(tmp_path):
    """A near name is offered."""
    (tmp_path / "people.csv").write_text(GOOD)
    with pytest.raises(DataError, match=r"There is no file peple\.csv; did you mean people\.csv"):
        open_table(_table("peple.csv"), tmp_path)


def test_a_folder_is_not_a_table(tmp_path):
    """A directory in place of a file."""
    (tmp_path / "people.csv").mkdir()
    with pytest.raises(DataError, match=r"people\.csv is a folder"):
        open_table(_table("people.csv"), tmp_path)


def test_another_kind_of_file(tmp_path):
    """Only CSV and Parquet."""
    (tmp_path / "people.xlsx").write_bytes(b"PK")
    with pytest.raises(DataError, match="neither CSV nor Parquet"):
        open_table(_table("people.xlsx"), tmp_path)


def test_a_file_that_cannot_be_opened(tmp_path):
    """What the operating system refuses is a store error (exit code 4)."""
    (tmp_path / "people.csv").write_text(GOOD)
    with pytest.raises(StoreError, match="cannot be read"):
        open_table(_table("people.csv/more.csv"), tmp_path)


@pytest.mark.parametrize("cut", [0, 4, 200, -1])
def test_a_broken_parquet_file(tmp_path, cut):
    """Cut off anywhere, or not Parquet at all."""
    path = tmp_path / "people.parquet"
    pl.DataFrame({"id": range(100), "x": ["a"] * 100}).write_parquet(path)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        open_table(_table("people.parquet"), tmp_path)


def test_a_parquet_file_that_changes_underway(tmp_path):
    """A run decides on one state of the data."""
    path = tmp_path / "people.parquet"
    pl.DataFrame({"x": [1.0, 2.0]}).write_parquet(path)
    table = open_table(_table("people.parquet"), tmp_path)
    pl.DataFrame({"x": [1.0, 2.0, 3.0, 4.0]}).write_parquet(path)
    with pytest.raises(DataError, match="changed while it was being read"):
        table.series("x")


def test_a_missing_column_is_named_with_the_nearest(csv):
    """Did you mean."""
    with pytest.raises(DataError, match=r"lacks columns: 'Visit' \(did you mean 'visits'\?\), 'zzz'"):
        csv(GOOD, columns=["id", "Visit", "zzz"])


@pytest.mark.parametrize("frame", [_frames()["pandas"], _frames()["pyarrow"]], ids=["pandas", "pyarrow"])
def test_two_columns_of_one_name(frame):
    """A frame may hold doubles; a campaign cannot name them."""
    doubled = pd.concat([frame, frame[["id"]]], axis=1) if isinstance(frame, pd.DataFrame) else None
    doubled = frame.append_column("id", pa.array([1, 2, 3])) if doubled is None else doubled
    with pytest.raises(DataError, match="two columns of one name"):
        open_frame(doubled)


@pytest.mark.parametrize("value", [{"a": [1]}, [1, 2], 3, None])
def test_what_is_not_a_frame(value):
    """A dict, a list, a number."""
    with pytest.raises(UsageError, match="is not a data frame"):
        open_frame(value)


def test_a_frame_without_rows():
    """Nobody to decide about."""
    with pytest.raises(DataError, match="the data frame has no rows"):
        open_frame(pd.DataFrame({"id": []}))


def test_mixed_types_are_named():
    """Words and numbers in one column of a frame."""
    with pytest.raises(DataError, match="'a' mixes types: int, str"):
        open_frame(pd.DataFrame({"a": [1, "x", None]}))


def test_duplicate_ids_are_counted_and_not_shown(csv):
    """Subjects stand there once; history may repeat them."""
    table = csv("id,a\nsecret,1\nsecret,2\nother,3\nsecret,4\n")
    with pytest.raises(DataError, match=r"2 rows of people\.csv repeat an id") as caught:
        table.ids("id", unique=True)
    assert "secret" not in str(caught.value)
    assert len(table.ids("id", unique=False)) == 4


def test_missing_ids_are_counted(csv):
    """A row that belongs to nobody."""
    with pytest.raises(DataError, match=r"1 of 2 rows of people\.csv have no id"):
        csv("id,a\nx,1\n,2\n").ids("id", unique=True)


@pytest.mark.parametrize("words", ["10", "yn", "tf"])
def test_an_outcome_may_be_written_in_several_ways(csv, words):
    """1/0, yes/no, true/false, in any case."""
    yes, no = {"10": ("1", "0"), "yn": ("Yes", "NO"), "tf": ("true", "False")}[words]
    assert csv(f"id,y\n1,{yes}\n2,{no}\n3,{yes}\n").outcome("y").tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("values", "match"),
    [
        ((1, 0, 2), "1 of 3 values of outcome 'y'"),
        (("yes", "no", ""), "1 of 3 values of outcome 'y'"),
        ((0, 0, 0), "The outcome 'y' is the same in all 3 rows"),
        ((1, 1, 1), "The outcome 'y' is the same in all 3 rows"),
    ],
)
def test_an_outcome_that_cannot_be_learned(csv, values, match):
    """Other values, missing ones, or one class only."""
    table = csv("id,y\n" + "".join(f"{i},{value}\n" for i, value in enumerate(values)))
    with pytest.raises(DataError, match=match):
        table.outcome("y")


def test_an_order_is_a_number_or_a_date(csv):
    """Dates count days since 1970, with or without a time."""
    table = csv("n,d,t,w\n5,1970-01-02,1970-01-01T12:00:00,x\n6,2026-01-01,1970-01-02T00:00:00Z,y\n")
    assert table.order("n").tolist() == [5, 6]
    assert table.order("d").tolist() == [1, 20454]
    assert table.order("t").tolist() == [0.5, 1.0]
    with pytest.raises(DataError, match="2 of 2 values of order column 'w'"):
        table.order("w")
    frame = pd.DataFrame({"d": pd.to_datetime(["1970-01-02", "2026-01-01"])})
    assert open_frame(frame).order("d").tolist() == [1, 20454]


def test_ages_become_bands_and_impossible_ones_are_unknown():
    """Groups that can be compared, behind the wall."""
    ages = [-1, 0, 17, 18, 24, 25, 74, 75, 120, 121, None, *range(30, 45)]
    groups = open_frame(pl.DataFrame({"leeftijd": ages})).groups("leeftijd")
    assert groups[:5] == [None, "17 or younger", "17 or younger", "18-24", "18-24"]
    assert groups[5:11] == ["25-34", "65-74", "75 or older", "75 or older", None, None]


def test_other_numbers_become_quarters_and_few_values_stay():
    """An income in euros is a quarter of the population; a household size stays as it is."""
    table = open_frame(pl.DataFrame({"income": [*range(0, 4000, 100), None], "size": [1, 2] * 20 + [None]}))
    assert sorted(set(table.groups("income")) - {None}) == [
        "1000 to 2000",
        "2000 to 3000",
        "3000 or more",
        "below 1000",
    ]
    assert table.groups("income")[-1] is None
    assert set(table.groups("size")) == {"1", "2", None}


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60), st.sampled_from([2, 4, 5, 10]))
def test_parts_of_equal_size_hold_all_and_keep_equal_numbers_together(numbers, parts):
    """Everybody is in one part, equal numbers in the same one, and where all differ no part is a person too large."""
    groups = open_frame(pl.DataFrame({"income": numbers})).groups("income", parts)
    assert None not in groups
    assert len(set(groups)) <= parts
    assert all(one == other for a, one in zip(numbers, groups, strict=True)
               for b, other in zip(numbers, groups, strict=True) if a == b)  # fmt: skip
    if len(set(numbers)) == len(numbers):
        assert max(groups.count(group) for group in groups) <= len(numbers) // parts + 1


def test_ages_among_which_some_are_no_numbers_are_bands_all_the_same():
    """One per cent of words makes the column text, and no 80 groups: the words are unknown, and counted."""
    texts = [str(18 + row % 75) for row in range(990)] + ["n/a", "geheim"] * 5 + [None]
    table = open_frame(pl.DataFrame({"age": texts, "points": texts, "town": [f"t{row % 30}" for row in range(1_001)]}))
    groups = table.groups("age")
    assert {"18-24", "75 or older", None} <= set(groups)
    assert len(set(groups)) <= 9
    assert groups[990:] == [None] * 11
    mixed = table.mixed("age")
    assert mixed is not None
    assert (mixed.numbers, mixed.others, mixed.banded) == (990, 10, True)
    other = table.mixed("points")
    assert other is not None
    assert not other.banded
    assert other.different == 77
    assert table.mixed("town") is None


def test_a_cut_says_which_groups_a_number_makes():
    """Quintiles by name or by number, edges as they are written, also where few values differ; text is refused."""
    table = open_frame(
        pl.DataFrame({"income": [*range(0, 100, 10), None], "size": [1, 2, 3, 4, 5] * 2 + [None], "t": ["a"] * 11})
    )
    fifths = ["below 20", "below 20", "20 to 40", "20 to 40"]
    assert table.groups("income", "quintiles")[:4] == table.groups("income", 5)[:4] == fifths
    assert len(set(table.groups("income", "deciles"))) == 11
    assert table.groups("size", (2, 4))[:5] == ["below 2", "2 to 4", "2 to 4", "4 or more", "4 or more"]
    assert table.groups("size", (2, 4))[-1] is None
    assert table.groups("income", (1000000.25, 1000000.5))[0] == "below 1000000.25"
    with pytest.raises(DataError, match=r"'t' of .* 11 of its 11 values are no numbers"):
        table.groups("t", "quintiles")


def test_a_cut_says_how_many_values_are_no_numbers(csv):
    """One amount in Dutch writing among numbers is counted, and never shown."""
    table = csv('id,income\n1,30000\n2,"12.345,67"\n3,\n4,1e5\n')
    with pytest.raises(DataError, match="1 of its 3 values are no numbers") as raised:
        table.groups("income", "quintiles")
    assert "12.345" not in raised.value.what
    assert "leave these values empty" in raised.value.remedy


def test_codes_with_leading_zeros_stay_text(csv):
    """0123 is a code; as a number it would lose its zero."""
    assert csv("id,pc\n1,0123\n2,4567\n").kind("pc") == "text"


def test_words_for_nothing_are_missing(csv):
    """NA, N/A, NULL and NaN are missing, in a number column as elsewhere."""
    read = csv("id,x\n1,NA\n2,3\n3,null\n").columns(["x"]).read("x", ALL)
    np.testing.assert_array_equal(read, [np.nan, 3.0, np.nan])


@pytest.mark.parametrize("kind", [pl.String, pl.Categorical, pl.Enum(["", "oak", "elm", "ash"])])
def test_a_column_of_words_reads_the_same_however_a_frame_keeps_it(kind):
    """Text, categories and enums, with gaps and empty words, of some rows: the text of each, or None."""
    words = ["oak", None, "elm", "", "oak", "elm", "oak", None] * 3
    table = open_frame(pl.DataFrame({"id": [str(i) for i in range(24)], "tree": pl.Series(words, dtype=kind)}))
    rows = np.arange(24) % 3 > 0
    values = table.columns(["tree"]).read("tree", rows)
    assert values.tolist() == [word or None for word, wanted in zip(words, rows, strict=True) if wanted]
    assert len(values) == 16


def test_texts_of_nearly_everybody_are_no_groups():
    """A column of names cannot be compared as groups; the message has none of them. Countries of many people can."""
    names = pl.DataFrame({"nick": [f"Zofia-{k}" for k in range(60)]})
    with pytest.raises(DataError, match="60 different texts") as caught:
        open_frame(names).groups("nick")
    assert "Zofia" not in str(caught.value)
    countries = [f"country-{k % 150}" for k in range(3000)]
    assert open_frame(pl.DataFrame({"country": countries})).groups("country") == countries
