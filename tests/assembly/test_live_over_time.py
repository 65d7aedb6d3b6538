"""Limits over time in the service: what it decided itself a moment ago counts, also where it is not committed yet."""

from __future__ import annotations

import threading

from evenhand import assembly
from evenhand.adapters.asking import Answered, Ask, Question
from live_cases import CAMPAIGN, asked, opened, person
from patience import WITHIN
from shop_folder import AT, evenhand, write_shop


def test_nobody_gets_a_second_offer_within_a_day_however_fast_they_come_back(tmp_path):
    """One after the other, and many at once that are recorded together; the ledger verifies and replays."""
    shop = write_shop(tmp_path / "shop").parent
    text = (shop / "campaign.yaml").read_text("utf-8")
    each = "limits:\n  contacts: {each: [{offers: 1, within: P1D}]}\n"
    (shop / "campaign.yaml").write_text(text.replace("limits:\n", each), "utf-8")
    assert evenhand("run", "campaign.yaml", "--at", AT, cwd=shop).returncode == 0
    with opened(shop) as serving:
        first = asked(serving.live, *(person(number) for number in range(2, 60))).answers
        got = [number for number, one in zip(range(2, 60), first, strict=True) if one.offer]
        again = asked(serving.live, *(person(number) for number in got)).answers
        assert {(one.standing, one.permission, one.offer) for one in again} == {("refused", "enough-offers", None)}
        fresh = next(number for number in range(60, 400) if asked(serving.live, person(number)).answers[0].offer)
        answers: list[Answered | BaseException] = []
        lucky = [number for number in range(60, 400) if number > fresh][:60]
        done = threading.Event()

        def note(answer: Answered | BaseException) -> None:
            answers.append(answer)
            if len(answers) == 2 * len(lucky):
                done.set()

        for number in lucky * 2:
            serving.live.ask(Question(CAMPAIGN, (Ask(person(number)),), None, ""), note)
        assert done.wait(2 * WITHIN)
        told = [one.answers[0] for one in answers if isinstance(one, Answered)]
        assert len(told) == 2 * len(lucky)
        assert sum(one.permission == "enough-offers" for one in told) == sum(one.offer is not None for one in told) > 0
    assert assembly.verify_ledger(home=serving.place.folder).ok
    replayed = assembly.replay(again[0].decision_id.split(".")[0], home=serving.place.folder)
    assert (replayed.same, replayed.different) == (True, ())
