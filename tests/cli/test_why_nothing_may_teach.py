"""Where no history may be used the refusal names the rules that refused it, and what each of them asks."""

from __future__ import annotations

import pytest

from shop_folder import evenhand, write_shop

AT = "2026-11-27"
PACK = """\
evenhand_rules: 1
pack: our-house
version: v1
title: {nl: Huisregels, en: House rules}
recipients:
  - {id: mailer, name: Mailer, role: processor, country: NL, contract: DPA-1, until: 2026-12-01}
"""
CASES = {
    "G-26/28": (
        "law: {jurisdictions: [NL], packs: [own.yaml]}\n"
        "processing:\n  people: {nl: klanten, en: customers}\n  security: {nl: goed, en: good}\n  recipients:\n"
        "    - {id: mailer, name: Mailer, role: processor, country: NL, contract: DPA-1}\n",
        "2026-12-02",
    ),
    "G-9": ("law: {jurisdictions: [NL]}\n", AT),
}


@pytest.mark.parametrize("rule", CASES)
def test_a_rule_that_refuses_everybody_is_named_and_no_consent_is_blamed(tmp_path, rule):
    """G-26/28: the contract of a recipient ran out. G-9: a feature is special, and nobody consented explicitly."""
    more, at = CASES[rule]
    path = write_shop(tmp_path / "shop", people=200)
    text = path.read_text("utf-8").replace("role: feature,", "role: feature, sensitivity: ordinary,")
    if rule == "G-9":
        text = text.replace("sensitivity: ordinary,", "sensitivity: special,", 1)
    path.write_text(text + more, "utf-8")
    (path.parent / "own.yaml").write_text(PACK, "utf-8")
    done = evenhand("check", "campaign.yaml", "--at", at, cwd=path.parent)
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert f"by the rule {rule} (" in said or f"rule: {rule}\n" in said
    assert "name the same subjects" not in said
