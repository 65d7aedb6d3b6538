"""What a home holds of a person: to be seen (GDPR 15, RULES G-15), and to be taken out (GDPR 17, RULES G-17)."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evenhand.adapters.stores.freeing import still_held
from evenhand.adapters.stores.home import Home, find_home, json_bytes, write_atomically
from evenhand.features import pseudonymise
from evenhand.ledger import (
    RunSummary,
    campaign_digests,
    campaign_of_digest,
    closed_run,
    decided_about,
    erase_subject,
    open_run,
    runs,
)
from evenhand.terms import DataError, StoreError, microseconds_of

from ..records._keys import outward_of
from ..records._ledger import has_ledger, keys_of, ledger_of, run_keys_of
from ..records._records import open_ledger, readable, rebuild_report
from ..records._why import why
from ..runs._due_models import DueModel, due_models
from ._events import events_after, forget_events
from ._lapsed import lapse_all
from ._said_since import SAID_NO
from ._same_person import linked_ids
from ._trail import forget_said, is_trail_there

if TYPE_CHECKING:
    from evenhand.adapters.ledgers.postgres_ledger import PostgresLedger
    from evenhand.adapters.ledgers.sqlite_ledger import SqliteLedger
    from evenhand.adapters.stores.event_tables import Event
    from evenhand.explanation import Explanation
from ..records._vault_end import note_vault_end
from ..records._vault_store import vault_forget, vault_of, vault_values

__all__ = ["Access", "Erased", "access", "take_out_person"]


@dataclass(frozen=True, slots=True)
class Access:
    """What a home holds about a person.

    Attributes:
        subject: their own id.
        pseudonym: under which explanations and exports name them as of now (32 hex digits).
        decisions: every decision about them with its whole explanation, oldest first.
        lang: of the explanations.
        own_tables: the organisation's own tables of the campaigns that ran; what stands there is not in this answer.
        in_vault: what the vault holds of them, by column; the look is logged there.
        not_read: columns of the vault that cannot be read: their time is up, or the key is not here.
        events: what was told to have followed these decisions: shown, clicked, bought, complained.
    """

    subject: str
    pseudonym: str
    decisions: tuple[Explanation, ...]
    lang: str
    own_tables: tuple[str, ...]
    in_vault: Mapping[str, str] = field(default_factory=dict, repr=False)
    not_read: tuple[str, ...] = ()
    events: tuple[Event, ...] = ()

    def save(self, path: str | Path) -> None:
        """Write it to a JSON file that its owner alone reads. Raises StoreError where that cannot be written."""
        write_atomically(Path(path), json_bytes(self.to_dict()), private=True)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "subject": self.subject,
            "pseudonym": self.pseudonym,
            "lang": self.lang,
            "decisions": [told.to_dict() for told in self.decisions],
            "own_tables": list(self.own_tables),
            "in_vault": dict(self.in_vault),
            "not_read": list(self.not_read),
            "events": [
                {
                    "decision_id": one.decision,
                    "kind": one.kind,
                    "id": one.id,
                    "at": datetime.fromtimestamp(one.at / 1e6, UTC).isoformat(),
                }
                for one in self.events
            ],
        }


def access(who: str, *, home: str | Path | None = None, lang: str = "en") -> Access:
    """What a home decided about a person, with values, inferred scores, reasons and rules; and what its vault holds.

    Args:
        who: the person's own id, as it stands in the subjects table.
        home: the home folder; see `find_home`.
        lang: ``nl`` or ``en``.

    Raises:
        DataError: the home holds nothing about this person.
    """
    place = find_home(home)
    pseudonym = pseudonymise([who], place.key(make=False))[0].decode()
    ids: tuple[str, ...] = ()
    if has_ledger(place):
        with open_ledger(place) as store:
            ids = tuple(one.decision_id for one in readable(store, decided_about(store, pseudonym)))
    in_vault, not_read = vault_values(place, who)
    if not ids and not in_vault:
        raise DataError(
            "access-unknown",
            "This home holds nothing about this subject, or it was erased.",
            rule="G-15: what is held is shown",
            remedy="check the id as it stands in the subjects table, and the --home folder",
        )
    told = tuple(why(one, home=place.folder, lang=lang) for one in ids)
    own = _own_tables(place, sorted({one.facts.run_id for one in told})) if told else ()
    events = tuple(events_after(place, ids)) if is_trail_there(place) else ()
    return Access(who, outward_of(place, pseudonym), told, lang, own, in_vault, tuple(not_read), events)


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure did, and what it could not reach.

    Attributes:
        decisions: decisions about the person that nobody can read any more.
        lists: lists of decisions from which their rows were removed.
        in_the_clear: decisions about them that an older evenhand recorded without a key; these stay.
        own_tables: the organisation's own tables of the campaigns that ran; evenhand reads them and never writes them.
        said: records of consent and corrections that were taken out.
        in_vault: sensitive columns of which their value was taken out of the vault.
        events: what had followed their decisions, and was removed.
        other_ids: how many other ids of the same person were erased with this one.
        lapsed: numbers of requests that were open, and that nothing is left to answer with; each has its letter.
        models: the models in force that may have been fitted on the person, and are to be fitted again.
        still_held: files or tables of the home's databases that may hold removed bytes a while longer, because somebody
            else keeps them in view, or they are not this user's; () where all are free of them.
        request: under which number the trail keeps that it was done; "" where it was done before.
        to_tell: recipients who are to be told (GDPR 19).
        on_server: whether the home lives on a server, of which the own log, replicas and backups were not reached.
    """

    decisions: int
    lists: int
    in_the_clear: int
    own_tables: tuple[str, ...]
    said: int = 0
    in_vault: int = 0
    events: int = 0
    other_ids: int = 0
    lapsed: tuple[str, ...] = ()
    models: tuple[DueModel, ...] = ()
    still_held: tuple[str, ...] = ()
    request: str = ""
    to_tell: tuple[str, ...] = ()
    on_server: bool = False


def take_out_person(place: Home, who: str, at: datetime, begin: Callable[[], None] = lambda: None) -> Erased:
    """Erase a person and every other id that was said to be theirs; see `erase`, which also records who did it.

    Args:
        place: the home.
        who: the person's own id.
        at: now.
        begin: called before anything is changed, once nothing stands in the way any more.
    """
    others = linked_ids(place, who)
    ids = (*reversed(others), who)  # this one's key leads to the others: it is last
    if _nothing_was_decided(place):
        begin()
        done = [_unknown_to_ledger(place, one, at) for one in ids]
    else:
        _refuse_without_keys(place)
        with _alone(place) as store:
            begin()
            done = [_erased(place, store, one, at) for one in ids]
            store.shrink()
            recorded = [run for run in runs(store) if run.finished]
        lists = sum(_cleared(place, recorded, one) for one in ids)
        own = _own_tables(place, [run.run_id for run in recorded])
        done[-1] = replace(done[-1], lists=lists, own_tables=own)
        if any(one.in_vault for one in done):
            note_vault_end(place, vault_of(place), at)
    return Erased(
        decisions=sum(one.decisions for one in done),
        lists=sum(one.lists for one in done),
        in_the_clear=sum(one.in_the_clear for one in done),
        own_tables=done[-1].own_tables,
        said=sum(one.said for one in done),
        in_vault=sum(one.in_vault for one in done),
        events=sum(one.events for one in done),
        other_ids=len(others),
        lapsed=tuple(number for one in done for number in one.lapsed),
        models=tuple({model.run: model for one in done for model in one.models}.values()),
        still_held=still_held(place),
        on_server=place.database_note.exists(),
    )


@contextmanager
def _alone(place: Home) -> Iterator[SqliteLedger | PostgresLedger]:
    """The ledger, which nobody else writes until the ``with`` ends. So an erasure that cannot be recorded now has
    changed nothing: it is refused before its first step.

    Raises:
        StoreError: somebody else is writing it for long.
    """
    with ledger_of(place) as store:
        try:
            store.claim()
        except StoreError as error:
            if error.code != "store-busy":
                raise
            raise StoreError(
                error.code,
                f"{error.what} Nothing was erased or marked.",
                rule=error.rule,
                remedy="ask again: a run ends, and a service lets go within seconds, of a stuck process too",
            ) from None
        try:
            yield store
        finally:
            store.release()


def _refuse_without_keys(place: Home) -> None:
    with open_ledger(place) as store:
        if not keys_of(place).is_there and any(closed_run(store, run.run_id) for run in runs(store) if run.finished):
            raise StoreError(
                "subject-keys-missing",
                "The keys of people are missing, so nobody's can be destroyed, nor the erasure recorded.",
                rule="G-17: erasing is destroying the person's key, here and in copies",
                remedy="restore subject-keys.sqlite from a copy, and erase then",
            )


def _marked(place: Home, who: str, at: datetime) -> tuple[bytes, Erased]:
    """Keep the mark, and take out what a person said; their pseudonym, and what that was."""
    pseudonym = bytes.fromhex(pseudonymise([who], place.key(make=False))[0].decode())
    keys_of(place).suppress(pseudonym, microseconds_of(at))
    said, in_vault = forget_said(place, pseudonym, at), vault_forget(place, who, at)
    return pseudonym, Erased(0, 0, 0, (), said, in_vault, lapsed=lapse_all(place, who, at))


def _unknown_to_ledger(place: Home, who: str, at: datetime) -> Erased:
    """Erase one id where nobody was ever decided about."""
    pseudonym, done = _marked(place, who, at)
    keys_of(place).forget(pseudonym)
    return done


def _erased(place: Home, store: SqliteLedger | PostgresLedger, who: str, at: datetime) -> Erased:
    """Erase one id, but for the lists and reports of runs; the caller alone writes the ledger."""
    pseudonym, done = _marked(place, who, at)
    with open_ledger(place) as reads:
        decided = decided_about(reads, pseudonym.hex())
    events = forget_events(place, decided)  # what followed is found by decisions, and these by the key that goes next
    handle = erase_subject(store, pseudonym, at=at, keys=run_keys_of(place), is_claimed=True)
    held = set(keys_of(place).note_gone(pseudonym, microseconds_of(at)))  # each model in force has its list here
    return replace(
        done,
        decisions=len(store.about(handle)) if handle else 0,
        in_the_clear=len(store.about(pseudonym)),
        events=events,
        models=tuple(one for one in due_models(home=place.folder) if one.run in held or not one.is_known),
    )


def _cleared(place: Home, recorded: Sequence[RunSummary], who: str) -> int:
    """Take their rows out of the lists of runs, and the decisions that are told as examples out of reports; how many
    lists that were."""
    folders = [folder(run.run_id) for run in recorded for folder in (place.run_folder, place.draft_folder)]
    lists = sum(_without(folder / "decisions.csv", who) for folder in folders)
    for folder in folders:
        _without(folder / SAID_NO, who)
    for run in recorded:
        if not run.priced_by and _tells_somebody_closed(place, run.run_id):
            rebuild_report(run.run_id, home=place.folder)
    return lists


def _nothing_was_decided(place: Home) -> bool:
    """Whether no run was ever begun here: no ledger, nor anything that a ledger leaves behind it."""
    traces = (place.ledger.with_name(place.ledger.name + ".head"), place.folder / "runs", place.run_keys)
    return not has_ledger(place) and not any(one.exists() for one in traces)


def _tells_somebody_closed(place: Home, run_id: str) -> bool:
    """Whether a report tells, as an example, a decision that nobody may read any more."""
    texts = [path.read_text("utf-8") for path in place.run_folder(run_id).glob("report.*") if path.is_file()]
    with open_ledger(place) as store:
        told = [f"{run_id}.{row + 1}" for row in open_run(store, run_id).report["story_rows"]]
        open_ones = {one.decision_id for one in readable(store, told)}
    return any(re.search(rf"{re.escape(one)}\b", text) for one in told if one not in open_ones for text in texts)


def _without(path: Path, who: str) -> bool:
    """Write a list of decisions again without a person's rows; whether there were any."""
    try:
        rows = list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8"), newline="")))
    except FileNotFoundError:
        return False
    kept = [row for row in rows if row[:1] != [who]]
    if len(kept) == len(rows):
        return False
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(kept)
    write_atomically(path, text.getvalue().encode(), private=True)
    return True


def _own_tables(place: Home, names: list[str]) -> tuple[str, ...]:
    """Names of the tables that the campaigns of these runs read."""
    tables: dict[str, None] = {}
    with open_ledger(place) as store:
        digests = campaign_digests(store)
        for digest in dict.fromkeys(digests[name] for name in names):
            campaign = campaign_of_digest(store, digest)
            for source in (campaign.subjects, campaign.history, campaign.consents):
                if source is not None and source.file:
                    tables[str(source.file)] = None
    return tuple(tables)
