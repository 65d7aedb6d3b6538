"""A column that identifies or reaches people is found before it becomes a feature."""

from __future__ import annotations

import numpy as np
import pytest

from evenhand.features import scan_personal_data
from evenhand.terms import Severity

MAILS = [f"person{i}@example.org" for i in range(9)]


def _found(values):
    return [finding.id for finding in scan_personal_data("c", values)]


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
