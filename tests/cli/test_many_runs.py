"""A ledger with very many runs: the last ones are read alone, and say what the whole list says."""

from __future__ import annotations

import json
from itertools import islice

from evenhand.adapters.stores.home import find_home
from evenhand.assembly import list_runs, open_ledger
from evenhand.ledger import campaign_digests, campaign_of_digest, expired_runs, latest_runs, open_run, runs

HOME = "evenhand-home"


def test_the_last_runs_are_what_the_whole_list_ends_with(ran, cli):
    """Finished and later people alike; the last few are read without the others, by the command too."""
    for number in (3, 4, 5):
        done = cli(ran, "decide", "campaign.yaml", f"canary{number}@mail.example", "--at", "2026-03-02")
        assert done.exit_code == 0, done.stderr
    with open_ledger(find_home(ran / HOME)) as store:
        everything = runs(store)
        assert tuple(latest_runs(store)) == everything[::-1]
        assert list(islice(latest_runs(store), 2)) == list(everything[:-3:-1])
        digests = campaign_digests(store)
        assert set(digests) == {one.run_id for one in everything}
        for one in everything:
            assert campaign_of_digest(store, digests[one.run_id]) == open_run(store, one.run_id).campaign
        assert expired_runs(store) == frozenset()
    assert list_runs(home=ran / HOME, last=2) == list_runs(home=ran / HOME)[-2:]
    said = json.loads(cli(ran, "ledger", "runs", "--last", "1", "--json").stdout)["runs"]
    assert [one["run_id"] for one in said] == [everything[-1].run_id]
    assert cli(ran, "ledger", "runs", "--last", "0").exit_code == 2
