"""One root stands for every entry, and a short proof leads from an entry to it (RFC 9162)."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import MemoryLedger, begin_run, make_explained, model_from_json
from evenhand.ledger import (
    Checkpoint,
    GrowingTree,
    Signer,
    Verifier,
    finish,
    proof_of,
    read_checkpoint,
    record,
    root_from_inclusion,
    verify,
)
from evenhand.terms import DataError


def _hash(number):
    return hashlib.sha256(str(number).encode()).digest()


LEAVES = [_hash(number) for number in range(1, 1_401)]


def _by_definition(leaves):
    """The root as RFC 9162 defines it, in four lines."""
    if len(leaves) < 2:
        return hashlib.sha256(b"\x00" + leaves[0]).digest() if leaves else hashlib.sha256(b"").digest()
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + _by_definition(leaves[:split]) + _by_definition(leaves[split:])).digest()


class _Hashes(MemoryLedger):
    """A ledger of hashes alone, with the tiles it was given."""

    def __init__(self, hashes, nodes=()):
        super().__init__()
        self.rows = [(seq, 0, b"", hash_, b"") for seq, hash_ in enumerate(hashes, 1)]
        self.kept_tiles = {(level, place): hash_ for level, place, hash_ in nodes}


def _ledger(n=12, runs=("000001", "000002")):
    store = MemoryLedger()
    for identity in runs:
        with begin_run(store, identity=identity) as run:
            record(make_explained(n), run)
            finish(run, {"n": n})
    return store


@given(st.integers(0, 1_400), st.lists(st.integers(1, 600), max_size=6))
def test_the_root_is_that_of_the_definition_however_leaves_arrive(size, parts):
    """In any parts: the same root, and the same full tiles."""
    tree, nodes, start = GrowingTree(), [], 0
    for part in [*parts, size]:
        nodes += tree.add(LEAVES[start : min(start + part, size)])
        start = min(start + part, size)
        assert tree.root() == _by_definition(LEAVES[:start])
    assert (tree.size, tree.root()) == (size, _by_definition(LEAVES[:size]))
    assert sorted(nodes) == [(1, i, _by_definition(LEAVES[256 * i : 256 * i + 256])) for i in range(size // 256)]


@given(st.integers(1, 1_400), st.data(), st.booleans())
def test_a_proof_leads_from_every_entry_to_the_root_and_from_no_other(size, data, kept):
    """With tiles kept or not; with another entry, place, size or step it leads elsewhere or nowhere."""
    seq = data.draw(st.integers(1, size))
    store = _Hashes(LEAVES, GrowingTree().add(LEAVES) if kept else ())
    root, path = _by_definition(LEAVES[:size]), proof_of(store, seq, size)
    assert root_from_inclusion(LEAVES[seq - 1], seq - 1, size, path) == root
    assert root_from_inclusion(_hash("other"), seq - 1, size, path) != root
    other = data.draw(st.integers(-1, size + 1).filter(lambda place: place != seq - 1))
    assert root_from_inclusion(LEAVES[seq - 1], other, size, path) != root
    assert root_from_inclusion(LEAVES[seq - 1], seq - 1, size, [*path, root]) is None
    if path:
        assert root_from_inclusion(LEAVES[seq - 1], seq - 1, size, path[:-1]) != root


def test_every_commit_has_a_checkpoint_and_verification_checks_each():
    """Two runs, two checkpoints that hold; each says how many entries there were."""
    store = _ledger()
    found = verify(store, model_from_json)
    assert (found.ok, found.checkpoints) == (True, 2)
    assert [read_checkpoint(note).size for note in store.kept_checkpoints.values()] == list(store.kept_checkpoints)
    assert list(store.kept_checkpoints)[-1] == found.entries


def test_a_ledger_of_before_there_was_a_tree_grows_one_with_its_next_run():
    """No tile and no checkpoint are no problem; after the next run both are there and cover everything."""
    store = _ledger(300, ("000001",))
    store.kept_tiles, store.kept_checkpoints = {}, {}
    assert verify(store, model_from_json).ok
    with begin_run(store, identity="000002") as run:
        record(make_explained(300), run)
        finish(run, {})
    found = verify(store, model_from_json)
    assert (found.ok, found.checkpoints, sorted(store.kept_tiles)) == (True, 1, [(1, 0), (1, 1)])


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda store: store.kept_tiles.update({(1, 0): bytes(32)}), "kept for proofs, differs"),
        (lambda store: store.kept_checkpoints.popitem(), "have no checkpoint"),
        (lambda store: store.kept_checkpoints.update({7: Signer(bytes(32)).sign(7, bytes(32))}), "was rewritten"),
        (lambda store: store.kept_checkpoints.update({7: Signer(b"x" * 32).sign(7, bytes(32))}), "signature"),
        (lambda store: store.kept_checkpoints.update({9_999: Signer(bytes(32)).sign(9_999, bytes(32))}), "cut off"),
        (lambda store: store.kept_checkpoints.update({7: "nothing"}), "signature"),
    ],
)
def test_whatever_is_done_to_tree_or_checkpoints_is_found(damage, words):
    """Another tile, a checkpoint taken out, one that does not hold, of another key, of more than there is, or none."""
    store = _ledger(150)
    damage(store)
    found = verify(store, model_from_json)
    assert not found.ok
    assert words in found.problems[0].what


def test_a_checkpoint_kept_elsewhere_shows_a_fork_even_where_all_was_signed_anew():
    """Whoever has the key rewrites everything; the checkpoint that a person holds no longer holds."""
    kept = next(iter(_ledger().kept_checkpoints.values()))
    other = _ledger(11)
    assert verify(other, model_from_json).ok
    found = verify(other, model_from_json, checkpoints=[kept])
    assert any("known checkpoint" in problem.what and "another history" in problem.what for problem in found.problems)
    assert verify(_ledger(), model_from_json, checkpoints=[kept]).checkpoints == 3


def test_a_checkpoint_of_more_entries_than_there_are_shows_that_the_end_was_cut_off():
    """And one of another ledger's key is not taken for one of this."""
    whole = list(_ledger().kept_checkpoints.values())[-1]
    found = verify(_ledger(12, ("000001",)), model_from_json, checkpoints=[whole])
    assert any("A known checkpoint is over" in problem.what for problem in found.problems)
    for name, words in (("", "one of another ledger"), (Signer(bytes(32)).verifier.name, "was not signed with this")):
        found = verify(_ledger(), model_from_json, checkpoints=[Signer(b"y" * 32, name).sign(7, bytes(32))])
        assert any(words in problem.what for problem in found.problems)


def test_a_published_key_reads_back_and_nothing_else_does():
    """The line that an organisation publishes; cut, another algorithm, another mark: refused."""
    verifier = Signer(bytes(32)).verifier
    assert Verifier.read(f" {verifier}\n") == verifier
    for text in ("", str(verifier)[:-4], str(verifier).replace("+", "-"), str(verifier)[:-8] + "AAAAAAA="):
        with pytest.raises(DataError, match="not the public key"):
            Verifier.read(text)


def test_a_note_has_one_spelling_and_only_its_key_passes_it():
    """The text of C2SP: ledger, entries, root; then the signature."""
    signer = Signer(bytes(32), "shop.example/ledger")
    note = signer.sign(3, bytes(range(32)))
    assert note.startswith(
        "shop.example/ledger\n3\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n\n— shop.example/ledger "
    )
    assert signer.verifier.check(note) == Checkpoint("shop.example/ledger", 3, bytes(range(32)))
    assert Signer(b"z" * 32, "shop.example/ledger").verifier.check(note) is None
    assert signer.verifier.check(note.replace("\n3\n", "\n4\n")) is None


@given(st.text(max_size=80) | st.integers(0, 200).map(lambda cut: Signer(bytes(32)).sign(3, bytes(32))[:cut]))
def test_no_text_is_a_checkpoint_by_accident(text):
    """Whatever the text: refused in three parts, never another error."""
    assert Signer(bytes(32)).verifier.check(text) is None
    with pytest.raises(DataError, match="not a signed checkpoint"):
        read_checkpoint(text)
