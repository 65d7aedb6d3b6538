"""Whether a disk has room is asked without a trace, and a bound counts as a full disk does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from evenhand.adapters.stores.file_trouble import short_of_room

BOUND = """
import resource, sys
from pathlib import Path
from evenhand.adapters.stores.file_trouble import short_of_room
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))
found = short_of_room(Path(sys.argv[1]))
print(found.code if found else "")
"""


def test_a_disk_with_room_is_not_full_and_nothing_is_left_of_the_look(tmp_path):
    """Nor does a folder that cannot be written or is not there count as full: whoever writes there is told."""
    assert short_of_room(tmp_path) is None
    assert short_of_room(tmp_path / "none") is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="asks in a file without a name")
def test_a_bound_on_what_may_be_written_is_a_full_disk(tmp_path):
    """Free bytes of the disk do not tell that: room is asked for as a writer would."""
    paths = {"PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", BOUND, str(tmp_path)], env=paths, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout == "store-full\n", done.stderr
    assert list(Path(tmp_path).iterdir()) == []
