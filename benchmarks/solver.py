"""The solver alone: prices and whole decisions for rows per offer and group, with HiGHS and PDLP beside.

Run: ``python -m benchmarks.solver [case ...]``, where a case is PEOPLExOFFERS, with ``+`` behind it for intersections
(default: 100000x10 1000000x10). ``--oracle 10000`` solves the linear problem of so many people with HiGHS too, and
``--pdlp PYTHON`` with OR-tools' PDLP, in that interpreter (it must have ortools and scipy).

The instance: 24 cells (2 sexes x 4 ages x 3 origins), a capacity for each offer, and for each offer and each of the
9 groups (and with ``+`` each of the 24 intersections) a rate of at least four fifths of the highest rate, aware.
Two rows for each offer and group: 190 rows for 10 offers, 670 with intersections, 380 for 20 offers.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evenhand.allocation._settle import Settled, settle
from evenhand.allocation._wall import holds
from evenhand.allocation.solver._comparisons import Comparison, judge
from evenhand.allocation.solver._crowd import Crowd, draw_for, lay_out
from evenhand.allocation.solver._limits import Rows, build_rows
from evenhand.allocation.solver._nest import Nest
from evenhand.allocation.solver._solve import scale_of
from evenhand.policy import DisparityLimit

from .allocation import campaign_of
from .machine import command, describe, installed, load, peak_memory, print_table

GROUPS = {"sex": 2, "age": 4, "origin": 3}
CELLS = 24


def values(people: int, offers: int) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
    """Values in micro-money, int64[m, n], and cells 1..24; log-normal with a taste of each cell for each offer."""
    rng = np.random.default_rng(people + offers)
    sex, age, origin = (
        rng.choice(k, people, p=p).astype(np.int8)
        for k, p in ((2, [0.48, 0.52]), (4, [0.2, 0.3, 0.3, 0.2]), (3, [0.6, 0.3, 0.1]))
    )
    cell = sex.astype(np.intp) * 12 + age * 3 + origin
    taste = rng.normal(size=(offers, CELLS)) * 0.5
    level = rng.normal(size=offers) * 0.3
    micro = np.empty((offers, people), dtype=np.int64)
    for offer in range(offers):
        worth = rng.standard_normal(people, dtype=np.float32) * np.float32(0.6)
        worth += (taste[offer] + level[offer]).astype(np.float32)[cell]
        micro[offer] = 1e6 * np.exp(worth, dtype=np.float64) - 8e5
    return micro, cell + 1


def comparisons_of(cell: NDArray[np.intp], offers: int, crossed: bool) -> list[tuple[Comparison, NDArray[np.float64]]]:
    """One comparison per offer and column (and for the intersections), with the share table of the cells."""
    people = np.bincount(cell, minlength=CELLS + 1)[1:].reshape(*GROUPS.values())
    sets = [(name,) for name in GROUPS] + ([tuple(GROUPS)] if crossed else [])
    found = []
    for offer in range(offers):
        for names in sets:
            limit = DisparityLimit(
                id=f"{'-'.join(names)}-{offer}", groups=names, intersections=len(names) > 1, bound=0.8, mode="aware",
                necessity="benchmark", minimum_size=30,
            )  # fmt: skip
            others = tuple(axis for axis, name in enumerate(GROUPS) if name not in names)
            size = people.sum(axis=others).ravel()
            groups = tuple(tuple(str(part) for part in at) for at in np.ndindex(*(GROUPS[name] for name in names)))
            member = np.zeros((CELLS + 1, len(groups)))
            for at in np.ndindex(*GROUPS.values()):
                own = tuple(str(part) for part, name in zip(at, GROUPS, strict=True) if name in names)
                member[1 + int(np.ravel_multi_index(at, tuple(GROUPS.values()))), groups.index(own)] = 1
            compared = judge(limit, names, groups, size, (offer,))
            found.append((compared, member[:, compared.judged]))
    return found


def instance(people: int, offers: int, crossed: bool) -> tuple[Crowd, Rows, list[Comparison], float]:
    """The people as the solver sees them, the rows, the comparisons, the scale."""
    micro, cell = values(people, offers)
    words = np.random.default_rng(people).integers(0, 2**63, size=(people, 2), dtype=np.uint64)
    draw = draw_for(np.frombuffer(words.tobytes().hex().encode(), dtype="S32"), 0)
    del words
    compared = comparisons_of(cell, offers, crossed)
    wall, cpu = time.perf_counter(), time.process_time()
    crowd, _ = lay_out(micro, np.argsort(draw, kind="stable"), cell, CELLS + 1, draw)
    print(f"  laid out in {time.perf_counter() - wall:.2f} s wall, {time.process_time() - cpu:.2f} s CPU", flush=True)
    scale = scale_of(crowd)
    places = [int(0.4 / offers * people)] * offers
    rows = build_rows(campaign_of(places), CELLS + 1, compared, scale)
    return crowd, rows, [comparison for comparison, _ in compared], scale


def measured(people: int, offers: int, crossed: bool) -> dict[str, float]:
    """Solve one instance in this process."""
    crowd, rows, compared, scale = instance(people, offers, crossed)
    before = peak_memory()
    wall, cpu = time.perf_counter(), time.process_time()
    nest = Nest(crowd)
    settled = settle(nest, rows, compared, scale)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {
        "rows": len(rows),
        "wall": wall,
        "cpu": cpu,
        "value": settled.value,
        "bound": settled.bound,
        "gap": (settled.bound - settled.value) / settled.bound,
        "violated": violated(crowd, rows, compared, settled),
        "given": int((settled.choice >= 0).sum()),
        "memory": peak_memory(),
        "inputs": before,
    }


def violated(crowd: Crowd, rows: Rows, compared: list[Comparison], settled: Settled) -> int:
    """Capacities exceeded and comparisons broken, counted afresh in whole numbers."""
    offers = len(crowd.value)
    count = np.bincount(crowd.cell_of_row * (offers + 1) + settled.choice + 1, minlength=(CELLS + 1) * (offers + 1))
    count = count.reshape(CELLS + 1, offers + 1)[:, 1:]
    declared = [(owner, bound) for owner, bound in zip(rows.owner, rows.bound, strict=True) if "capacity:o" in owner]
    broken = sum(count[:, int(owner.removeprefix("capacity:o"))].sum() > bound for owner, bound in declared)
    for number, comparison in enumerate(compared):
        upper = np.flatnonzero((rows.comparison == number) & rows.is_upper)
        offer = comparison.offers[0]
        selected = (rows.use[upper][:, :, offer] @ count[:, offer]).round().astype(np.int64)
        broken += not holds(comparison, selected)
    return int(broken)


def linear(people: int, offers: int, crossed: bool) -> tuple[object, object, object, float]:
    """The linear problem of an instance, levels free: costs, matrix, upper bounds of its rows, and our dual bound."""
    from scipy import sparse

    crowd, rows, compared, scale = instance(people, offers, crossed)
    settled = settle(Nest(crowd), rows, compared, scale)
    spread = rows.use[:, crowd.cell_of_row, :].transpose(0, 2, 1).reshape(len(rows), -1)
    each = sparse.hstack([sparse.identity(people)] * offers + [sparse.csr_matrix((people, len(compared)))])
    shared = sparse.hstack([sparse.csr_matrix(spread), sparse.csr_matrix(rows.level)])
    cost = np.concatenate([-crowd.value.ravel() / 1e6, np.zeros(len(compared))])
    most = np.concatenate([np.ones(people), rows.bound])
    return cost, sparse.vstack([each, shared]).tocsr(), most, settled.bound / 1e6


def oracle(people: int, offers: int, crossed: bool, pdlp: str | None) -> list[list[str]]:
    """HiGHS, and PDLP in another interpreter, on the linear problem."""
    from scipy import sparse
    from scipy.optimize import linprog

    cost, matrix, most, bound = linear(people, offers, crossed)
    name = f"{people:,} x {offers}"
    wall, cpu = time.perf_counter(), time.process_time()
    found = linprog(cost, A_ub=matrix, b_ub=most, bounds=(0, 1), method="highs")
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    best = -float(found.fun)
    told = [[name, "HiGHS", f"{wall:.1f}", f"{cpu:.1f}", f"{best:.6f}", f"{bound / best - 1:.1e}"]]
    if pdlp:
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            sparse.save_npz(place / "matrix.npz", matrix)
            np.savez(place / "vectors.npz", cost=cost, most=most)
            done = subprocess.run([pdlp, "-c", _PDLP, folder], capture_output=True, text=True, check=True)
        other = json.loads(done.stdout.splitlines()[-1])
        told.append([name, f"OR-tools PDLP ({other['reason']})", f"{other['wall']:.1f}", f"{other['cpu']:.1f}",
                     f"{-other['value']:.6f}", f"{bound / -other['value'] - 1:.1e}"])  # fmt: skip
    return told


_PDLP = """
import json, resource, sys, time
import numpy as np
from ortools.pdlp import solve_log_pb2, solvers_pb2
from ortools.pdlp.python import pdlp
from scipy import sparse
folder = sys.argv[1]
matrix, vectors = sparse.load_npz(folder + "/matrix.npz"), np.load(folder + "/vectors.npz")
lp = pdlp.QuadraticProgram()
lp.objective_vector = vectors["cost"]
lp.constraint_matrix = matrix.tocsc()
lp.constraint_lower_bounds = np.full(len(vectors["most"]), -np.inf)
lp.constraint_upper_bounds = vectors["most"]
lp.variable_lower_bounds = np.zeros(len(vectors["cost"]))
lp.variable_upper_bounds = np.ones(len(vectors["cost"]))
asked = solvers_pb2.PrimalDualHybridGradientParams()
asked.termination_criteria.simple_optimality_criteria.eps_optimal_relative = 1e-6
asked.termination_criteria.simple_optimality_criteria.eps_optimal_absolute = 1e-6
asked.termination_criteria.time_sec_limit = 120
asked.num_threads = 1
start = time.perf_counter()
found = pdlp.primal_dual_hybrid_gradient(lp, asked)
wall = time.perf_counter() - start
used = resource.getrusage(resource.RUSAGE_SELF)
reason = solve_log_pb2.TerminationReason.Name(found.solve_log.termination_reason).split("REASON_")[-1].lower()
value = float(vectors["cost"] @ found.primal_solution)
print(json.dumps({"wall": wall, "cpu": used.ru_utime + used.ru_stime, "value": value, "reason": reason}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.solver", description=__doc__)
    parser.add_argument("cases", nargs="*", default=["100000x10", "1000000x10"])
    parser.add_argument("--oracle", type=int, default=0, metavar="PEOPLE")
    parser.add_argument("--pdlp", metavar="PYTHON")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(measured(*_case(asked.cases[0]))))
        return
    print(describe())
    rows = []
    for case in asked.cases:
        before = load()
        done = subprocess.run(command("solver", case, "--one"), capture_output=True, text=True, check=True,
                              env=installed())  # fmt: skip
        got = json.loads(done.stdout.splitlines()[-1])
        rows.append([case, f"{got['rows']:.0f}", f"{got['wall']:.1f}", f"{got['cpu']:.1f}", f"{got['gap']:.1e}",
                     f"{got['violated']:.0f}", f"{got['inputs']:.2f} / {got['memory']:.2f}", before])  # fmt: skip
    header = [
        "people x offers",
        "rows",
        "wall s",
        "CPU s",
        "certified gap",
        "rows violated",
        "GiB before / peak",
        "load",
    ]
    print_table("The solver", f"python -m benchmarks.solver {' '.join(asked.cases)}", header, rows)
    if asked.oracle:
        header = ["people x offers", "solver", "wall s", "CPU s", "optimum", "our bound above it"]
        title = "The same linear problem, by other solvers"
        made_by = f"python -m benchmarks.solver --oracle {asked.oracle}"
        print_table(title, made_by, header, oracle(asked.oracle, 10, False, asked.pdlp))


def _case(text: str) -> tuple[int, int, bool]:
    people, offers = text.rstrip("+").split("x")
    return int(people), int(offers), text.endswith("+")


if __name__ == "__main__":
    main()
