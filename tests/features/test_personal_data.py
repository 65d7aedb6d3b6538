"""A column that identifies or reaches people is found before it becomes a feature."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import iban
from stdnum.nl import bsn

from evenhand.features import Words, scan_personal_data
from evenhand.terms import Severity

MAILS = [f"person{i}@example.org" for i in range(9)]


def _found(values, name="c"):
    return [finding.id for finding in scan_personal_data(name, values)]


def _texts(values):
    return np.array(values, dtype=object)


def test_a_citizen_number_is_found_by_its_test():
    """UAVG 46: 111222333 passes the 11-test, 123456789 does not; as text, with dots, or as a number."""
    assert _found(_texts(["111222333"] * 5)) == ["EH-PII-001"]
    assert _found(_texts(["111.222.333"] * 5)) == ["EH-PII-001"]
    assert _found(np.array([111222333.0] * 5)) == ["EH-PII-001"]
    assert _found(_texts(["123456789"] * 5)) == []


def test_random_nine_digit_numbers_are_not_citizen_numbers():
    """One in eleven passes by chance; that is no finding."""
    assert _found(np.random.default_rng(0).integers(10**8, 10**9, 500).astype(float)) == []


@pytest.mark.parametrize(
    ("values", "id_"),
    [
        (["NL91 ABNA 0417 1643 00"], "EH-PII-002"),
        (["paid from NL91ABNA0417164300 today", "cash", "cash"], "EH-PII-002"),
        (MAILS, "EH-PII-003"),
        (["mail me at a.b@example.co.uk", "none", None], "EH-PII-003"),
        (["+31 6 12345678", "06-12345678", "0612345678"], "EH-PII-004"),
        (["0031 20 123 4567"] * 3, "EH-PII-004"),
    ],
)
def test_accounts_addresses_and_telephones_are_found(values, id_):
    """IBANs and e-mail addresses from the first one, inside text too; telephone numbers where half look so."""
    (finding,) = scan_personal_data("c", _texts(values))
    assert (finding.id, finding.severity, finding.subject_matter) == (id_, Severity.ERROR, "c")


def test_a_text_of_which_nearly_every_row_has_its_own_is_an_identifier():
    """Names, ids and free text are not features."""
    assert _found(_texts([f"klant-{i}" for i in range(100)])) == ["EH-PII-005"]


@pytest.mark.parametrize(
    "values",
    [
        _texts(["north", "south"] * 60),
        np.random.default_rng(0).normal(size=200),
        _texts([f"{i}.50" for i in range(200)]),
        _texts(["2024-01-01", "01-02-2024", "01-02-2024 10:00"] * 30),
        _texts(["NL91ABNA0417164301", "NL00TEST"] * 60),
        _texts([None] * 10),
        np.array([]),
    ],
)
def test_ordinary_columns_are_left_alone(values):
    """Regions, amounts, dates, wrong IBANs and empty columns are no finding."""
    assert _found(values) == []


def test_no_finding_shows_a_value():
    """A finding counts; it never quotes."""
    (finding,) = scan_personal_data("c", _texts(MAILS))
    assert "@" not in finding.what + finding.remedy
    assert finding.measured == {"hits": 9, "looked_at": 9}


@pytest.mark.parametrize(
    ("values", "id_"),
    [
        (["paid with 4111 1111 1111 1111", "cash", "cash"], "EH-PII-006"),
        (["4111111111111111", "5555555555554444", "4012888888881881"], "EH-PII-006"),
        (["call me back on 06 12345678 please", "nothing", None], "EH-PII-004"),
    ],
)
def test_cards_and_numbers_inside_texts_are_found(values, id_):
    """A card's check digit, and a Dutch mobile number in a sentence, count where they stand."""
    assert _found(_texts(values)) == [id_]


def test_a_column_that_is_called_after_what_it_holds_is_found():
    """Many values under the name phone; but not a yes or no, nor a name that only contains the word."""
    many = _texts([f"x{k % 40}" for k in range(200)])
    assert [one.id for one in scan_personal_data("Phone_Number", many)] == ["EH-PII-007"]
    assert scan_personal_data("phone", _texts(["landline", "mobile"] * 60)) == ()
    assert scan_personal_data("email_opens", many) == ()


def test_long_numbers_are_not_cards_by_chance():
    """One in ten random numbers passes the test of a card; that is no finding."""
    numbers = np.random.default_rng(0).integers(4 * 10**15, 5 * 10**15, 500)
    assert _found(_texts([str(one) for one in numbers])) == []


def _citizen_numbers(count):
    """Numbers that pass the 11-test, as python-stdnum judges."""
    drawn = np.random.default_rng(3).integers(10**8, 10**9, count * 30).tolist()
    return [str(one) for one in drawn if bsn.is_valid(str(one))][:count]


@given(st.integers(0, 10**9 - 1))
def test_the_11_test_is_the_one_of_the_reference(number):
    """A column of one nine-digit number is citizen numbers exactly where python-stdnum says that it is valid."""
    text = f"{number:09d}"
    assert (_found(_texts([text])) == ["EH-PII-001"]) == bsn.is_valid(text)


@pytest.mark.parametrize("written", ["{}.0", "bsn {} of the client", "BSN: {}", "client {}, paid", "spoke to {} today"])
def test_a_citizen_number_is_found_however_it_is_written(written):
    """As a spreadsheet writes a number, and inside a longer text, behind its name or not."""
    assert _found(_texts([written.format(one) for one in _citizen_numbers(100)])) == ["EH-PII-001"]


def test_one_citizen_number_behind_its_name_is_enough():
    """The word says what the number is; a number of nine digits that fails the test is left alone."""
    assert _found(_texts(["ok", "nvt"] * 50 + ["burgerservicenummer 111222333"])) == ["EH-PII-001"]
    assert _found(_texts(["ok", "nvt"] * 50 + ["burgerservicenummer 123456789", "order 111222333"])) == []


def test_citizen_numbers_among_other_texts_are_found():
    """Three that pass, of the numbers of nine digits in the column, are no chance; 3 of 40 are."""
    rows = ["ok", "nvt", *map(str, range(300))] * 3
    assert _found(_texts([*rows, *_citizen_numbers(5)])) == ["EH-PII-001"]
    others = [str(one) for one in range(500_000_000, 500_000_400) if not bsn.is_valid(str(one))][:37]
    assert _found(_texts([*rows, *others, *_citizen_numbers(3)])) == []


def test_mobile_numbers_that_lost_their_first_0_are_found():
    """As a spreadsheet leaves them: numbers, or the texts of numbers."""
    mobile = np.random.default_rng(5).integers(610_000_000, 659_999_999, 500)
    assert _found(mobile.astype(float)) == ["EH-PII-004"]
    assert _found(_texts([f"{one}.0" for one in mobile])) == ["EH-PII-004"]


def test_a_few_addresses_among_many_rows_are_found():
    """Wherever they stand, and in a column that keeps each text once as well."""
    rows = np.array(["ok", "nvt", "-"] * 40_000, dtype=object)
    rows[100_001:100_004] = MAILS[:3]
    assert _found(rows) == ["EH-PII-003"]
    texts, place = np.unique(rows.astype(str), return_inverse=True)
    assert _found(Words(texts.astype(object), place)) == ["EH-PII-003"]
    assert _found(Words(texts.astype(object), place)[:100_000]) == []


def test_one_address_among_more_different_texts_than_are_looked_at_is_found():
    """Addresses and accounts are searched for in all of them."""
    rows = [f"remark {k}" for k in range(120_000)]
    assert _found(_texts([*rows, *MAILS[:1], *rows[:3]])) == ["EH-PII-003"]
    assert _found(_texts([*rows, "to NL91-ABNA-0417-1643-00", *rows[:3]])) == ["EH-PII-002"]


@pytest.mark.parametrize(
    ("name", "id_"),
    [
        *((name, "EH-PII-007") for name in ("achternaam", "Voornaam", "straat", "geboortedatum", "klant_email", "dob")),
        *((name, "EH-PII-007") for name in ("last_name", "DateOfBirth", "street address", "email_hash", "telefoon2")),
        *((name, "EH-PII-005") for name in ("klantnummer", "customer_id", "klantnummer_hash")),
    ],
)
def test_a_column_that_is_called_after_people_is_found(name, id_):
    """Names, addresses, birth days and the numbers of people, in Dutch and English, where there are many of them."""
    assert _found(_texts([f"x{k % 40}" for k in range(400)]), name) == [id_]
    assert _found(np.arange(400.0) % 40, name) == [id_]
    assert _found(_texts([f"x{k % 20}" for k in range(400)]), name) == []


@pytest.mark.parametrize(
    "name", ["region", "postcode", "product_name", "street_count", "mail_clicks", "tel_minutes", "id"]
)
def test_other_names_are_left_alone(name):
    """A name that only contains such a word says nothing."""
    assert _found(_texts([f"x{k % 40}" for k in range(400)]), name) == []


def test_full_postcodes_and_many_hashes_are_found():
    """1234 AB is twenty homes, 1234 a town; a hash of an address tells as much apart as the address."""
    assert _found(_texts([f"{1000 + k % 90} AB" for k in range(400)])) == ["EH-PII-007"]
    assert _found(_texts([f"{1000 + k % 90}" for k in range(400)])) == []
    assert _found(_texts([f"{1000 + k % 9} AB" for k in range(400)])) == []
    assert _found(_texts([f"{k % 150:064x}" for k in range(400)])) == ["EH-PII-005"]
    assert _found(_texts([f"{k % 9:032x}" for k in range(400)])) == []


@pytest.mark.parametrize("values", [["m", "f", "x"], ["18-25", "26-35", "36-45"], ["1011", "1012"], ["6", "9"]])
def test_columns_of_few_labels_are_left_alone(values):
    """Sex, age bands, districts: whatever the number of rows, and whatever the column is called."""
    assert _found(_texts(values * 200), "naam") == []


def test_accounts_are_not_taken_for_telephone_numbers_too():
    """The digits of an IBAN may look like a mobile number; the column is told of once."""
    assert iban.is_valid("NL98INGB0612345676")
    assert _found(_texts(["NL98 INGB 0612 3456 76", "nl98ingb0612345676"])) == ["EH-PII-002"]
