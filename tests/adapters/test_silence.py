"""When the process that speaks HTTP is taken for stuck: not while the one that listens for it does not run itself."""

from __future__ import annotations

from evenhand.adapters.web._silence import Silence


class _Clock:
    """Seconds, as the test says."""

    now = 100.0

    def __call__(self) -> float:
        """Now."""
        return self.now


def _silent(silence: Silence, clock: _Clock, words: int, *, looks: int, each: float = 0.25) -> bool:
    for _ in range(looks):
        clock.now += each
        if silence.is_too_long(words):
            return True
    return False


def test_half_a_minute_without_a_word_is_too_long():
    """With one word in between it begins anew."""
    clock = _Clock()
    silence = Silence(30.0, clock)
    assert not _silent(silence, clock, 1, looks=116)
    assert not _silent(silence, clock, 2, looks=116)
    assert _silent(silence, clock, 2, looks=6)


def test_a_machine_that_slept_is_not_held_against_it():
    """Nor that this process was stopped, or had no processor for long: each look counts for a second at most."""
    clock = _Clock()
    silence = Silence(30.0, clock)
    assert not _silent(silence, clock, 1, looks=1)
    assert not _silent(silence, clock, 1, looks=29, each=3_600.0)
    assert not _silent(silence, clock, 2, looks=1)


def test_the_first_word_may_take_longer():
    """It loads everything before that; and yet it is not waited for for ever."""
    clock = _Clock()
    silence = Silence(30.0, clock)
    assert not _silent(silence, clock, 0, looks=470)
    assert _silent(silence, clock, 0, looks=20)
