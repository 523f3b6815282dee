"""Whether the house is in order: rooms, sizes, words, dependencies, and what is kept in git."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from kessai.simulation.cards import holds_real_number

HOUSE = Path(__file__).resolve().parents[2]
SOURCE = HOUSE / "src"

LINES_PER_FILE = 400
LINES_PER_FUNCTION = 70

# Declared, and rightly never imported by us.
USED_BY_OTHERS = {
    "uvloop": "uvicorn runs its event loop when it is there",
}
# What the pure rooms may take from the standard library: values and types, nothing that waits or looks.
PURE = {
    *(
        "__future__",
        "abc",
        "collections",
        "contextlib",
        "dataclasses",
        "enum",
        "functools",
        "types",
        "typing",
    ),
    *(
        "bisect",
        "datetime",
        "decimal",
        "fractions",
        "ipaddress",
        "itertools",
        "math",
        "operator",
        "string",
        "unicodedata",
    ),
    *("base64", "hashlib", "hmac", "json", "re", "uuid"),
}
# Written in pieces, so that this file does not name them itself.
REGISTRIES = (
    "python" + "hosted",
    "pypi" + ".org",
    "npmjs" + ".",
    "/simple" + "/",
    "crates" + ".io",
    "deb.debian" + ".org",
)
MACHINE_PATH = re.compile(r"(?<![\w.>})-])/(?:ro{2}t|wo[r]k|home/(?!app\b|kessai\b)\w+|Users/\w+)/")
UNFINISHED = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|X" r"XX)\b")


@cache
def sources() -> dict[Path, ast.Module]:
    """Every module of the package, parsed."""
    return {path: ast.parse(path.read_text()) for path in sorted(SOURCE.rglob("*.py"))}


@cache
def kept_files() -> tuple[Path, ...]:
    """What git keeps or would keep; without git, what is not plainly made by tools."""
    command = ["git", "-c", f"safe.directory={HOUSE}", "ls-files", "-z"]
    command += ["--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=HOUSE, capture_output=True, text=True, check=True).stdout
        paths = [HOUSE / name for name in listed.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        made = re.compile(r"/(?:\.[a-z_]+_cache|\.venv|\.git|\.hypothesis|__pycache__|build|dist|htmlcov)/")
        paths = [path for path in HOUSE.rglob("*") if not made.search(f"{path}/")]
    return tuple(sorted(path for path in paths if path.is_file()))


@cache
def texts() -> dict[Path, str]:
    """Every kept text file; what has a NUL byte is none."""
    contents = {path: path.read_bytes() for path in kept_files()}
    return {path: content.decode() for path, content in contents.items() if b"\0" not in content}


def where(path: Path, line: int | None = None) -> str:
    """How a finding names its place."""
    return f"{path.relative_to(HOUSE)}" + (f":{line}" if line else "")


def lines_matching(pattern: re.Pattern[str], files: dict[Path, str]) -> list[str]:
    """Every line of these files that has the pattern."""
    return [
        f"{where(path, number)}: {line.strip()}"
        for path, text in files.items()
        if pattern.search(text)
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]


def imports(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """The full names that a module imports, wherever in it, each with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, node.lineno


def distribution(requirement: str) -> str:
    """The normalized name in a requirement such as `sqlalchemy[asyncio]>=2`."""
    return normalized(re.split(r"[\s\[<>=!~;(]", requirement, maxsplit=1)[0])


def normalized(name: str) -> str:
    """A distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def declared_dependencies() -> set[str]:
    """What pyproject.toml says that users install with us."""
    project = tomllib.loads((HOUSE / "pyproject.toml").read_text())["project"]
    return {distribution(each) for each in project["dependencies"]}


@cache
def third_party_imports() -> dict[str, str]:
    """Each foreign distribution that the package imports, with one place where."""
    providers = packages_distributions()
    found = {}
    for path, tree in sources().items():
        for name, line in imports(tree):
            top = name.partition(".")[0]
            if top != "kessai" and top not in sys.stdlib_module_names:
                for provider in providers.get(top, [f"(nobody provides {top})"]):
                    found[normalized(provider)] = where(path, line)
    return found


def test_the_rooms_keep_their_import_contracts() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache"]
    checked = subprocess.run(command, cwd=HOUSE, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_pure_rooms_import_values_and_types_only() -> None:
    pure = [tree for tree in sources().items() if {"domain", "simulation"} & set(tree[0].parts)]
    foreign = [
        f"{where(path, line)}: {name}"
        for path, tree in pure
        for name, line in imports(tree)
        if name.partition(".")[0] not in PURE | {"kessai"}
    ]
    assert not foreign, "let the caller pass what this module reaches for"


def test_every_module_says_what_it_is_for() -> None:
    assert [where(path) for path, tree in sources().items() if not ast.get_docstring(tree)] == []


def test_no_module_hides_a_second_one() -> None:
    long = {where(path): len(path.read_text().splitlines()) for path in sources()}
    assert {path: lines for path, lines in long.items() if lines > LINES_PER_FILE} == {}


def test_no_function_hides_a_second_one() -> None:
    functions = {
        f"{where(path, node.lineno)} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for path, tree in sources().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {name: lines for name, lines in functions.items() if lines > LINES_PER_FUNCTION} == {}


def test_nothing_is_left_to_be_done_later() -> None:
    assert lines_matching(UNFINISHED, texts()) == []


def test_no_file_names_a_package_registry() -> None:
    assert lines_matching(re.compile("|".join(map(re.escape, REGISTRIES))), texts()) == []


def test_no_file_names_a_place_on_some_machine() -> None:
    assert lines_matching(MACHINE_PATH, texts()) == []


def test_no_file_has_a_card_number_that_could_be_real() -> None:
    # Hashes, and what is written by programs, hold every number sooner or later.
    read = {path: text for path, text in texts().items() if path.suffix in (".py", ".md", ".sh", ".yml")}
    assert [where(path) for path, text in read.items() if holds_real_number(text)] == []


def test_the_locks_tell_no_address_and_hash_everything() -> None:
    for name in ("run", "dev", "build"):
        lock = (HOUSE / "requirements" / f"{name}.txt").read_text()
        assert "://" not in lock
        entries = re.split(r"\n(?=\S)", lock.strip())
        assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_the_locks_have_every_declared_dependency() -> None:
    lock = (HOUSE / "requirements" / "run.txt").read_text()
    locked = {distribution(line) for line in lock.splitlines() if line[:1].isalnum()}
    assert declared_dependencies() - locked == set(), "run `make lock`"


def test_every_text_ends_with_a_newline() -> None:
    assert [where(path) for path, text in texts().items() if text and not text.endswith("\n")] == []


def test_what_is_imported_is_declared() -> None:
    undeclared = {
        name: at for name, at in third_party_imports().items() if name not in declared_dependencies()
    }
    assert undeclared == {}


def test_what_is_declared_is_used() -> None:
    unused = declared_dependencies() - set(third_party_imports()) - set(USED_BY_OTHERS)
    assert unused == set()
    assert set(USED_BY_OTHERS) <= declared_dependencies()


@pytest.mark.parametrize("name", ["README.md", "README.ja.md"])
def test_both_readmes_exist(name: str) -> None:
    assert (HOUSE / name).read_text().startswith("#")


def test_both_readmes_have_the_same_shape_and_code() -> None:
    blocks, headings = zip(*(parts_of(HOUSE / name) for name in ("README.md", "README.ja.md")), strict=True)
    assert headings[0] == headings[1]
    assert blocks[0] == blocks[1]


def parts_of(page: Path) -> tuple[list[str], list[int]]:
    """The code blocks of a page, and the levels of its headings."""
    fenced = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
    text = page.read_text()
    headings = re.findall(r"^(#+) ", fenced.sub("", text), re.MULTILINE)
    return fenced.findall(text), [len(marks) for marks in headings]
