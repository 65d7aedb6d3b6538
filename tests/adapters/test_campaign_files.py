"""Campaign files on disk: every problem with its line, and nothing that a file can do to us."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign_cases import NOW, PLAIN, changed
from evenhand.adapters.declared.campaign_files import campaign_from_mapping, load_campaign
from evenhand.terms import PolicyError, UsageError

FULL = Path(__file__).parents[1] / "data" / "campaign_full.yaml"


@pytest.fixture
def edited(tmp_path):
    """Path of the full example with pieces of its text replaced."""

    def edit(*pairs: tuple[str, str]) -> Path:
        text = FULL.read_text(encoding="utf-8")
        for old, new in pairs:
            assert old in text
            text = text.replace(old, new, 1)
        path = tmp_path / "campaign.yaml"
        path.write_text(text, encoding="utf-8")
        (tmp_path / "own-rules.yaml").write_bytes((FULL.parent / "own-rules.yaml").read_bytes())
        return path

    return edit


@pytest.fixture
def refused(tmp_path):
    """The error that bytes in a file lead to."""

    def refuse(content: bytes) -> PolicyError:
        path = tmp_path / "campaign.yaml"
        path.write_bytes(content)
        with pytest.raises(PolicyError, match=r"campaign\.yaml, line \d+") as caught:
            load_campaign(path, at=NOW)
        return caught.value

    return refuse


def _line(path: Path, text: str) -> int:
    return next(number for number, line in enumerate(path.read_text("utf-8").splitlines(), 1) if text in line)


def test_the_full_example_loads_with_its_digest():
    """The digest is of the bytes of the file, so that anybody can check it."""
    loaded = load_campaign(FULL, at=NOW)
    assert loaded.campaign.campaign == "autumn-coupons"
    assert loaded.digest == hashlib.sha256(FULL.read_bytes()).hexdigest()
    assert loaded.path == FULL
    assert loaded.findings == ()


def test_every_problem_is_told_with_its_line_and_column(edited):
    """Misspelt keys and words, wrong kinds, broken bounds: all in one reading, in the order of the file."""
    path = edited(
        ("purpose: P", "purpse: P"),
        ("category: ordinary", "category: ordinry"),
        ("role: identifier", "role: identifer"),
        ("value: 2.50", "value: -2"),
        ("decisions: P24M", "decisions: 2 years"),
    )
    with pytest.raises(PolicyError, match=r"\(5 more\)") as caught:
        load_campaign(path, at=NOW)
    told = [(finding.id, finding.line, finding.remedy) for finding in caught.value.findings]
    assert [(id, line) for id, line, _ in told] == [
        ("EH-POL-004", _line(path, "evenhand: 1")),
        ("EH-POL-003", _line(path, "purpse")),
        ("EH-POL-006", _line(path, "ordinry")),
        ("EH-POL-006", _line(path, "identifer")),
        ("EH-POL-007", _line(path, "value: -2")),
        ("EH-POL-007", _line(path, "2 years")),
    ]
    assert "did you mean purpose?" in told[1][2]
    assert "did you mean identifier?" in told[3][2]
    assert all(finding.file == str(path) and finding.column for finding in caught.value.findings)
    assert next(f.column for f in caught.value.findings if f.line == _line(path, "identifer")) == 16


def test_broken_rules_have_their_line_too(edited):
    """A limit on a column that is not there, an expired balancing test, a forbidden feature."""
    path = edited(
        ("groups: [age]", "groups: [agge]"),
        ("legal_basis: consent", "legal_basis: legitimate_interest"),
        ("expires: 2027-06-30", "expires: 2026-06-30"),
        ("category: ordinary", "category: housing"),
        ("channel: web", "channel: email"),
        ("newsletter_topic:", "postcode:"),
    )
    with pytest.raises(PolicyError, match=r"campaign\.yaml, line") as caught:
        load_campaign(path, at=NOW)
    lines = {finding.id: finding.line for finding in caught.value.findings}
    assert lines["EH-POL-015"] == _line(path, "2026-06-30")
    assert lines["EH-POL-051"] == _line(path, "agge")
    assert lines["EH-POL-037"] == _line(path, "postcode:") + 1
    assert lines["EH-POL-053"] == _line(path, "mode: aware")
    assert [finding.severity for finding in caught.value.findings][-1] == "warning"


def test_warnings_do_not_stop_a_campaign(edited):
    """They come along with it, with their lines."""
    path = edited(("value: 2.50", "value: 0.05"))
    loaded = load_campaign(path, at=NOW)
    assert [(finding.id, finding.line) for finding in loaded.findings] == [("EH-POL-041", _line(path, "value: 0.05"))]


def test_other_findings_can_be_given_their_place(edited):
    """The data audit points to the lines of the columns that it is about."""
    loaded = load_campaign(edited(("value: 2.50", "value: 0.05")), at=NOW)
    placed = loaded.place(loaded.findings[0], ("columns", "age", "role", "deeper"))
    assert (placed.line, placed.column) == (_line(FULL, "  age: {"), 10)


@pytest.mark.parametrize(
    ("content", "id", "line", "what"),
    [
        (b"", "EH-POL-001", 1, "empty"),
        (b"# only a comment\n", "EH-POL-001", 1, "empty"),
        (b"evenhand: 1\npurpose:\n\tx: 1", "EH-POL-001", 3, "tab"),
        ("evenhand: 1\ncampaign: caf\xe9".encode("latin-1"), "EH-POL-001", 2, "not UTF-8"),
        ("evenhand: 1".encode("utf-16"), "EH-POL-001", 1, "not UTF-8"),
        (b"evenhand: 1\nx: \x00", "EH-POL-001", 1, "characters"),
        (b"- evenhand: 1\n", "EH-POL-005", 1, "mapping"),
        (b"just words", "EH-POL-005", 1, "mapping"),
        (b"evenhand: 1\nx: [1, 2\n", "EH-POL-001", 3, "breaks off"),
        (b"evenhand: 1\nx: 'open\n", "EH-POL-001", 3, "breaks off"),
        (b"evenhand: 1\nx: a: b\n", "EH-POL-001", 2, "colon"),
        (b"evenhand: 1\nx: *there\n", "EH-POL-001", 2, "alias"),
        (b"evenhand: 1\nx: @home\n", "EH-POL-001", 2, "special character"),
        (b"evenhand: 1\n---\nevenhand: 1\n", "EH-POL-001", 2, "more than one document"),
        (b"evenhand: 1\n" + b"#" * (1 << 20), "EH-POL-001", 1, "larger than 1 MiB"),
        (b"evenhand: 1\nx: " + b"[" * 20_000, "EH-POL-001", 1, "nested too deeply"),
        (b"x: " + b"[" * 30 + b"]" * 30, "EH-POL-001", 1, "nested too deeply"),
        (b"x: &a [*a]", "EH-POL-001", 1, "nested too deeply"),
    ],
)
def test_a_file_that_cannot_be_read_says_why_and_where(refused, content, id, line, what):
    """Plain words, the line, and no trace of the parser."""
    error = refused(content)
    assert error.exit_code == 3
    first = error.findings[0]
    assert (first.id, first.line) == (id, line)
    assert what in first.what
    assert first.remedy


def test_a_key_that_stands_twice_is_an_error_beside_all_others(refused):
    """The second would silently win elsewhere."""
    error = refused(b"evenhand: 1\ncampaign: a\npurpse: x\ncampaign: b\n")
    told = {finding.id: finding for finding in error.findings}
    assert told["EH-POL-002"].line == 4
    assert "the first is in line 2" in told["EH-POL-002"].what
    assert told["EH-POL-003"].line == 3


def test_tags_merge_keys_and_keys_that_are_lists_are_refused(refused):
    """Nothing in the file makes an object or hides a key."""
    error = refused(
        b"evenhand: 1\ncampaign: !!python/object:os.system x\nseed: !mine 3\n? [a, b]\n: c\n<<: {purpose: x}\n"
    )
    lines = {(finding.id, finding.line) for finding in error.findings}
    assert {("EH-POL-005", 2), ("EH-POL-005", 3), ("EH-POL-005", 4), ("EH-POL-003", 6)} <= lines


def test_a_bomb_of_aliases_goes_off_small(refused):
    """Ten aliases of ten aliases, nine times over: an answer in a second, not a billion values."""
    bomb = "a: &a [x, x]\n" + "".join(
        f"{new}: &{new} [{', '.join(['*' + old] * 10)}]\n" for old, new in zip("abcdefghi", "bcdefghij", strict=True)
    )
    start = time.thread_time()
    assert "more than 100000 values" in refused(bomb.encode()).findings[0].what
    assert time.thread_time() - start < 5


def test_an_alias_used_plainly_is_fine(edited):
    """Two offers may share a text."""
    path = edited(
        ("text: { nl: 1 euro", "text: &same { nl: 1 euro"),
        (
            "text: { nl: twee bakken fruit voor de prijs van een, en: two trays of fruit for the price of one }",
            "text: *same",
        ),
    )
    first, second = load_campaign(path, at=NOW).campaign.offers
    assert first.text == second.text


def test_words_are_read_as_yaml_1_2(edited):
    """`NO` is Norway, a date is a text, 010 is ten, and money is exact."""
    path = edited(("country: NL", "country: NO"), ("seed: 7", "seed: 010"), ("value: 2.50", "value: 123456.123457"))
    campaign = load_campaign(path, at=NOW).campaign
    assert (campaign.controller.country, campaign.seed) == ("NO", 10)
    assert campaign.offers[0].value_micro == 123_456_123_457
    assert campaign.balancing is not None
    assert campaign.balancing.expires == "2027-06-30"


def test_a_byte_order_mark_is_no_problem(edited):
    """Some editors write one."""
    path = edited()
    path.write_bytes(b"\xef\xbb\xbf" + FULL.read_bytes())
    assert load_campaign(path, at=NOW).campaign == load_campaign(FULL, at=NOW).campaign


def test_a_file_that_is_not_there_is_a_wrong_command(tmp_path, edited):
    """Exit code 2, and the name that was probably meant."""
    edited()
    with pytest.raises(UsageError, match=r"There is no file .*did you mean .*campaign\.yaml\?") as caught:
        load_campaign(tmp_path / "campain.yaml", at=NOW)
    assert caught.value.exit_code == 2


def test_a_folder_is_a_wrong_command(tmp_path):
    """Exit code 2, too."""
    with pytest.raises(UsageError, match="cannot be opened"):
        load_campaign(tmp_path, at=NOW)


def test_no_secret_comes_back_in_a_message(refused):
    """A password in the wrong place is pointed at, not repeated."""
    body = changed({"subjects": {"sql": "postgresql://jan:hunter2@db/shop", "table": "people"}})
    error = refused(json.dumps(body).encode())
    assert [finding.id for finding in error.findings if finding.severity == "error"] == ["EH-POL-022"]
    broken = refused(b"evenhand: 1\nhunter2 is my password: 1\nseed: hunter2\nx: 'hunter2")
    assert "hunter2" not in repr(error.findings) + str(error) + repr(broken.findings) + str(broken)


def test_python_users_get_the_same_checks():
    """The same findings without lines, and a digest that does not depend on the order of keys."""
    loaded = campaign_from_mapping(PLAIN, at=NOW)
    turned = campaign_from_mapping(dict(reversed(PLAIN.items())), at=NOW)
    assert (loaded.path, loaded.digest) == (None, turned.digest)
    with pytest.raises(PolicyError, match=r"The campaign: seed: .*\(1 more\)") as caught:
        campaign_from_mapping(changed({"purpose": None, "seed": -1}), at=NOW)
    assert [(finding.id, finding.line, finding.file) for finding in caught.value.findings] == [
        ("EH-POL-007", 0, ""),
        ("EH-POL-004", 0, ""),
    ]


@given(st.binary(max_size=200))
def test_no_bytes_can_do_more_than_be_found_wrong(tmp_path_factory, content):
    """Whatever stands in the file, the answer is a PolicyError with findings."""
    path = tmp_path_factory.mktemp("junk") / "campaign.yaml"
    path.write_bytes(content)
    with pytest.raises(PolicyError, match="To do:") as caught:
        load_campaign(path, at=NOW)
    assert caught.value.findings


@given(st.data())
def test_no_edit_of_a_good_file_can_do_more_than_be_found_wrong(tmp_path_factory, data):
    """A slice of the example replaced by YAML's own special characters: loaded or refused, never anything else."""
    text = FULL.read_text(encoding="utf-8")
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 40)))
    junk = data.draw(st.text(alphabet="{}[]:-?*&!|>'\"%@`#,\n\t ax1.~<", max_size=12))
    path = tmp_path_factory.mktemp("edited") / "campaign.yaml"
    path.write_text(text[:start] + junk + text[end:], encoding="utf-8")
    try:
        loaded = load_campaign(path, at=NOW)
    except PolicyError as error:
        told = error.findings
    else:
        told = loaded.campaign.offers
    assert told
