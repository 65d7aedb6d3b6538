"""The file that says how staff sign in."""

from __future__ import annotations

import pytest

from evenhand.adapters.sign_in.staff_settings import read_staff_settings, staff_settings
from evenhand.staff import StaffRole, roles_of
from evenhand.terms import PolicyError

GOOD = {
    "issuer": "https://login.shop.example/realms/shop",
    "client": "evenhand",
    "site": "https://marketing.shop.example/",
    "roles": {"privacy-officer": ["dpo"], "marketer": ["marketing", "dpo"]},
}


def test_a_good_file_is_read(tmp_path):
    """With what it leaves out settled; the way back follows from the site."""
    file = tmp_path / "staff.yaml"
    file.write_text(
        "issuer: https://login.shop.example\nclient: evenhand\nsite: https://shop.example\n"
        "claim: realm_access.roles\nroles:\n  privacy-officer: [dpo]\n"
    )
    settings = read_staff_settings(file)
    assert settings.back == "https://shop.example/staff/back"
    assert settings.claim == "realm_access.roles"
    assert settings.roles == {StaffRole.PRIVACY_OFFICER: ["dpo"]}


def test_one_word_can_give_several_roles_and_an_unknown_word_gives_none():
    """Spelled as the issuer spells it."""
    mapping = staff_settings(GOOD).roles
    assert roles_of(["dpo"], mapping) == {StaffRole.PRIVACY_OFFICER, StaffRole.MARKETER}
    assert roles_of(["DPO", "privacy-officer", ""], mapping) == frozenset()


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"issuer": "http://login.shop.example"}, "issuer: must begin with https"),
        ({"issuer": "http://127.0.0.1.evil.example"}, "issuer: must begin with https"),
        ({"issuer": "https://user:word@login.shop.example"}, "issuer: must be an address alone"),
        ({"site": "http://shop.example"}, "site: must begin with https"),
        ({"site": "https://shop.example/below"}, "site: must be scheme, host and port"),
        ({"client": ""}, "client: "),
        ({"claim": "a..b"}, "claim: "),
        ({"roles": {"admin": ["x"]}}, "roles.admin"),
        ({"roles": {"marketer": "x"}}, "roles.marketer"),
        ({"scopes": ["profile"]}, "scopes: must have openid"),
        ({"secret": "hush"}, "secret: Extra"),
        ({"issuer": None}, "issuer: "),
    ],
)
def test_what_is_wrong_is_said_with_its_place_and_never_its_value(other, why):
    """A secret has no place in the file, and is not repeated."""
    with pytest.raises(PolicyError, match=why) as refused:
        staff_settings({**GOOD, **other})
    assert "hush" not in str(refused.value)
    assert "word@" not in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"issuer: [", b"\xff\xfe", b"- 1\n", b"issuer: a\nissuer: b\n"])
def test_a_file_that_is_none_is_refused(tmp_path, content):
    """As settings that are not right, whatever stands in it."""
    file = tmp_path / "staff.yaml"
    file.write_bytes(content)
    with pytest.raises(PolicyError, match=r"staff\.yaml"):
        read_staff_settings(file)


def test_a_file_that_is_not_there_is_named(tmp_path):
    """With what to do."""
    with pytest.raises(PolicyError, match="cannot be opened"):
        read_staff_settings(tmp_path / "none.yaml")
