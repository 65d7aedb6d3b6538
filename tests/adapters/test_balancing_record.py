"""The signed record of a balancing test: what holds, what was altered, and what never was one."""

from __future__ import annotations

from datetime import UTC, date, datetime
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evenhand.adapters.declared.balancing_record import balancing_state, new_record, write_record
from evenhand.policy import Balancing
from evenhand.terms import DataError, StoreError

AT = datetime(2026, 11, 27, tzinfo=UTC)
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
DECLARED = Balancing(record="LIA-1", expires="2027-06-30", file="lia.yaml")


@pytest.fixture
def folder(tmp_path):
    """A folder with the text, and its record signed with a key."""
    (tmp_path / "lia.md").write_text("Interest, necessity, balance.\n", "utf-8")
    write_record(_record(tmp_path, key=KEY), tmp_path / "lia.yaml")
    return tmp_path


def _record(folder, *, key=None, signed_by="J. de Vries, DPO", signed_on=date(2026, 4, 1), expires=date(2027, 6, 30)):
    text = folder / "lia.md"
    return new_record(id="LIA-1", text=text, signed_by=signed_by, signed_on=signed_on, expires=expires, key=key)


def test_a_record_holds_from_the_day_it_is_signed_to_its_last(folder):
    """Or to the last day that the campaign names, where that is earlier."""
    assert balancing_state(DECLARED, folder, AT) == "signed"
    assert balancing_state(DECLARED, folder, datetime(2027, 6, 30, 23, tzinfo=UTC)) == "signed"
    assert balancing_state(DECLARED, folder, datetime(2027, 7, 1, tzinfo=UTC)) == "expired"
    assert balancing_state(DECLARED, folder, datetime(2026, 3, 31, tzinfo=UTC)) == "unsigned"
    sooner = DECLARED.model_copy(update={"expires": "2026-11-26"})
    assert balancing_state(sooner, folder, AT) == "expired"


def test_where_signers_are_listed_no_other_key_counts_and_no_bare_word(folder):
    """G-6f: the record holds its own public key, so whoever has any key could sign it; a list says whose does."""
    own, other = KEY.public_key().public_bytes_raw(), b"o" * 32
    for signers, state in (
        ((own.hex(),), "signed"),
        ((other.hex(), sha256(own).hexdigest()), "signed"),
        ((other.hex(),), "unsigned"),
    ):
        assert balancing_state(DECLARED.model_copy(update={"signers": signers}), folder, AT) == state
    (folder / "lia.yaml").unlink()
    write_record(_record(folder), folder / "lia.yaml")
    assert balancing_state(DECLARED, folder, AT) == "signed"
    assert balancing_state(DECLARED.model_copy(update={"signers": (own.hex(),)}), folder, AT) == "unsigned"


def test_without_a_file_there_is_a_word_and_without_a_clause_nothing(tmp_path):
    """Told apart, so that rules can ask for more than a word."""
    assert balancing_state(DECLARED.model_copy(update={"file": None}), tmp_path, AT) == "declared"
    assert balancing_state(None, tmp_path, AT) == "none"


@pytest.mark.parametrize(
    ("old", "new", "state"),
    [
        ('signed_by: "J. de Vries, DPO"', 'signed_by: "Somebody Else"', "altered"),
        ('expires: "2027-06-30"', 'expires: "2031-06-30"', "altered"),
        ('id: "LIA-1"', 'id: "LIA-2"', "unsigned"),
        ('signed_by: "J. de Vries, DPO"', 'signed_by: ""', "unsigned"),
        ('expires: "2027-06-30"', 'expires: "some day"', "unsigned"),
        ("evenhand_balancing: 1", "evenhand_balancing: 2", "unsigned"),
        ("evenhand_balancing: 1", "evenhand_balancing: 1\nmore: true", "unsigned"),
        ("signature: ", "signature: 00", "altered"),
        ('text: "lia.md"', 'text: "other.md"', "altered"),
    ],
)
def test_whatever_is_changed_in_a_signed_record_shows(folder, old, new, state):
    """The signature covers everything that the record says."""
    path = folder / "lia.yaml"
    content = path.read_text("utf-8")
    assert old in content
    path.write_text(content.replace(old, new), "utf-8")
    assert balancing_state(DECLARED, folder, AT) == state


def test_a_text_that_was_changed_after_it_was_signed_shows(folder):
    """One more sentence, or no file at all."""
    (folder / "lia.md").write_text("Interest, necessity, balance. And more.\n", "utf-8")
    assert balancing_state(DECLARED, folder, AT) == "altered"
    (folder / "lia.md").unlink()
    assert balancing_state(DECLARED, folder, AT) == "altered"


def test_a_named_persons_word_is_a_signature_without_a_key(tmp_path):
    """It ties signer, text and days together as far as a file can; a missing record is none."""
    (tmp_path / "lia.md").write_text("Interest, necessity, balance.\n", "utf-8")
    assert balancing_state(DECLARED, tmp_path, AT) == "unsigned"
    write_record(_record(tmp_path), tmp_path / "lia.yaml")
    assert balancing_state(DECLARED, tmp_path, AT) == "signed"
    (tmp_path / "lia.yaml").write_text("[not, a, record]\n", "utf-8")
    assert balancing_state(DECLARED, tmp_path, AT) == "unsigned"


def test_nobody_signs_for_nobody(tmp_path):
    """A record has a signer, a text, and a last day that is not before the first."""
    with pytest.raises(DataError, match="cannot be read"):
        _record(tmp_path)
    (tmp_path / "lia.md").write_text("x", "utf-8")
    with pytest.raises(DataError, match="no signer"):
        _record(tmp_path, signed_by=" ")
    with pytest.raises(DataError, match="expires before"):
        _record(tmp_path, expires=date(2026, 3, 31))
    write_record(_record(tmp_path), tmp_path / "lia.yaml")
    with pytest.raises(StoreError, match="cannot be written"):
        write_record(_record(tmp_path), tmp_path / "lia.yaml")
