"""Each shape on the road of a decision is made in one folder only, so that no gate can be skipped or forged."""

from __future__ import annotations

import ast

MAKERS = {
    "Asked": {"campaigns", "assembly", "worlds"},
    "Permitted": {"permission"},
    "Minimised": {"features"},
    "Scored": {"scoring"},
    "Allocated": {"allocation"},
    "Certificate": {"allocation"},
    "LimitOutcome": {"allocation"},
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


def _type_of(tree: ast.Module, call: ast.Call) -> str | None:
    """Declared type of a call's first argument: from a parameter, an annotation or a constructor call."""
    if not call.args:
        return None
    wanted = ast.unparse(call.args[0])
    best: str | None = None
    for scope in ast.walk(tree):
        if not isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if not (scope.lineno <= call.lineno <= (scope.end_lineno or scope.lineno)):
            continue
        for argument in (*scope.args.posonlyargs, *scope.args.args, *scope.args.kwonlyargs):
            if argument.arg == wanted and argument.annotation is not None:
                best = ast.unparse(argument.annotation)
        for node in ast.walk(scope):
            if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == wanted:
                best = ast.unparse(node.annotation)
            elif (
                isinstance(node, ast.Assign)
                and ast.unparse(node.targets[0]) == wanted
                and isinstance(node.value, ast.Call)
            ):
                best = best or ast.unparse(node.value.func)
    return best


def test_a_shape_is_constructed_in_its_own_folder_only(sources):
    """`Permitted(...)` stands in permission and nowhere else, and so on for every shape."""
    forged = [
        f"{source.where}:{call.lineno} makes {_short(name)}"
        for source in sources
        for call, name in source.calls()
        if _short(name) in MAKERS and source.room not in MAKERS[_short(name)] | {"terms"}
    ]
    assert not forged, "\n".join(forged)


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
    for source in sources:
        for call, name in source.calls():
            if name not in COPIERS:
                continue
            kind = _type_of(source.tree, call)
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


def test_scoring_makes_a_feature_view_only_to_read_a_stored_model(sources):
    """A view is made by `features`; scoring builds one in `model_from_json` and nowhere else."""
    elsewhere = []
    for source in sources:
        if source.room != "scoring":
            continue
        for node in ast.walk(source.tree):
            if isinstance(node, ast.FunctionDef) and "from_json" not in node.name:
                elsewhere += [
                    f"{source.where}:{inner.lineno} in {node.name}"
                    for inner in ast.walk(node)
                    if isinstance(inner, ast.Call) and _short(source.name_of(inner.func)) == "FeatureView"
                ]
    assert not elsewhere, "\n".join(elsewhere)


def test_only_the_allocation_works_behind_the_wall(sources):
    """`wall.inside(...)` hands cells to a solver; no other room calls it."""
    outside = [
        f"{source.where}:{call.lineno}"
        for source in sources
        for call, name in source.calls()
        if isinstance(call.func, ast.Attribute) and call.func.attr == "inside" and source.room != "allocation"
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
