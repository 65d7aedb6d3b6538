"""Witnesses: proofs that a tree only grows, and the statements of those who saw it, in the form of C2SP."""

from __future__ import annotations

import hashlib
from base64 import b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenhand.ledger import AddCheckpoint, Cosigner, Seen, Signer, WitnessKey, cosignatures_in, cosigned, is_consistent
from evenhand.ledger._checkpoint import note_parts
from evenhand.ledger._consistency import consistency_proof
from evenhand.receipts._ed25519 import is_signed
from evenhand.terms import DataError

SPEC = """example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
"""  # noqa: E501 - the example of C2SP tlog-cosignature, as it stands there
REQUEST = """old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

"""


def _leaf(number):
    return hashlib.sha256(b"\x00" + number.to_bytes(4, "big")).digest()


def _root(leaves):
    """The definition, in words of its own (RFC 9162, 2.1.1)."""
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256(b"").digest()
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return hashlib.sha256(b"\x01" + _root(leaves[:half]) + _root(leaves[half:])).digest()


def _subtree(leaves):
    return lambda level, index: _root(leaves[index << level : (index + 1) << level])


def test_the_proofs_of_the_example_tree_are_those_of_the_standard():
    """Seven leaves, of RFC 6962, 2.1.3 and RFC 9162, 2.1.5."""
    leaves = [_leaf(number) for number in range(7)]
    a, b, c, d, e, f, j = leaves
    del a, b
    g, h, i = (_root(leaves[start : start + 2]) for start in (0, 2, 4))
    k, left = _root(leaves[:4]), _root(leaves[4:])
    assert consistency_proof(3, 7, _subtree(leaves)) == [c, d, g, left]
    assert consistency_proof(4, 7, _subtree(leaves)) == [left]
    assert consistency_proof(6, 7, _subtree(leaves)) == [i, j, k]
    assert h == _root([c, d])
    assert i == _root([e, f])


@settings(deadline=None, max_examples=200)
@given(size=st.integers(1, 70), data=st.data())
def test_a_grown_tree_is_consistent_and_no_other_is(size, data):
    """Whatever the sizes; one leaf of what was seen, one step, or one length changed: it is not."""
    old = data.draw(st.integers(0, size))
    leaves = [_leaf(number) for number in range(size)]
    proof = consistency_proof(old, size, _subtree(leaves))
    before, after = _root(leaves[:old]), _root(leaves)
    assert is_consistent(old, before, size, after, proof)
    assert not is_consistent(old, before, size, after, [*proof, before])
    if old:
        rewritten = list(leaves)
        rewritten[data.draw(st.integers(0, old - 1))] = _leaf(999)
        forged = consistency_proof(old, size, _subtree(rewritten))
        assert not is_consistent(old, before, size, _root(rewritten), forged)
    if proof:
        place = data.draw(st.integers(0, len(proof) - 1))
        assert not is_consistent(old, before, size, after, [*proof[:place], bytes(32), *proof[place + 1 :]])
        assert not is_consistent(old, before, size, after, proof[:-1])
    assert not is_consistent(size + 1, before, size, after, proof)


def test_the_example_of_the_standard_is_read_as_it_says():
    """Its note has two lines; the second is a cosignature with its name, mark and moment; so is its request."""
    checkpoint, lines = note_parts(SPEC)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert [(name, len(content)) for name, _, content in lines] == [
        ("example.com/behind-the-sofa", 64),
        ("witness.example.com/w1", 72),
    ]
    assert int.from_bytes(lines[1][2][:8], "big") == 1679315147
    asked = AddCheckpoint.read(REQUEST + SPEC)
    assert (asked.old, len(asked.proof)) == (20852014, 4)
    assert asked.text() == REQUEST + SPEC


def test_a_cosignature_is_signed_over_the_words_of_the_standard():
    """Checked by arithmetic of its own: header, moment, and the whole note; the mark is of type 0x04."""
    cosigner, ledger = Cosigner(bytes(32), "w1.example"), Signer(bytes(range(32)))
    note = ledger.sign(7, bytes(32))
    line = cosigner.sign(ledger.verifier.check(note), 1679315147)
    whole = cosigned(note, line)
    _, lines = note_parts(whole)
    name, mark, content = lines[-1]
    text = note.partition("\n\n")[0]
    message = f"cosignature/v1\ntime 1679315147\n{text}\n".encode()
    assert is_signed(cosigner.key.key, message, content[8:])
    assert mark == hashlib.sha256(b"w1.example\n\x04" + cosigner.key.key).digest()[:4]
    encoded = b64encode(b"\x04" + cosigner.key.key).decode()
    assert str(cosigner.key) == f"{name}+{mark.hex()}+{encoded}"
    assert [(one.witness, one.at) for one in cosignatures_in(whole, [cosigner.key])] == [(cosigner.key, 1679315147)]
    assert WitnessKey.read(str(cosigner.key)) == cosigner.key
    assert ledger.verifier.check(whole) == ledger.verifier.check(note), "the ledger's own signature holds as before"
    assert cosigned(whole, line) == whole


def test_a_cosignature_that_was_moved_or_made_by_another_counts_for_nothing():
    """Under another checkpoint, at another moment, with the name of a witness and another key: nobody cosigned."""
    cosigner, ledger = Cosigner(bytes(32), "w1.example"), Signer(bytes(range(32)))
    one, other = ledger.sign(7, bytes(32)), ledger.sign(8, bytes(32))
    line = cosigner.sign(ledger.verifier.check(one), 5)
    assert not cosignatures_in(cosigned(other, line), [cosigner.key])
    stranger = Cosigner(b"\x01" * 32, "w1.example")
    assert not cosignatures_in(cosigned(one, stranger.sign(ledger.verifier.check(one), 5)), [cosigner.key])
    raw = bytearray(note_parts(cosigned(one, line))[1][-1][2])
    raw[7] ^= 1
    later = f"— w1.example {b64encode(cosigner.key.mark + bytes(raw)).decode()}\n"
    assert not cosignatures_in(cosigned(one, later), [cosigner.key])


def test_a_witness_cosigns_one_history():
    """From the first checkpoint on: a later one with its proof; never an earlier, another, or an unsigned one."""
    ledger = Signer(bytes(range(32)))
    leaves = [_leaf(number) for number in range(9)]

    def asked(old, size, of=leaves, signer=ledger):
        proof = tuple(consistency_proof(old, size, _subtree(of)))
        return AddCheckpoint(old, proof, signer.sign(size, _root(of[:size])))

    def seen(size):
        return Seen(size, _root(leaves[:size]))

    assert Seen().after(asked(0, 3), ledger.verifier).size == 3
    assert seen(3).after(asked(3, 9), ledger.verifier).size == 9
    assert seen(9).after(asked(9, 9), ledger.verifier).size == 9
    other = [*leaves[:2], _leaf(77), *leaves[3:]]
    for state, request, why in (
        (seen(3), asked(3, 9, other), "does not continue"),
        (seen(9), asked(9, 9, other), "does not continue"),
        (seen(9), asked(3, 9), "the request starts from 3"),
        (seen(9), asked(0, 3), "the request starts from 0"),
        (Seen(), asked(0, 3, signer=Signer(b"x" * 32)), "not signed by this ledger's key"),
    ):
        with pytest.raises(DataError, match=why):
            state.after(request, ledger.verifier)


@pytest.mark.parametrize(
    "text", ["", "old 1", "old -1\n\n" + SPEC, "old 01\n\n" + SPEC, "new 1\n\n" + SPEC, "old 1\nAAAA\n\n" + SPEC,
             "old 1\n\nno note", "old 0\n" + "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n" * 64 + "\n" + SPEC]
)  # fmt: skip
def test_what_is_no_request_is_refused(text):
    """In three parts, and never with a traceback."""
    with pytest.raises(DataError, match=r"no request to a witness|not a signed checkpoint"):
        AddCheckpoint.read(text)
    for key in (text, "w+00000000+AA==", str(Signer(bytes(32)).verifier)):
        with pytest.raises(DataError, match="not the key of a witness"):
            WitnessKey.read(key)
