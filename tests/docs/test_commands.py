"""Every command and every name that the texts show exists."""

from __future__ import annotations

import ast
import importlib
import re
import shlex

import pytest

OTHER_PROGRAMS = {"git", "cd", "python", "python3", "pip", ".", "pre-commit", "echo", "cat", "ls", "open"}


@pytest.fixture(scope="module")
def command():
    """The command line, as the library that reads it sees it."""
    import typer

    from evenhand.cli import app

    return typer.main.get_command(app)


def _problem(command, words: list[str]) -> str:
    """What is wrong with one `evenhand ...` line, or ""."""
    path = "evenhand"
    known = {name for option in command.params for name in (*option.opts, *option.secondary_opts)} | {"--help"}
    for word in words:
        if word in {"|", "||", "&&", ">", ";"}:
            break
        if word.startswith("-") and word != "-":
            if word.partition("=")[0] not in known:
                return f"`{path}` has no option {word}"
        elif getattr(command, "commands", None):
            word = word if word in command.commands else getattr(command, "left_out", word)
            if word not in command.commands:
                return f"`{path}` has no command {word}"
            command = command.commands[word]
            path = f"{path} {word}"
            known |= {name for option in command.params for name in (*option.opts, *option.secondary_opts)}
    whole = not getattr(command, "commands", None) or hasattr(command, "left_out")
    if not whole and not set(words) & {"--help", "--version"}:
        return f"`{path}` needs a command"
    return ""


def test_every_shown_evenhand_command_exists(pages, command):
    """Sub-commands and options in ```console blocks are those of the program."""
    wrong = [
        f"{page.where}:{line}: {problem}"
        for page in pages
        for line, shown in page.commands()
        for words in [shlex.split(shown)]
        if words[0] == "evenhand" and (problem := _problem(command, words[1:]))
    ]
    assert not wrong, "\n".join(wrong)


def test_every_evenhand_command_in_running_text_exists(pages, command):
    """`evenhand X --flag` between backquotes is checked like a console line."""
    wrong = []
    for page in pages:
        for quoted in re.findall(r"`evenhand ([^`]+)`", page.prose):
            if problem := _problem(command, shlex.split(quoted)):
                wrong.append(f"{page.where}: {problem}")
    assert not wrong, "\n".join(wrong)


def test_what_the_texts_call_a_command_is_one(pages, command):
    """Names between backquotes right after the word "command" are whole: `evenhand rights erase`, never `erase`."""
    wrong = []
    for page in pages:
        for named in re.findall(r"[Cc]ommands?,? \(?((?:`[^`]+`(?:, | and | or )?)+)", page.prose):
            for quoted in re.findall(r"`([^`]+)`", named):
                words = shlex.split(quoted.removeprefix("evenhand "))
                if not quoted.startswith("-") and (problem := _problem(command, words)):
                    wrong.append(f"{page.where}: {problem}")
    assert not wrong, "\n".join(wrong)


def test_every_command_is_documented(pages, command):
    """Each sub-command of the program appears in docs/reference/command-line.md with each of its options."""
    page = next(page for page in pages if page.where == "docs/reference/command-line.md")
    missing = []
    waiting = [("evenhand", command)]
    while waiting:
        path, current = waiting.pop()
        for name, inner in getattr(current, "commands", {}).items():
            if not inner.hidden:
                waiting.append((f"{path} {name}", inner))
        if not getattr(current, "commands", None) and path not in page.text:
            missing.append(path)
        missing += [
            f"{path} {option.opts[0]}"
            for option in current.params
            if option.param_type_name == "option"
            and not getattr(option, "hidden", False)
            and not any(opt in page.text for opt in option.opts if opt.startswith("--"))
            and "completion" not in option.opts[0]
        ]
    assert not missing, "\n".join(missing)


def test_every_shown_make_target_exists(pages, root):
    """`make X` is a target of the Makefile."""
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    shown = {
        (page.where, word)
        for page in pages
        for text in (*(line for _, line in page.commands()), *re.findall(r"`(make [^`]+)`", page.prose))
        if text.startswith("make ")
        for word in text.split()[1:2]
    }
    wrong = [f"{where}: make {target}" for where, target in sorted(shown) if target not in targets]
    assert not wrong, "\n".join(wrong)


def test_console_lines_start_with_a_program_that_readers_have(pages):
    """evenhand, make, or something that comes with the machine."""
    wrong = [
        f"{page.where}:{line}: {shown}"
        for page in pages
        for line, shown in page.commands()
        if shown.split()[0].partition("=")[0] not in OTHER_PROGRAMS | {"evenhand", "make"}
    ]
    assert not wrong, "\n".join(wrong)


def test_every_shown_python_name_exists(pages):
    """Python blocks parse, and each `eh.name` and each import from evenhand is there."""
    wrong = []
    for page in pages:
        for line, block in page.blocks("python"):
            tree = ast.parse(block, filename=f"{page.where}:{line}")
            for node in ast.walk(tree):
                if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "eh":
                    if not hasattr(importlib.import_module("evenhand"), node.attr):
                        wrong.append(f"{page.where}:{line}: eh.{node.attr}")
                elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("evenhand"):
                    module = importlib.import_module(node.module or "")
                    wrong += [f"{page.where}:{line}: {a.name}" for a in node.names if not hasattr(module, a.name)]
    assert not wrong, "\n".join(wrong)


def test_every_shown_campaign_file_is_valid(pages):
    """A ```yaml block that opens with `evenhand: 1` passes the validation of the product."""
    from ruamel.yaml import YAML

    from evenhand.policy import Campaign

    for page in pages:
        for _, block in page.blocks("yaml"):
            if block.startswith("evenhand: 1"):
                Campaign.model_validate(YAML(typ="safe").load(block))


def test_every_key_of_the_campaign_file_is_documented(root):
    """docs/reference/campaign-file.md names each property of the published schema."""
    from evenhand.policy import Campaign

    page = (root / "docs" / "reference" / "campaign-file.md").read_text(encoding="utf-8")
    schema = Campaign.model_json_schema()
    parts = [schema, *schema["$defs"].values()]
    missing = sorted(
        {key for part in parts for key in part.get("properties", {}) if not re.search(rf"`[^`]*\b{key}\b[^`]*`", page)}
    )
    assert not missing, ", ".join(missing)


def test_the_hook_calls_a_command_that_exists(root, command):
    """.pre-commit-hooks.yaml runs what the program has."""
    from ruamel.yaml import YAML

    for hook in YAML(typ="safe").load((root / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")):
        words = [*shlex.split(hook["entry"]), *hook["args"]]
        assert words[0] == "evenhand"
        assert not _problem(command, words[1:])
