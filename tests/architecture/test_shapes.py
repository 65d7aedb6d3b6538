"""Each shape on the road of a decision is made in one folder only, so that no gate can be skipped or forged."""

from __future__ import annotations

import ast

import pytest

MAKERS = {
    "Asked": {"campaigns", "assembly", "worlds"},
    "Permitted": {"permission"},
    "Minimised": {"features"},
    "Scored": {"scoring"},
    "Allocated": {"allocation"},
    "Certificate": {"allocation"},
    "LimitOutcome": {"allocation", "ledger"},  # ledger only reads back what it recorded: see the test below
    "Prices": {"allocation"},
    "Explained": {"explanation"},
    "Recorded": {"ledger"},
    "CountTable": {"vault"},
    "FeatureView": {"features", "scoring"},  # scoring only reads back what features made: see the test below
    "Model": {"scoring"},
}
COPIERS = {"dataclasses.replace", "copy.replace", "copy.copy", "copy.deepcopy"}
FORGERS = {"__new__", "__setattr__", "__setstate__", "__replace__"}


def _short(name: str) -> str:
    return name.rpartition(".")[2]


def _around(tree: ast.Module, node: ast.AST, kinds: tuple[type, ...]) -> list[ast.AST]:
    """Definitions around a node, outermost first."""
    return [
        scope
        for scope in ast.walk(tree)
        if isinstance(scope, kinds) and scope.lineno <= node.lineno <= scope.end_lineno
    ]


def _fields(sources) -> dict[tuple[str, str], str]:
    """(class, field) -> declared type, over the whole package."""
    return {
        (owner.name, item.target.id): ast.unparse(item.annotation)
        for source in sources
        for owner in ast.walk(source.tree)
        if isinstance(owner, ast.ClassDef)
        for item in owner.body
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
    }


def _type_of(tree: ast.Module, value: ast.expr, fields: dict[tuple[str, str], str]) -> str | None:
    """Declared type of an expression: a parameter, `self`, an annotation, a constructor call, or a field of these."""
    if isinstance(value, ast.Attribute):
        owner = _type_of(tree, value.value, fields)
        return None if owner is None else fields.get((_short(owner), value.attr))
    if isinstance(value, ast.Call):
        return ast.unparse(value.func)
    if not isinstance(value, ast.Name):
        return None
    if value.id == "self":
        classes = _around(tree, value, (ast.ClassDef,))
        return classes[-1].name if classes else None
    best: str | None = None
    for scope in _around(tree, value, (ast.FunctionDef, ast.AsyncFunctionDef)):
        for argument in (*scope.args.posonlyargs, *scope.args.args, *scope.args.kwonlyargs):
            if argument.arg == value.id and argument.annotation is not None:
                best = ast.unparse(argument.annotation)
        for node in ast.walk(scope):
            if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == value.id:
                best = ast.unparse(node.annotation)
            elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == value.id and best is None:
                best = ast.unparse(node.value.func) if isinstance(node.value, ast.Call) else None
    return best


def _made_elsewhere(sources) -> list[str]:
    return [
        f"{source.where}:{call.lineno} makes {_short(name)}"
        for source in sources
        for call, name in source.calls()
        if _short(name) in MAKERS and source.room not in MAKERS[_short(name)] | {"terms"}
    ]


def test_a_shape_is_constructed_in_its_own_folder_only(sources):
    """`Permitted(...)` stands in permission and nowhere else, and so on for every shape."""
    forged = _made_elsewhere(sources)
    assert not forged, "\n".join(forged)


def test_a_forged_shape_is_found_under_any_name(read):
    """The test above sees through `import ... as` and through `terms.Model(...)`."""
    forged = read(
        "disparity/_forger.py",
        "from evenhand import terms\nfrom evenhand.terms import Permitted as P\nP(1, 2, 3)\nterms.Model()\n",
    )
    assert [line.rpartition(" ")[2] for line in _made_elsewhere([forged])] == ["Permitted", "Model"]


def test_terms_only_names_the_shapes(sources):
    """The room that defines the shapes never makes one."""
    made = [
        f"{source.where}:{call.lineno}"
        for source in sources
        if source.room == "terms"
        for call, name in source.calls()
        if _short(name) in MAKERS
    ]
    assert not made, "\n".join(made)


def test_copying_a_shape_with_changes_counts_as_making_it(sources):
    """`dataclasses.replace` needs an argument whose declared type is no shape, or the shape of that folder."""
    forged = []
    fields = _fields(sources)
    of_shapes = {field for owner, field in fields if owner in MAKERS} | {None}
    for source in sources:
        for call, name in source.calls():
            if name not in COPIERS:
                continue
            kind = _type_of(source.tree, call.args[0], fields)
            changed = {keyword.arg for keyword in call.keywords}
            if kind is None and changed and not changed & of_shapes:
                continue  # no shape has a field of that name
            if kind is None:
                forged.append(f"{source.where}:{call.lineno} copies something without a declared type; annotate it")
            elif _short(kind) in MAKERS and source.room not in MAKERS[_short(kind)]:
                forged.append(f"{source.where}:{call.lineno} copies {kind} with changes")
    assert not forged, "\n".join(forged)


def test_nothing_goes_around_a_frozen_shape(sources):
    """No `object.__setattr__`, `__new__` or `__setstate__` in the package."""
    around = [
        f"{source.where}:{call.lineno} calls {name}"
        for source in sources
        for call, name in source.calls()
        if _short(name) in FORGERS
    ]
    assert not around, "\n".join(around)


READERS = {
    ("scoring", "FeatureView"): "from_json",  # model_from_json: a stored model, its digest checked
    ("ledger", "LimitOutcome"): "_outcome",  # verification: what the ledger holds, asked of the promises again
}


@pytest.mark.parametrize(("room", "shape"), READERS)
def test_a_reader_makes_a_shape_only_from_what_was_stored(sources, room, shape):
    """Where a second room makes a shape, it does so in the one function that reads it back."""
    elsewhere = []
    for source in sources:
        for call, name in source.calls():
            if source.room != room or _short(name) != shape:
                continue
            around = _around(source.tree, call, (ast.FunctionDef,))
            if not any(function.name.endswith(READERS[room, shape]) for function in around):
                elsewhere.append(f"{source.where}:{call.lineno}")
    assert not elsewhere, "\n".join(elsewhere)


def test_only_the_allocation_and_the_monitor_work_behind_the_wall(sources):
    """`wall.inside(...)` hands cells to a solver, or to the one module where the monitor meets groups; none else."""
    outside = [
        f"{source.where}:{call.lineno}"
        for source in sources
        for call, name in source.calls()
        if isinstance(call.func, ast.Attribute)
        and call.func.attr == "inside"
        and source.room != "allocation"
        and not source.where.endswith("disparity/_behind_the_wall.py")
    ]
    assert not outside, "\n".join(outside)


def test_numbers_with_noise_are_asked_for_where_a_budget_pays(sources):
    """`wall.noisy(...)` trusts its caller with the noise, so one module alone calls it: inside `told_once`."""
    outside = [
        f"{source.where}:{call.lineno}"
        for source in sources
        for call, _ in source.calls()
        if isinstance(call.func, ast.Attribute)
        and call.func.attr == "noisy"
        and not source.where.endswith("assembly/runs/_noisy_audit.py")
    ]
    assert not outside, "\n".join(outside)


def test_every_shape_is_frozen_and_slotted(sources):
    """What a gate hands on cannot be changed by the next one."""
    loose = []
    for source in sources:
        if source.room != "terms":
            continue
        for node in ast.walk(source.tree):
            if isinstance(node, ast.ClassDef) and node.name in MAKERS:
                written = " ".join(ast.unparse(decorator) for decorator in node.decorator_list)
                if "frozen=True" not in written or "slots=True" not in written:
                    loose.append(f"{source.where}:{node.lineno} {node.name}")
    assert not loose, "\n".join(loose)
