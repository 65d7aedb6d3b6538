"""The reference libraries of IAB Tech Lab as oracles: strings of theirs are kept; `make test-oracle` asks them live."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from evenhand.signals import (
    RestrictionType,
    TcfCaString,
    TcfString,
    UsPrivacyString,
    UsSection,
    read_gpp,
    read_tcf,
    write_gpp,
    write_tcf,
)
from signal_cases import GPP_STRINGS, TCF_STRINGS, as_reference, names_of, us_as_reference

ORACLE = Path(__file__).parents[2] / "tools" / "signals_oracle"


def _check_tcf(case: dict) -> None:
    said = read_tcf(case["string"])
    assert isinstance(said, TcfString)
    assert as_reference(said) == case["decoded"]
    assert read_tcf(write_tcf(said)) == said


def _check_gpp(case: dict) -> None:
    said = read_gpp(case["string"])
    assert list(said.section_ids) == case["decoded"]["sectionIds"]
    for name, section in names_of(said).items():
        expected = case["decoded"]["sections"][name]
        if isinstance(section, UsSection):
            mine = us_as_reference(section)
            assert {name: expected[name] for name in mine} == mine
            left_out = {name: value for name, value in expected.items() if name not in mine}
            assert not any(value for name, value in left_out.items() if name == "Gpc")
        elif isinstance(section, UsPrivacyString):
            assert [section.notice, section.opt_out_sale, section.lspa_covered] == list(expected.values())[1:]
        elif isinstance(section, TcfCaString):
            assert section.cmp_id == expected["CmpId"]
            assert list(section.vendor_express_consent) == expected["VendorExpressConsent"]
            assert list(section.vendor_implied_consent) == expected["VendorImpliedConsent"]
            assert list(section.disclosed_vendors or ()) == expected["DisclosedVendors"]
            bits = expected["PurposesExpressConsent"]
            assert list(section.purposes_express_consent) == [at + 1 for at, bit in enumerate(bits) if bit]
        else:
            assert isinstance(section, TcfString)
    assert read_gpp(write_gpp(said)) == said


def test_strings_that_the_reference_libraries_made_say_the_same_here(made):
    """Every field of every string; each United States section is among them."""
    for case in made["tcf"]:
        _check_tcf(case)
    for case in made["gpp"]:
        _check_gpp(case)
    assert len({name for case in made["gpp"] for name in case["decoded"]["sections"]}) == 23


@pytest.fixture(scope="module")
def ask():
    """A function that has the reference libraries read strings."""
    if not (ORACLE / "node_modules").exists():
        pytest.skip("the reference libraries are not here: make test-oracle fetches them")

    def ask(kind: str, *strings: str) -> list[dict]:
        lines = "".join(json.dumps({"kind": kind, "string": one}) + "\n" for one in strings)
        done = subprocess.run(
            ["node", "oracle.mjs", "read"], input=lines, capture_output=True, text=True, check=True, cwd=ORACLE
        )
        return [json.loads(line) for line in done.stdout.splitlines()]

    return ask


@pytest.mark.oracle
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_new_strings_of_the_reference_libraries_say_the_same_here(ask, seed):
    """Other draws than the kept ones."""
    done = subprocess.run(
        ["node", "oracle.mjs", "make", str(seed), "60"], capture_output=True, text=True, check=True, cwd=ORACLE
    )
    made = json.loads(done.stdout)
    for case in made["tcf"]:
        _check_tcf(case)
    for case in made["gpp"]:
        _check_gpp(case)


_LIVE = settings(max_examples=20, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))


def _possible(said: TcfString) -> TcfString:
    """The reference library refuses CMPs 0 and 1, and restrictions of the type that the standard leaves undefined."""
    defined = [one for one in said.publisher_restrictions if one.restriction_type is not RestrictionType.UNDEFINED]
    return replace(said, cmp_id=max(2, said.cmp_id), publisher_restrictions=tuple(defined))


@pytest.mark.oracle
@_LIVE
@given(strings=st.lists(TCF_STRINGS.map(_possible), min_size=8, max_size=8))
def test_the_reference_library_reads_what_is_written_here(ask, strings):
    """Any TC string that this codec can write says the same to the reference library."""
    for said, answer in zip(strings, ask("tcf", *map(write_tcf, strings)), strict=True):
        assert answer.get("decoded") == as_reference(said)


@pytest.mark.oracle
@_LIVE
@given(strings=st.lists(GPP_STRINGS, min_size=8, max_size=8))
def test_the_reference_library_reads_gpp_strings_that_are_written_here(ask, strings):
    """Values that the standard does not define (3) are refused there and kept here; all others agree."""
    for said, answer in zip(strings, ask("gpp", *map(write_gpp, strings)), strict=True):
        if "decoded" in answer:
            _check_gpp({"string": write_gpp(said), "decoded": answer["decoded"]})
