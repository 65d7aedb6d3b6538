"""Pseudonyms that leave the home are renewed whole or not at all, and nobody is lost by it, wherever it lives."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from evenhand.adapters.keys.wrapping import Wrapping
from evenhand.features import class_list
from evenhand.terms import StoreError
from store_cases import stores_of

_TESTS = Path(__file__).parents[1]


@pytest.fixture(params=["files", pytest.param("server", marks=pytest.mark.postgres)])
def stores(request, tmp_path):
    """The stores of a home, in files and on a server."""
    url = request.getfixturevalue("postgres_url") if request.param == "server" else ""
    return stores_of(request.param, tmp_path / "home", url)


def _hex(people):
    return np.array([one.hex() for one in people], dtype="S32")


def test_what_leaves_differs_after_a_renewal_and_nobody_is_lost(stores):
    """Keys, handles, marks and class lists are as they were; no outward pseudonym is like an earlier one."""
    people, gone = [os.urandom(16) for _ in range(40)], os.urandom(16)
    store = stores.people()
    made = store.make(people)
    store.suppress(gone, 5)
    store.keep_class("run", "spring", class_list(_hex([*people, gone])))
    assert store.outward(people) == people
    assert store.version().number == 0
    seen = [store.outward(people)]
    for number in (1, 2):
        assert (store.renew(number * 10).number, store.version().since) == (number, number * 10)
        seen.append(store.outward(people))
    assert len({one for release in seen for one in release}) == 3 * len(people)
    again = stores.people()
    assert again.outward(people) == seen[-1]
    assert again.make(people) == made
    assert again.of_person(people[3]).pseudonym == people[3]
    assert again.suppressed(_hex([*people, gone])) == {gone: 5}
    assert again.note_gone(gone, 7) == ("run",)
    assert (again.owed("run", 0).people, again.owed("older", 6)) == (1, None)


def test_the_random_bytes_of_the_version_before_are_gone(stores):
    """What would lead from an earlier release to a later one stands nowhere any more."""
    store = stores.people()
    store.make([os.urandom(16)])
    store.renew(1)
    before = store._version_row()[1]
    store.renew(2)
    assert store._version_row()[1] != before
    if stores.kind == "files":
        assert not any(before[:32] in path.read_bytes() for path in stores.folder.iterdir())


def test_a_version_is_wrapped_as_the_keys_of_people_are(stores):
    """Under the newest wrapping key after a change; the pseudonyms that leave stay, and without the key none does."""
    old, new = secrets.token_bytes(32), secrets.token_bytes(32)
    person = os.urandom(16)
    store = stores.people(Wrapping([old]))
    store.make([person])
    store.renew(1)
    leaves = store.outward([person])
    both = stores.people(Wrapping([new, old]))
    assert both.rewrap() == 1
    assert stores.people(Wrapping([new])).outward([person]) == leaves
    assert both.version().under == both._wrapping.names[0]
    with pytest.raises(StoreError, match="is not there"):
        stores.people(Wrapping([old])).outward([person])


def test_a_copy_takes_the_version_along_and_an_older_one_never_comes_back(stores, tmp_path):
    """A copy tells the same pseudonyms; a store that was renewed since keeps its own."""
    person = os.urandom(16)
    store, copy = stores.people(), stores_of("files", tmp_path / "copy").people()
    store.make([person])
    store.renew(1)
    store.copy_to(copy)
    assert copy.outward([person]) == store.outward([person])
    copy.renew(2)
    later = copy.outward([person])
    copy.keep_version(store)
    assert copy.outward([person]) == later


_AGAIN = """
    import sys
    from pathlib import Path
    sys.path.insert(0, {tests!r})
    from store_cases import stores_of
    store = stores_of({kind!r}, Path({folder!r}), {url!r}).people()
    for number in range(1, 100_000):
        print(store.renew(number).number, flush=True)
"""


def test_killed_in_the_middle_one_version_stands_and_everybody_is_found(stores, request):
    """kill -9 while it is renewed again and again: the version told last, or the next; the people are there."""
    people, gone = [os.urandom(16) for _ in range(20)], os.urandom(16)
    store = stores.people()
    made = store.make(people)
    store.suppress(gone, 5)
    url = "" if stores.kind == "files" else f"{request.getfixturevalue('postgres_url')}#{stores.placement.schema}"
    program = textwrap.dedent(_AGAIN).format(tests=str(_TESTS), kind=stores.kind, folder=str(stores.folder), url=url)
    for wait in (0.01, 0.03):
        told = 0
        with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
            told = int(process.stdout.readline())
            time.sleep(wait)
            process.kill()
            told = int(([str(told), *process.stdout.read().split("\n")[:-1]])[-1])
        found = stores.people()
        assert found.version().number in (told, told + 1)
        assert len(set(found.outward(people)) & set(people)) == 0
        assert found.make(people) == made
        assert found.suppressed(_hex([gone])) == {gone: 5}
