"""What the rules say of a campaign before anybody is asked about."""

from __future__ import annotations

import pytest

from evenhand.rules import review_law, shipped
from evenhand.terms import Severity
from law_cases import NOW, law_campaign, own_pack

BUYER = {"id": "buyer", "name": "Buyer", "role": "controller", "country": "NL", "contract": "C", "uses": ["sale"]}
GPC = {"gpc": "sec_gpc"}


def _found(campaign, *own):
    return {item.finding.id: item for item in review_law(campaign, shipped().with_own(own), at=NOW)}


def test_a_campaign_under_plain_law_passes():
    """Ordinary data, consent, an own site: nothing is found."""
    assert _found(law_campaign()) == {}


@pytest.mark.parametrize(
    ("changes", "rule", "severity"),
    [
        ({"columns__visits__sensitivity": "criminal"}, "G-10", Severity.ERROR),
        ({"columns__visits__sensitivity": "vulnerability"}, "A-5b", Severity.ERROR),
        ({"columns__visits__sensitivity": "special"}, "G-9", Severity.WARNING),
        ({"columns__visits__sensitivity": "special", "surface": "online_platform"}, "D-26-3", Severity.ERROR),
    ],
)
def test_a_rule_that_refuses_everybody_is_found(changes, rule, severity):
    """An error where nothing lifts it, a warning where explicit consent does; rule and article are named."""
    findings = review_law(law_campaign(**changes), shipped(), at=NOW)
    mine = next(item for item in findings if f"rule {rule} (" in item.finding.what)
    assert (mine.finding.id, mine.finding.severity) == ("EH-POL-130", severity)
    assert mine.path == ("columns",)


def test_an_own_rule_that_refuses_everybody_is_found():
    """As any other, with its own remedy."""
    found = _found(law_campaign(channel="sms"), own_pack({"id": "own/none", "when": {"channel": "sms"}}))
    assert found["EH-POL-130"].finding.remedy == "Our rule."


def test_a_place_without_rules_is_found():
    """The strictest rules hold there; it may be a slip of the pen."""
    item = _found(law_campaign({"jurisdictions": ["NL", "GB"]}))["EH-POL-128"]
    assert item.path == ("law", "jurisdictions", 1)


def test_a_recipient_who_buys_needs_a_signal_that_can_stop_it():
    """Sale without a way to opt out of it is an error; with a signal for it, and where nothing is sold, it passes."""
    pack = own_pack(recipients=[BUYER])
    selling = {"recipients": ["buyer"]}
    assert _found(law_campaign(selling), pack)["EH-POL-133"].path == ("law", "recipients", 0)
    assert "EH-POL-133" in _found(law_campaign(selling, consents__signals=GPC | {"uses": ["sharing"]}), pack)
    assert "EH-POL-133" not in _found(law_campaign(selling, consents__signals=GPC), pack)
    assert "EH-POL-133" not in _found(law_campaign(selling), own_pack(recipients=[BUYER | {"uses": []}]))


def test_recipients_are_declared_once_and_the_old_list_is_still_read():
    """G-26/28, G-44: the id under processing is looked up as one under law is; a recipient without an id is on no list,
    and an error, whether or not there is a list that it could be on."""
    pack = own_pack(recipients=[BUYER])
    buyer = {"name": "Buyer", "role": "controller", "country": "NL"}
    clause = {"people": {"nl": "klanten", "en": "customers"}, "security": {"nl": "goed", "en": "good"}}
    new = law_campaign(processing=clause | {"recipients": [buyer | {"id": "buyer"}]})
    assert _found(new, pack)["EH-POL-133"].path == ("processing", "recipients", 0)
    assert "EH-POL-114" not in _found(new, pack)
    bare = law_campaign(processing=clause | {"recipients": [buyer]})
    assert _found(bare, pack)["EH-POL-114"].path == ("processing", "recipients", 0)
    assert _found(bare, own_pack())["EH-POL-114"].finding.severity is Severity.ERROR
    unlisted = law_campaign(processing=clause | {"recipients": [buyer | {"id": "nobody"}]})
    assert _found(unlisted, pack)["EH-POL-130"].path == ("processing", "recipients")
