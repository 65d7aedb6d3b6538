"""All benchmarks, small by default: ``python -m benchmarks``; ``--full`` takes the large ones (an hour and more)."""

from __future__ import annotations

import argparse
import subprocess
import time

from .machine import command, installed

_SMALL = {
    "startup": ("5",),
    "road": ("20000", "100000"),
    "fit": ("10000",),
    "scoring": ("100000",),
    "allocation": ("100000",),
    "ledger": ("100000",),
    "live": ("100000",),
    "group_audit": ("1000000", "20000"),
    "fair_blind": ("--splits", "1", "--trees", "0"),
    "counterfactuals": ("500",),
    "monitor": ("100", "2000"),
    "smallest_change": ("300",),
    "quality": ("--ebm-folds", "0", "--folds", "1"),
    "solver": ("100000x10",),
    "off_policy": ("100",),
    "uplift": ("--repeats", "1", "--rows", "10000"),
    "signals": ("2000",),
    "permission": ("300000",),
    "consents": ("20000",),
    "release": ("1000000",),
}
_FULL = {
    "startup": ("11",),
    "road": ("100000", "300000", "1000000", "3000000"),
    "fit": ("10000", "100000"),
    "scoring": ("1000000",),
    "allocation": ("100000", "1000000"),
    "ledger": ("1000000",),
    "live": ("1000000",),
    "group_audit": ("1000000", "100000"),
    "fair_blind": ("--toolkits",),
    "counterfactuals": ("2000",),
    "monitor": ("2000", "20000"),
    "smallest_change": ("2000",),
    "quality": ("--ebm-folds", "1"),
    "solver": ("100000x10", "1000000x10"),
    "off_policy": ("500",),
    "uplift": (),
    "signals": ("20000", "--processes", "2"),
    "permission": ("10000000",),
    "consents": ("100000",),
    "release": ("10000000",),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--full", action="store_true", help="the sizes that docs/explanation/speed.md tells")
    parser.add_argument("only", nargs="*", metavar="NAME", help="only these (default: all)")
    asked = parser.parse_args()
    failed = 0
    for name, sizes in (_FULL if asked.full else _SMALL).items():
        if asked.only and name not in asked.only:
            continue
        start = time.perf_counter()
        print(f"\n## {name}\n`python -m benchmarks.{name} {' '.join(sizes)}`\n", flush=True)
        failed += subprocess.run(command(name, *sizes), env=installed()).returncode != 0
        print(f"\n({time.perf_counter() - start:.0f} s)", flush=True)
    return failed


if __name__ == "__main__":
    raise SystemExit(main())
