"""A small client of the service, to copy into your own code. It needs httpx, and nothing of evenhand.

    with Decisions("http://127.0.0.1:8000", key=os.environ["EVENHAND_KEY"]) as decisions:
        answer = decisions.decide("1042", once="page-view-9f3")
        card = decisions.card("1042", answer["decision_id"], lang="nl", link="/offers")
        page = page.replace("AD", card["html"])
        decisions.tell(answer["decision_id"], "shown")

Where the service cannot answer for now it is asked again a few times, under the same Idempotency-Key, so nobody is
decided about twice. Where it still cannot, `Refused` is raised: show what you show to everybody.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

__all__ = ["Decisions", "Refused", "dsa_for"]

_FOR_NOW = {429, 502, 503, 504}
"""The service's own word for later, and what a proxy before it says while it starts again."""


class Refused(Exception):  # noqa: N818 - it is an answer, not a fault
    """The service did not do what was asked.

    Args:
        problem: as the service tells it (RFC 9457): ``type``, ``title``, ``status`` and perhaps ``errors``.
    """

    def __init__(self, problem: Mapping[str, Any]) -> None:
        super().__init__(problem.get("title", "The service did not answer."))
        self.problem = dict(problem)


class Decisions:
    """The service at an address. Use it in a ``with``; it keeps its connections.

    Args:
        address: such as ``http://127.0.0.1:8000``.
        key: a machine's key.
        lang: language of problems.
        tries: how often it is asked where it cannot answer for now.
        timeout: seconds to wait for an answer.

    Raises:
        ValueError: the key or the language cannot stand in a header.
    """

    def __init__(self, address: str, key: str, *, lang: str = "en", tries: int = 3, timeout: float = 5.0) -> None:
        key = _sendable("a machine's key", key.strip(), 1_000)
        headers = {"Authorization": f"Bearer {key}", "Accept-Language": _sendable("a language", lang, 100)}
        self._client = httpx.Client(base_url=address, headers=headers, timeout=timeout)
        self._tries = tries

    def __enter__(self) -> Decisions:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def decide(
        self,
        subject: str,
        *,
        features: Mapping[str, str | float | bool | None] | None = None,
        opted_out: bool = False,
        gpc: bool = False,
        campaign: str = "",
        once: str | None = None,
    ) -> dict[str, Any]:
        """The decision about one person; the same for the same `once`, of 1 to 128 printable ASCII characters.

        Its `offer` is an id or None; `answer["offers"][answer["offer"]]["text"]["nl"]` is what it says.
        """
        body: dict[str, Any] = {"subject": subject, "opted_out": opted_out, "campaign": campaign}
        if features is not None:
            body["features"] = dict(features)
        return self._post("/v1/decisions", body, once, {"Sec-GPC": "1"} if gpc else {})

    def decide_several(self, subjects: Sequence[str], *, campaign: str = "", once: str | None = None) -> dict[str, Any]:
        """The `decisions` about several people, in their order, all or none; their texts stand once, as for one."""
        body = {"subjects": [{"subject": one} for one in subjects], "campaign": campaign}
        return self._post("/v1/decisions", body, once, {})

    def card(
        self, subject: str, decision_id: str, *, lang: str = "nl", link: str = "", site: str = ""
    ) -> dict[str, Any]:
        """The card of a decision, with the person's way to why: ``html`` for a page, ``card`` for the script in it.

        Args:
            subject: the person who was decided about.
            decision_id: the decision.
            lang: ``nl`` or ``en``.
            link: where the offer leads.
            site: where the pages of people stand, if on another server than the card.
        """
        body = {"subject": subject, "decision_id": decision_id, "lang": lang, "link": link, "site": site}
        return self._post("/v1/cards", body, None, {})

    def tell(self, decision_id: str, kind: str) -> None:
        """Something followed: ``shown``, ``clicked``, ``bought`` or ``complained``."""
        self._post("/v1/events", {"events": [{"decision_id": decision_id, "kind": kind}]}, None, {})

    def why(self, decision_id: str, *, register: str = "person", lang: str = "en") -> dict[str, Any]:
        """The explanation of a decision."""
        return self._read(f"/v1/explanations/{decision_id}", {"register": register, "lang": lang})

    def receipt(self, decision_id: str) -> dict[str, Any]:
        """The receipt of a decision, for `evenhand receipt check`."""
        return self._read(f"/v1/receipts/{decision_id}", {})

    def _post(self, path: str, body: Any, once: str | None, headers: Mapping[str, str]) -> dict[str, Any]:
        once = uuid.uuid4().hex if once is None else _sendable("a key for `once`", once, 128)
        own = {**headers, "Idempotency-Key": once}
        return self._asked(lambda: self._client.post(path, json=body, headers=own))

    def _read(self, path: str, asked: Mapping[str, str]) -> dict[str, Any]:
        return self._asked(lambda: self._client.get(path, params=asked))

    def _asked(self, ask: Any) -> dict[str, Any]:
        for attempt in range(1, self._tries + 1):
            try:
                answer = ask()
            except httpx.TransportError:
                if attempt == self._tries:
                    raise Refused({"title": "The service cannot be reached."}) from None
                time.sleep(0.2 * attempt)
                continue
            if answer.status_code == 200 and (found := _values(answer)) is not None:
                return found
            if answer.status_code not in _FOR_NOW or attempt == self._tries:
                raise Refused(_problem(answer))
            later = answer.headers.get("retry-after", "")
            time.sleep(min(5.0, float(later)) if later.isdecimal() else 1.0)
        raise Refused({})


def _sendable(what: str, text: str, most: int) -> str:
    """A text that a header carries as it is; what it says is not told, since it may be somebody's."""
    if not (1 <= len(text) <= most and text.isascii() and text.isprintable() and text == text.strip()):
        raise ValueError(
            f"What was given as {what} cannot be sent. A header carries 1 to {most} printable ASCII characters, with "
            "no space at either end. Write others as ASCII first, such as with urllib.parse.quote."
        )
    return text


def _values(answer: httpx.Response) -> dict[str, Any] | None:
    """What the service told; None where the answer is none of its own, such as a proxy's page."""
    try:
        told = answer.json()
    except ValueError:
        return None
    return told if isinstance(told, dict) else None


def _problem(answer: httpx.Response) -> dict[str, Any]:
    """The service's problem; of an answer that is none of its own, the status alone."""
    told = _values(answer)
    if told is not None:
        return told
    return {"title": "The service did not answer as it does.", "status": answer.status_code}


def dsa_for(dsa: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any] | None:
    """The ``bid.ext.dsa`` of an answer, as somebody asked for it who sells the place of an advertisement.

    Args:
        dsa: that of a decision with an offer: ``answer["dsa"][decision["how"]]``.
        asked: ``regs.ext.dsa`` of their bid request, with the names of 26 January 2024 (``dsarequired``) or the first
            ones, of 16 January 2024 (``required``) or of the draft (``dsainfo``).

    Returns:
        the object; None where nothing is asked for. Where the publisher shows these words itself (``pubrender`` 2)
        ``adrender`` is 0, and where no data on parameters may be sent (``datatopub`` 0) and the publisher does not need
        them to show, there are none.
    """
    new = asked.get("dsarequired")
    needs = new if new is not None else asked.get("required", asked.get("dsainfo", 0))
    if not needs:
        return None
    shows = asked.get("pubrender", 0) == 2
    name = "params" if new is None else "dsaparams"
    used = [
        {("params" if key == "dsaparams" else key) if name == "params" else key: value for key, value in one.items()}
        for one in dsa["transparency"]
    ]
    made = {**dsa, "transparency": used, "adrender": 0 if shows else dsa["adrender"]}
    if asked.get("datatopub", 1) == 0 and not shows:
        del made["transparency"]
    return made
