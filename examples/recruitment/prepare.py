"""Make the people of this example: ``python examples/recruitment/prepare.py [FOLDER]``.

12,000 people applied before; 6,000 visit the job site today. They are generated from a seed, with a bias of known size
(`evenhand.worlds.HiringBias`), so that what the audit finds can be compared with what was planted. Without FOLDER the
tables are written beside this file; with FOLDER the campaign files are copied there too.
"""

from __future__ import annotations

import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

from evenhand.adapters.demonstration.worlds_files import write_hiring

HERE = Path(__file__).parent
AT = datetime(2026, 1, 5, 9, tzinfo=UTC)


def main(folder: Path = HERE) -> None:
    """Write the tables, and the campaign files where they are not there yet."""
    write_hiring(folder, seed=7, at=AT)
    for name in ("before.yaml", "after.yaml"):
        if folder.resolve() != HERE.resolve():
            shutil.copyfile(HERE / name, folder / name)
    print(f"Written: {folder / 'data'}. Next: evenhand check {folder / 'before.yaml'}")


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:2]))
