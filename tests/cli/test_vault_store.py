"""Sensitive columns in a vault of their own: a key, a reason, an end, a log."""

from __future__ import annotations

import shutil
import sqlite3
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from typer.testing import CliRunner

from evenhand.assembly import (
    answer_request,
    ask,
    erase,
    package_about,
    portability_of,
    say,
    vault_audit,
    vault_count,
    vault_list,
    vault_log,
    vault_purge,
    vault_put,
)
from evenhand.rights import NewGroupError
from evenhand.terms import DataError, LedgerError, StoreError, UsageError
from shop_folder import AT, app, write_shop

NOW, UNTIL = datetime(2026, 3, 1, tzinfo=UTC), datetime(2126, 3, 1, tzinfo=UTC)
WHO = "canary3@mail.example"


@pytest.fixture
def shop(tmp_path):
    """The small campaign, its groups in a table apart, and a home."""
    campaign = write_shop(tmp_path)
    people = campaign.parent / "people.csv"
    lines = [line.split(",") for line in people.read_text().splitlines()]
    at = lines[0].index("sex")
    (tmp_path / "groups.csv").write_text("".join(f"{line[0]},{line[at]}\n" for line in lines))
    people.write_text("".join(",".join([*line[:at], *line[at + 1 :]]) + "\n" for line in lines))
    campaign.write_text(
        campaign.read_text().replace("sex: {role: sensitive}", "sex: {role: sensitive, kept_in: vault}")
    )
    return campaign


def _put(shop, **others):
    asked = {"identifier": "person", "purpose": "limit sex-reach", "until": UNTIL, "at": NOW, "who": "ada", **others}
    return vault_put(shop.parent / "groups.csv", ["sex"], home=shop.parent / "evenhand-home", **asked)


def _home(shop):
    return shop.parent / "evenhand-home"


def test_a_campaign_decides_the_same_with_its_groups_in_the_vault(shop, tmp_path_factory):
    """The limit is kept as with the column in the table; and every question stands in the log with its purpose."""
    _put(shop)
    run = CliRunner()
    told = run.invoke(app, ["plan", str(shop), "--at", AT, "--json"])
    assert told.exit_code == 0, told.output
    other = write_shop(tmp_path_factory.mktemp("plain"))
    shutil.copytree(_home(shop), _home(other), ignore=shutil.ignore_patterns("vault*"))  # ties are broken by its key
    plain = run.invoke(app, ["plan", str(other), "--at", AT, "--json"])
    assert told.stdout.split('"limits"')[1][:400] == plain.stdout.split('"limits"')[1][:400]
    lines = vault_log(home=_home(shop))
    assert [(line.did, line.names, line.people) for line in lines] == [("put", ("sex",), 400), ("read", ("sex",), 400)]
    assert "small-shop" in lines[1].purpose
    assert lines[0].who == "ada"


def test_the_file_without_its_key_names_nobody(shop):
    """No id, no value and no group stands in it; and without the key nothing is read."""
    _put(shop)
    whole = (_home(shop) / "vault.sqlite").read_bytes()
    lines = (shop.parent / "groups.csv").read_text().splitlines()[1:]
    ids, groups = {line.split(",")[0] for line in lines}, {line.split(",")[1] for line in lines} - {""}
    assert not any(one.encode() in whole for one in ids if len(one) > 3)
    assert not any(f"{one}".encode() in whole for one in groups if len(one) > 3)
    (_home(shop) / "vault.key").unlink()
    with pytest.raises(StoreError, match="key of the vault is missing"):
        _put(shop)
    assert CliRunner().invoke(app, ["plan", str(shop), "--at", AT]).exit_code == 4


def test_what_has_had_its_time_is_refused_and_deleted(shop):
    """From its end on a column is not read, which is logged; purging takes the values out of the file."""
    _put(shop, at=NOW.replace(year=NOW.year - 9), until=NOW.replace(year=NOW.year - 8))
    told = CliRunner().invoke(app, ["plan", str(shop), "--at", AT])
    assert told.exit_code == 3
    assert "the vault is up" in told.output
    assert vault_log(home=_home(shop))[-1].did == "refused"
    assert vault_purge(home=_home(shop), at=NOW) == ["sex"]
    with sqlite3.connect(_home(shop) / "vault.sqlite") as database:
        assert database.execute("SELECT count(*) FROM cell").fetchone() == (0,)
    assert vault_list(home=_home(shop)) == []
    assert vault_log(home=_home(shop))[-1].did == "purged"


def test_a_reason_can_end_before_its_time(shop):
    """The column is deleted at once, with the reason in the log."""
    _put(shop)
    assert vault_purge(["sex"], home=_home(shop), at=NOW, why="the limit ended") == ["sex"]
    assert vault_log(home=_home(shop))[-1].purpose == "the limit ended"


def test_erasing_a_person_reaches_the_vault(shop):
    """One value less, and the log says that somebody was erased, and not who."""
    _put(shop)
    assert CliRunner().invoke(app, ["run", str(shop)]).exit_code == 0
    before = vault_list(home=_home(shop))[0].people
    who = next(line.split(",")[0] for line in (shop.parent / "groups.csv").read_text().splitlines()[1:]
               if line.split(",")[1])  # fmt: skip
    assert erase(who, home=_home(shop), at=NOW).in_vault == 1
    assert vault_list(home=_home(shop))[0].people == before - 1
    assert vault_log(home=_home(shop))[-1].did == "erased"


def test_whoever_was_erased_is_not_put_there_again(shop):
    """A table that still names them brings nothing back, until they consent anew; everybody else is kept."""
    who = "canary3@mail.example"
    assert _put(shop) == 400
    assert CliRunner().invoke(app, ["run", str(shop), "--at", AT]).exit_code == 0
    erase(who, home=_home(shop), at=NOW)
    assert _put(shop) == 399
    assert vault_list(home=_home(shop))[0].people == 399
    say(who, "give", "PersonalisedAdvertising", home=_home(shop), at=NOW + timedelta(days=1))
    assert _put(shop) == 400


def test_a_corrected_value_is_put_right_in_the_vault_and_stays_right(shop):
    """It is there at once, and logged; the old table, put there again, does not undo it; what is gone is refused."""
    _put(shop)
    assert CliRunner().invoke(app, ["run", str(shop), "--at", AT]).exit_code == 0
    who, home = "canary3@mail.example", _home(shop)
    known = {"home": home, "by": "dpo", "identity": "known"}

    def asked():
        return ask(who, "rectification", home=home, at=datetime.now(UTC)).request.number

    with pytest.raises(NewGroupError, match="has that word in the column 'sex'") as refused:
        answer_request(asked(), who, values={"sex": "x"}, at=datetime.now(UTC), **known)
    assert refused.value.words == ("f", "m")
    assert [one.did for one in vault_log(home=home)][-1] == "read", "whoever looks for it is on record"
    answer_request(asked(), who, values={"sex": "x"}, at=datetime.now(UTC), sure=True, **known)
    assert vault_log(home=home)[-1].did == "corrected"
    for _ in range(2):
        kept = [one for one in package_about(who, home=home).to_dict()["data"] if one["source"] == "vault"]
        assert [(one["value"], one["corrected"]) for one in kept] == [("x", True)]
        _put(shop)
    vault_purge(["sex"], home=home, at=NOW, why="the limit ended")
    with pytest.raises(UsageError, match="stands in no table of subjects, nor in the vault"):
        answer_request(asked(), who, values={"sex": "y"}, at=datetime.now(UTC), **known)


def test_a_correction_in_the_vault_tells_no_word_of_a_few_and_keeps_numbers_numbers(shop):
    """A word of nine people is as one that nobody has; where numbers stand, a word would make a group of each."""
    rows = [line.split(",") for line in (shop.parent / "groups.csv").read_text().splitlines()[1:]]
    words = [f"{who},{'few' if number < 9 else sex},{20 + number % 50}" for number, (who, sex) in enumerate(rows)]
    (shop.parent / "groups.csv").write_text("\n".join(["person,sex,age", *words]) + "\n")
    vault_put(shop.parent / "groups.csv", ["sex", "age"], home=_home(shop), identifier="person",
              purpose="limit sex-reach", until=UNTIL, at=NOW)  # fmt: skip
    assert CliRunner().invoke(app, ["run", str(shop), "--at", AT]).exit_code == 0
    known = {"home": _home(shop), "by": "dpo", "identity": "known", "at": datetime.now(UTC)}
    number = ask(WHO, "rectification", home=_home(shop), at=datetime.now(UTC)).request.number
    with pytest.raises(NewGroupError, match="has that word") as refused:
        answer_request(number, WHO, values={"sex": "few"}, **known)
    assert refused.value.words == ("f", "m")
    with pytest.raises(DataError, match="is no number"):
        answer_request(number, WHO, values={"age": "forty"}, **known)
    answer_request(number, WHO, values={"sex": "f"}, **known)


def test_an_access_answer_shows_what_the_vault_holds_and_names_what_it_cannot_read(shop):
    """The person's own value and nobody else's; the look stands in the log; past its end it is named as not read."""
    _put(shop)
    assert CliRunner().invoke(app, ["run", str(shop), "--at", AT]).exit_code == 0
    who = "canary3@mail.example"
    said = (shop.parent / "groups.csv").read_text().split(f"{who},")[1].split("\n")[0]
    told = package_about(who, home=_home(shop))
    kept = [one for one in told.to_dict()["data"] if one["source"] == "vault"]
    assert [(one["name"], one["value"]) for one in kept] == [("sex", said)]
    assert "kept apart, only to count groups" in told.to_html()
    assert vault_log(home=_home(shop))[-1].people == 1
    assert ("vault", said) in [
        (one["source"], one["value"]) for one in portability_of(who, home=_home(shop)).to_dict()["items"]
    ]
    _put(shop, until=NOW + timedelta(microseconds=1))
    later = package_about(who, home=_home(shop))
    assert later.to_dict()["tables_not_read"] == ["vault: sex"]
    assert "kept apart: sex" in later.to_html()


def test_a_column_is_not_deleted_before_its_time_without_a_reason(shop):
    """Nothing is gone; what has had its time needs no other reason."""
    _put(shop)
    with pytest.raises(UsageError, match="no reason is given"):
        vault_purge(["sex"], home=_home(shop), at=NOW, why=" ")
    assert [one.name for one in vault_list(home=_home(shop))] == ["sex"]
    told = CliRunner().invoke(app, ["vault", "purge", "--column", "sex", "--home", str(_home(shop))])
    assert told.exit_code == 2
    assert "--why" in told.output


@pytest.mark.parametrize("columns", [["person"], ["sex", "person"], ["sex", "sex"]])
def test_ids_are_no_sensitive_column(shop, columns):
    """They would stand in the vault as groups of one; nothing is put there."""
    with pytest.raises(UsageError, match="ids is named as a sensitive one"):
        vault_put(shop.parent / "groups.csv", columns, identifier="person", purpose="limit", until=UNTIL, at=NOW,
                  home=_home(shop))  # fmt: skip
    assert not (_home(shop) / "vault.sqlite").exists()


@pytest.mark.parametrize("change", ["UPDATE question SET who = 'eve' WHERE number = 1",
                                    "DELETE FROM question WHERE number = 1"])  # fmt: skip
def test_a_line_of_the_log_that_was_altered_is_found(shop, change):
    """Changed, or taken out of the middle."""
    _put(shop)
    _put(shop)
    with sqlite3.connect(_home(shop) / "vault.sqlite") as database:
        database.execute(change)
    with pytest.raises(LedgerError, match="was altered"):
        vault_log(home=_home(shop))


def test_without_a_purpose_or_an_end_nothing_is_kept(shop):
    """A-4a: for a written reason, and for a time."""
    with pytest.raises(UsageError, match="a purpose or an end is missing"):
        _put(shop, purpose=" ")
    with pytest.raises(UsageError, match="the end has passed"):
        _put(shop, until=NOW.replace(year=NOW.year - 1))


def test_a_campaign_without_its_column_in_the_vault_is_told_what_to_do(shop):
    """The remedy names the command; a column that is not sensitive cannot be kept there."""
    told = CliRunner().invoke(app, ["plan", str(shop), "--at", AT])
    assert told.exit_code == 3
    assert "evenhand vault put" in told.output
    shop.write_text(shop.read_text().replace("visits: {role: feature,", "visits: {role: feature, kept_in: vault,"))
    assert "EH-POL-161" in CliRunner().invoke(app, ["check", str(shop)]).output


def test_a_noisy_count_is_paid_for_once_and_refused_when_the_budget_is_spent(shop):
    """The same question has the same answer for nothing; another one costs, until nothing is left, whatever is put."""
    _put(shop, epsilon=Fraction(1))
    half = {"epsilon": Fraction(1, 2), "home": _home(shop), "at": NOW}
    first, again = vault_count("sex", ["f", "m"], **half), vault_count("sex", ["m", "f"], **half)
    assert vault_log(home=_home(shop))[-1].people == 400
    said = CliRunner().invoke(app, ["vault", "log", "--home", str(_home(shop))]).output
    assert "read sex of 400 people: noisy counts" in said
    assert first.counts == again.counts
    assert (first.again, again.again, again.spent) == (False, True, Fraction(1, 2))
    assert all(low <= max(0, n) <= high for n, low, high in first.counts.values())
    assert abs(first.counts["f"][0] + first.counts["m"][0] - 400) < 120
    vault_count("sex", ["f"], **half)
    _put(shop)
    with pytest.raises(DataError, match="1 of 1 is spent"):
        vault_count("sex", ["m"], **half)
    assert vault_count("sex", ["f", "m"], **half).counts == first.counts


def test_gaussian_and_laplace_answers_are_paid_from_one_budget(shop):
    """Many Gaussian answers of a half cost less than as many halves; then neither kind is told any more."""
    _put(shop, epsilon=Fraction(4), delta=Fraction(1, 10**6))
    asked = {"epsilon": Fraction(1, 2), "home": _home(shop), "at": NOW}
    first = vault_count("sex", ["f", "m"], noise="gaussian", **asked)
    assert float(first.spent) == pytest.approx(0.5, abs=1e-6)
    assert abs(first.counts["f"][0] + first.counts["m"][0] - 400) < 200
    assert vault_count("sex", ["m", "f"], noise="gaussian", **asked).counts == first.counts
    both = vault_count("sex", ["f", "m"], **asked)
    assert (both.again, both.noise) == (False, "laplace")
    told = [both.spent]
    told += [vault_count("sex", [f"v{number}"], noise="gaussian", **asked).spent for number in range(20)]
    assert told == sorted(told)
    assert told[-1] <= Fraction(4)
    with pytest.raises(DataError, match=r"of 4 is spent"):
        vault_count("sex", ["x"], noise="gaussian", **asked | {"epsilon": Fraction(2)})
    with pytest.raises(DataError, match="is spent"):
        vault_count("sex", ["m"], **asked | {"epsilon": Fraction(1)})


@pytest.mark.parametrize("noise", ["laplace", "gaussian"])
def test_an_audit_with_noise_is_paid_from_the_same_budget(shop, noise):
    """The outcome per group, with a range that is near the true one (in one of twenty beside it); asked again it costs
    nothing, and a group that does not occur is answered like any other."""
    _put(shop, epsilon=Fraction(3), delta=Fraction(1, 10**6) if noise == "gaussian" else Fraction(0))
    asked = {"epsilon": Fraction(2), "noise": noise, "at": datetime(2026, 3, 1, 12, tzinfo=UTC)}
    told = vault_audit(shop, "sex", ["m", "f", "nobody"], **asked)
    assert not told.again
    assert abs(told.people["f"] + told.people["m"] - 344) < 120
    for group, true in (("f", 0.31), ("m", 0.53)):
        lower, upper = told.rates[group]
        assert 0 <= lower < upper <= 1
        assert lower - 0.2 < true < upper + 0.2
    assert abs(told.people["nobody"]) < 80
    again = vault_audit(shop, "sex", ["f", "m", "nobody"], **asked)
    assert (again.again, again.people, again.spent) == (True, told.people, told.spent)
    with pytest.raises(DataError, match="is spent"):
        vault_audit(shop, "sex", ["f"], **asked | {"epsilon": Fraction(8)})
    lines = CliRunner().invoke(
        app, ["vault", "audit", str(shop), "sex", "--values", "f,m,nobody", "--epsilon", "2", "--noise", noise,
              "--at", "2026-03-01T12:00:00Z"]
    )  # fmt: skip
    assert "the answer given before" in lines.output
    assert f"f: about {max(0, told.people['f'])} people" in lines.output
    with pytest.raises(UsageError, match="keeps no sensitive column 'visits' in the vault"):
        vault_audit(shop, "visits", ["f"], **asked)


def test_gaussian_noise_needs_a_delta_that_is_small_enough(shop):
    """Without one, and with one of more than a tenth of a person, nothing is told and no budget is set."""
    _put(shop, epsilon=Fraction(1))
    with pytest.raises(UsageError, match="needs a delta"):
        vault_count("sex", ["f"], epsilon=Fraction(1, 2), noise="gaussian", home=_home(shop), at=NOW)
    with pytest.raises(UsageError, match="too large for 400 people"):
        _put(shop, epsilon=Fraction(1), delta=Fraction(1, 1000))


def test_without_a_budget_no_noisy_count_is_told(shop):
    """A column has a budget only where somebody decided on one."""
    _put(shop)
    told = CliRunner().invoke(
        app, ["vault", "count", "sex", "--values", "f,m", "--epsilon", "0.5", "--home", str(_home(shop))]
    )
    assert told.exit_code == 3
    assert "evenhand vault put" in told.output
