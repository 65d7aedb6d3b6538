"""Reading consent and opt-out signals: strings per second, each string another one, and as a column at gate 1.

``python -m benchmarks.signals 20000`` reads 20,000 different strings of each kind; ``--processes 2`` reads as many
again in each of two processes at once.
"""

from __future__ import annotations

import argparse
import random
import string
import time
import tracemalloc
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from functools import partial
from itertools import product
from types import SimpleNamespace
from typing import cast

import numpy as np

from evenhand.permission import hear
from evenhand.policy import Campaign, SignalsClause
from evenhand.signals import (
    GppString,
    IdSet,
    PublisherTc,
    TcfQuestion,
    TcfString,
    UsSection,
    ask_gpp,
    ask_tcf,
    decisecond,
    read_gpp,
    read_tcf,
    write_gpp,
    write_tcf,
)
from evenhand.terms import Channel, Use

from .machine import describe, print_table

AT = datetime(2026, 11, 1, tzinfo=UTC)
QUESTION = TcfQuestion(vendor=755)
ROUNDS = 7


def tc_string(draw: random.Random, chosen: IdSet) -> str:
    """A TC string as CMPs make them: core, vendors shown, publisher's part."""
    day = decisecond(datetime(2026, 10, draw.randrange(1, 31), tzinfo=UTC))
    return write_tcf(
        TcfString(
            created_ds=day,
            last_updated_ds=day,
            cmp_id=draw.randrange(2, 400),
            cmp_version=draw.randrange(4096),
            vendor_list_version=draw.randrange(60, 200),
            purposes_consent=IdSet(draw.randrange(1 << 11)),
            purposes_li_transparency=IdSet.of([2, 7, 9, 10]),
            publisher_cc="NL",
            vendor_consents=chosen,
            vendor_legitimate_interests=chosen,
            disclosed_vendors=chosen,
            publisher_tc=PublisherTc(IdSet(draw.randrange(1 << 11))),
        )
    )


def gpp_string(draw: random.Random) -> str:
    """A GPP string with the national section and California."""
    two = partial(draw.randrange, 3)
    nation = (*(two() for _ in range(9)), tuple(two() for _ in range(16)), (0, 0, 0), *(two() for _ in range(4)))
    state = (*(two() for _ in range(5)), tuple(two() for _ in range(9)), (0, 0), *(two() for _ in range(4)))
    sections = (UsSection("usnat", 2, nation, False), UsSection("usca", 1, state, False))
    return write_gpp(GppString(tuple((one.section_id, one) for one in sections)))


def kinds(count: int, seed: int) -> dict[str, tuple[list[str], Callable[[str], object]]]:
    """Strings of each kind, no two of them alike, and what is asked of each."""
    draw = random.Random(seed)

    def ask_tc(text: str) -> object:
        return ask_tcf(read_tcf(text), QUESTION, at=AT).permits

    def ask_us(text: str) -> object:
        return ask_gpp(read_gpp(text), tuple(Use))

    few = [tc_string(draw, IdSet.of(draw.sample(range(1, 801), 16))) for _ in range(count)]
    many = [tc_string(draw, IdSet(draw.getrandbits(1000) | draw.getrandbits(1000))) for _ in range(count)]
    return {
        "TC string, 750 of 1,000 vendors": (many, ask_tc),
        "TC string, 16 of 800 vendors": (few, ask_tc),
        "GPP string, usnat and usca": ([gpp_string(draw) for _ in range(count)], ask_us),
    }


def seconds(texts: Sequence[str], ask: Callable[[str], object]) -> float:
    """CPU seconds of this process: of each thousand strings the best of some rounds, so that others here weigh less."""
    total = 0.0
    for first in range(0, len(texts), 1000):
        best = float("inf")
        for _ in range(ROUNDS):
            start = time.process_time()
            for text in texts[first : first + 1000]:
                ask(text)
            best = min(best, time.process_time() - start)
        total += best
    return total


def at_gate(texts: Sequence[str]) -> tuple[float, float]:
    """CPU seconds of `hear` for a column of these texts, and the bytes that it takes at most beside the column."""
    name = "gpp" if texts[0].startswith("DB") else "tcf"
    source = SimpleNamespace(signals=SignalsClause(tcf="tc", gpp="gpp", vendor=755))
    campaign = SimpleNamespace(purpose="PersonalisedAdvertising", channel=Channel.WEB, consents=source)
    at = np.full(len(texts), np.datetime64("2026-11-01", "us"))
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.process_time()
        hear({name: texts}, at, cast("Campaign", campaign))
        best = min(best, time.process_time() - start)
    tracemalloc.start()
    hear({name: texts}, at, cast("Campaign", campaign))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return best, most


def widened(texts: Sequence[str], rows: int) -> list[str]:
    """A column of this many TC strings that are all different, by another CmpVersion (bits 90 to 101) in each."""
    versions = ["".join(two) for two in product(string.ascii_letters + string.digits + "-_", repeat=2)]
    return [text[:15] + one + text[17:] for text in dict.fromkeys(texts) for one in versions][:rows]


def columns(prepared: Mapping[str, tuple[list[str], object]]) -> Iterator[tuple[str, Sequence[str]]]:
    """Columns of strings that are all different, well formed or cut; and one where one in a hundred is another one."""
    for name, (texts, _) in prepared.items():
        yield name, texts
    texts = prepared["TC string, 750 of 1,000 vendors"][0]
    yield "GPP string with the first kind as its only section", ["DBABMA~" + text for text in texts]
    yield "the first kind, each cut in its core", [text[:-300] for text in texts]
    yield "the first kind, one in a hundred different", (texts[: max(1, len(texts) // 100)] * 100)[: len(texts)]


def _share(count: int, kind: str, seed: int) -> float:
    texts, ask = kinds(count, seed)[kind]
    start = time.time()
    for text in texts:
        ask(text)
    return time.time() - start


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.signals", description=__doc__)
    parser.add_argument("count", nargs="?", type=int, default=20_000)
    parser.add_argument("--processes", type=int, default=0, help="read in so many processes at once, too")
    parser.add_argument("--rows", type=int, default=0, help="as a column, so many rows of the first kind instead")
    asked = parser.parse_args()
    print(describe())
    prepared = kinds(asked.count, 1)
    rows: list[tuple[str, ...]] = []
    for name, (texts, ask) in prepared.items():
        taken = seconds(texts, ask)
        length = sum(map(len, texts)) / len(texts)
        rows.append((name, f"{length:.0f}", f"{1e6 * taken / len(texts):.1f}", f"{len(texts) / taken:,.0f}"))
    made_by = f"python -m benchmarks.signals {asked.count}"
    header: tuple[str, ...] = ("kind", "characters", "µs of CPU", "strings per second of CPU")
    print_table(
        "Each read whole by itself, checked and asked; no string twice, nothing remembered", made_by, header, rows
    )
    rows = []
    measured = dict(columns(prepared))
    if asked.rows:
        some = widened(next(iter(prepared.values()))[0], asked.rows)
        measured = {f"the first kind, {len(some):,} rows": some}
        made_by += f" --rows {asked.rows}"
    for name, column in measured.items():
        taken, most = at_gate(column)
        figures = (f"{1e6 * taken / len(column):.1f}", f"{len(column) / taken:,.0f}", f"{most / 2**20:,.0f}")
        rows.append((name, *figures))
    header = ("kind", "µs of CPU", "strings per second of CPU", "MiB at most, beside the strings")
    print_table("As a column at gate 1 (hear); nothing remembered", made_by, header, rows)
    if asked.processes:
        rows = []
        for name in prepared:
            with ProcessPoolExecutor(asked.processes) as pool:
                taken = max(pool.map(partial(_share, asked.count, name), range(2, 2 + asked.processes)))
            rows.append((name, f"{asked.processes * asked.count / taken:,.0f}"))
        title = f"In {asked.processes} processes at once, by the clock"
        print_table(title, f"{made_by} --processes {asked.processes}", ("kind", "strings per second"), rows)


if __name__ == "__main__":
    main()
