"""The OpenRTB DSA object against the published extension, in its first and in its later names."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.adapters.declared.campaign_files import load_campaign
from evenhand.adapters.web import dsa_object
from shop_cases import client_program
from shop_folder import write_shop

SCHEMA = json.loads((Path(__file__).parents[1] / "data" / "openrtb_dsa.schema.json").read_text("utf-8"))
PROFILING, BASIC = [1], [2]


def is_valid(dsa, shape):
    """Whether an object has the published form of a time."""
    schema = {"$schema": SCHEMA["$schema"], "$defs": SCHEMA["$defs"], "$ref": f"#/$defs/{shape}"}
    return jsonschema.Draft202012Validator(schema).is_valid(dsa)


@pytest.fixture(scope="module")
def campaign(tmp_path_factory):
    """The small shop's."""
    return load_campaign(write_shop(tmp_path_factory.mktemp("dsa"), people=3), at=datetime.now(UTC)).campaign


def by(campaign, *, name=None, contact=None, payer=None):
    """The campaign, of another organisation."""
    said = {key: value for key, value in (("name", name), ("contact", contact)) if value is not None}
    controller = campaign.controller.model_copy(update=said)
    return campaign.model_copy(update={"controller": controller, "paid_by": payer})


def test_it_has_the_later_form_and_a_contextual_one_says_that_nobody_was_profiled(campaign):
    """D-26: 1 = profiling, 2 = basic advertising; nothing else is told to be used, and never a precise place (3)."""
    for is_profiling, used in ((True, PROFILING), (False, BASIC)):
        made = dsa_object(campaign, is_profiling=is_profiling)
        assert is_valid(made, "later")
        assert not is_valid(made, "first")
        assert [one["dsaparams"] for one in made["transparency"]] == [used]


@given(name=st.text(min_size=1, max_size=300), payer=st.text(max_size=300), contact=st.text(min_size=3, max_size=80))
def test_whatever_a_campaign_says_the_form_holds(campaign, name, payer, contact):
    """Names are cut to the 100 characters that are allowed; a contact that names no domain gives none."""
    made = dsa_object(by(campaign, name=name, contact=contact, payer=payer or None), is_profiling=True)
    assert is_valid(made, "later"), made
    assert name.startswith(made["behalf"])


@pytest.mark.parametrize(
    ("contact", "domain"),
    [
        ("privacy@shop.example", "shop.example"),
        ("https://www.Shop.example:8443/privacy?x=1#y", "www.shop.example"),
        ("https://user@shop.example/me@elsewhere.example", "shop.example"),
        ("shop.example/contact", "shop.example"),
        ("privacy@winkel.xn--vermgensberater-ctb", "winkel.xn--vermgensberater-ctb"),
        ("info@kööperij.nl", "kööperij.nl"),
        ("020-1234567", None),
        ("aan de balie", None),
        ("https://localhost/privacy", None),
        ("privacy@192.0.2.1", None),
    ],
)
def test_the_domain_is_that_of_the_contact(campaign, contact, domain):
    """Of an address or a page; a telephone number is no domain, and then there is none."""
    (used,) = dsa_object(by(campaign, contact=contact), is_profiling=True)["transparency"]
    assert used.get("domain") == domain


VECTORS = [
    ("not asked", {"dsarequired": 0}, None),
    ("nothing said", {}, None),
    ("asked, the card shows it", {"dsarequired": 3, "pubrender": 0, "datatopub": 2}, ("later", 1, "dsaparams")),
    ("asked, the publisher shows it", {"dsarequired": 2, "pubrender": 2, "datatopub": 2}, ("later", 0, "dsaparams")),
    ("it shows it, and keeps no data", {"dsarequired": 2, "pubrender": 2, "datatopub": 0}, ("later", 0, "dsaparams")),
    ("no data wanted", {"dsarequired": 1, "pubrender": 1, "datatopub": 0}, ("later", 1, None)),
    ("the first names", {"required": 3, "pubrender": 0, "datatopub": 2}, ("first", 1, "params")),
    ("the names of the draft", {"dsainfo": 2, "pubrender": 2}, ("first", 0, "params")),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "expected"), [one[1:] for one in VECTORS], ids=[one[0] for one in VECTORS])
def test_a_bid_has_the_form_in_which_it_was_asked_for(campaign, asked, expected):
    """Never rendered twice, in the names of the asker; Prebid rejects adrender 1 where the publisher renders."""
    dsa = dsa_object(campaign, is_profiling=True)
    made = client_program().dsa_for(dsa, asked)
    if expected is None:
        assert made is None
        return
    shape, renders, name = expected
    assert is_valid(made, shape)
    assert made["adrender"] == renders
    assert [list(one) for one in made.get("transparency", [])] == ([["domain", name]] if name else [])
    assert dsa["adrender"] == 1, "the answer itself is left alone"
