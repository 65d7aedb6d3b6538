"""A service whose decisions somebody else seals: what people say meanwhile is heard."""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime

from evenhand import assembly
from evenhand.ledger import sealed
from live_cases import asked, person
from patience import WITHIN


class _Held:
    """Seals when it is let. Implements `ledger.Sealer`."""

    def __init__(self):
        self.began, self.may = threading.Event(), threading.Event()

    def begin(self, columns, keys):
        """Begin."""
        self.began.set()

        def waits():
            assert self.may.wait(WITHIN)
            return sealed(columns, keys, os.urandom)

        return waits


def test_whoever_says_no_while_decisions_are_sealed_does_not_wait_and_is_heard(ran_shop):
    """The withdrawal is recorded before the sealing is done, and the answer keeps to it."""
    held, answers = _Held(), []
    with assembly.open_service([ran_shop / "campaign.yaml"], at=datetime.now(UTC), sealer=held) as serving:
        home, people = serving.place.folder, [person(number) for number in range(300)]
        asks = threading.Thread(target=lambda: answers.append(asked(serving.live, *people)))
        asks.start()
        assert held.began.wait(WITHIN)
        assembly.say(person(3), "withdraw", "PersonalisedAdvertising", home=home, at=datetime.now(UTC))
        held.may.set()
        asks.join(WITHIN)
    assert answers[0].answers[3].permission == "consent-withdrawn"
    assert assembly.verify_ledger(home=home).ok
