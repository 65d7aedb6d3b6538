"""Rooms, their doors and their sizes."""

from __future__ import annotations

import ast
import importlib
import types

PUBLIC_MODULES_IN = {"promises", "adapters"}
VAGUE = {"util", "utils", "helper", "helpers", "common", "core", "base", "manager", "managers", "misc"}
LONGEST_FILE = 400
LONGEST_FUNCTION = 100


def _packages(package):
    return [path.parent for path in sorted(package.rglob("__init__.py")) if path.parent != package]


def _dotted(package, folder):
    return ".".join(("evenhand", *folder.relative_to(package).parts))


def test_a_room_opens_with_the_question_it_answers(package, sources):
    """The first sentence of every `__init__` docstring ends with a question mark."""
    silent = []
    for source in sources:
        if source.path.name != "__init__.py" or source.path.parent == package:
            continue
        text = " ".join((ast.get_docstring(source.tree) or "").split())
        ends = [text.find(mark) for mark in "?.!" if mark in text]
        if not ends or text[min(ends)] != "?":
            silent.append(f"{source.where} opens with {text[:60]!r}")
    assert not silent, "\n".join(silent)


def test_a_room_exports_exactly_what_it_names(package):
    """`__all__` is sorted, has no double, can be imported, and leaves out nothing public that the door holds."""
    lies = []
    for folder in _packages(package):
        name = _dotted(package, folder)
        room = importlib.import_module(name)
        listed = list(getattr(room, "__all__", []))
        if len(set(listed)) != len(listed):
            lies.append(f"{name}: a name stands twice in __all__")
        lies += [f"{name}.{item} is listed and does not exist" for item in listed if not hasattr(room, item)]
        held = {
            item
            for item, value in vars(room).items()
            if not item.startswith("_")
            and not isinstance(value, types.ModuleType)
            and getattr(value, "__module__", "").startswith(name)
        }
        lies += [f"{name}.{item} is public and not listed" for item in sorted(held - set(listed))]
    assert not lies, "\n".join(lies)


def test_a_module_that_lists_names_defines_them(sources):
    """`__all__` in a private module names only what that module defines or imports."""
    lies = []
    for source in sources:
        listed: list[str] = []
        defined: set[str] = set(source.imported)
        for node in source.tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                defined.add(node.name)
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                names = {n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)}
                defined |= names
                if "__all__" in names and isinstance(node.value, ast.List | ast.Tuple):
                    listed = [e.value for e in node.value.elts if isinstance(e, ast.Constant)]
        if any(isinstance(node, ast.FunctionDef) and node.name == "__getattr__" for node in source.tree.body):
            continue
        lies += [f"{source.where}: {item}" for item in listed if item not in defined]
    assert not lies, "\n".join(lies)


def test_modules_inside_a_room_are_private(package, sources):
    """`evenhand.room.name` is public, `evenhand.room._module` is not; promises and adapters are lists of doors."""
    open_doors = [
        source.where
        for source in sources
        if source.path.parent != package
        and not source.path.name.startswith("_")
        and source.room not in PUBLIC_MODULES_IN
    ]
    assert not open_doors, "\n".join(open_doors)


def test_rooms_enter_each_other_by_the_door(sources):
    """A room imports `evenhand.other`, never `evenhand.other._module`."""
    through_the_wall = []
    for source in sources:
        for node in ast.walk(source.tree):
            if not isinstance(node, ast.ImportFrom) or node.level:
                continue
            parts = (node.module or "").split(".")
            if parts[0] == "evenhand" and parts[1:2] != [source.room] and any(p.startswith("_") for p in parts):
                through_the_wall.append(f"{source.where}:{node.lineno} imports {node.module}")
    assert not through_the_wall, "\n".join(through_the_wall)


def test_no_name_hides_what_it_holds(package, sources):
    """No utils, helpers, common, core, base or manager, in a file, a folder or a class."""
    vague = []
    for source in sources:
        for part in source.path.relative_to(package).with_suffix("").parts:
            if VAGUE & set(part.lower().strip("_").split("_")):
                vague.append(source.where)
        vague += [
            f"{source.where}:{node.lineno} {node.name}"
            for node in ast.walk(source.tree)
            if isinstance(node, ast.ClassDef)
            and node.name.lower().replace("database", "").endswith(("manager", "helper", "utils", "base"))
        ]
    assert not vague, "\n".join(vague)


def test_files_fit_a_desk(sources):
    """No file is longer than 400 lines."""
    long = [f"{s.where}: {len(s.text.splitlines())}" for s in sources if len(s.text.splitlines()) > LONGEST_FILE]
    assert not long, "\n".join(long)


def test_functions_fit_a_screen(sources):
    """No function is longer than 100 lines; most are far below 60."""
    long = [
        f"{source.where}:{node.lineno} {node.name} has {length} lines"
        for source in sources
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1) > LONGEST_FUNCTION
    ]
    assert not long, "\n".join(long)


def test_the_package_says_that_it_is_typed(package):
    """Type checkers of users read the hints: `py.typed` is there."""
    assert (package / "py.typed").exists()


def test_nothing_is_left_for_later(sources):
    """No TODO, FIXME, XXX or NotImplementedError: what is not built is not there."""
    words = ("TO" + "DO", "FIX" + "ME", "XX" + "X", "NotImplementedError")
    left = [
        f"{source.where}:{number}"
        for source in sources
        for number, line in enumerate(source.text.splitlines(), 1)
        if any(word in line for word in words)
    ]
    assert not left, "\n".join(left)
