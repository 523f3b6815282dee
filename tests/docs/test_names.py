"""What the pages name exists: settings, codes, events, routes, commands, files and functions."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from operator import attrgetter

import pytest

from kessai.dialects.native.errors import STATUS
from kessai.dialects.stripe.coverage import is_documented
from kessai.domain.currencies import EXPONENTS
from kessai.domain.delivery import DeliveryStatus
from kessai.domain.dispute import DisputeStatus
from kessai.domain.event import EventType
from kessai.domain.intent import IntentStatus
from kessai.domain.outcome import Declined
from kessai.domain.payout import PayoutStatus
from kessai.domain.refund import RefundStatus
from kessai.domain.setup import SetupStatus
from kessai.domain.transitions import Status
from kessai.services.intents import PAYMENT_CANCELED
from kessai.simulation.table import AUTHENTICATION_DECLINED, REFUND_EXPIRED, REFUND_FAILED, SIMULATIONS
from kessai.simulation.trying import ACTION_REFUSED, AUTHENTICATION_REQUIRED
from tests.docs.api_reference import document
from tests.docs.pages import ROOT, Page, pages
from tests.tidy.operations import command_problems, unknown_variables, variable_names

PACKAGE = ROOT / "src" / "kessai"
# Stand for a setting's name, or are words of HTTP and SQL.
PLACEHOLDERS = {"NAME", "KESSAI_NAME", "NAME_FILE", "KESSAI_NAME_FILE"}
WORDS = {"GET", "HEAD", "POST", "PATCH", "DELETE", "COMMIT", "WHERE", "UPDATE", "INSERT", "CODE", "INFO"}
TOLD_TO_PROVE = {"PROVE", "SCALE", "SEED", "DATABASE"}
# Made of the command tree, by a test of its own.
MADE_OF_COMMANDS = "docs/reference/cli.md"
# Made of the Stripe API's document, whose names are not ours.
MADE_OF_STRIPE = "docs/reference/stripe-coverage.md"
CHECKED = [page for path, page in pages().items() if path not in (MADE_OF_COMMANDS, MADE_OF_STRIPE)]
SHELL = re.compile(r"^\s*(?:\$ )?(?:(?:export |[A-Z_]+=\S* ))*(kessai|make)(?![\w.])([^|&;<>()]*)")

# What is right in a page: the names it checks, and whether each exists.
Check = tuple[str, Callable[[str], bool]]


def codes() -> set[str]:
    """Every word in capitals that the API answers with."""
    verdicts = (
        AUTHENTICATION_DECLINED,
        AUTHENTICATION_REQUIRED,
        ACTION_REFUSED,
        PAYMENT_CANCELED,
        *(row.verdict for row in SIMULATIONS.values()),
    )
    declines = {verdict.code for verdict in verdicts if isinstance(verdict, Declined)}
    return {
        *STATUS,
        *declines,
        REFUND_EXPIRED,
        REFUND_FAILED,
        *Status,
        *RefundStatus,
        *IntentStatus,
        *SetupStatus,
        *DisputeStatus,
        *PayoutStatus,
        *DeliveryStatus,
    }


@cache
def source() -> str:
    """All our code as one text."""
    return "\n".join(file.read_text(encoding="utf-8") for file in PACKAGE.rglob("*.py"))


def is_known_in_capitals(name: str) -> bool:
    """A setting, a code, a currency, a word of HTTP, or a constant of our code."""
    if name in codes() | PLACEHOLDERS | WORDS | TOLD_TO_PROVE or name in EXPONENTS:
        return True
    is_setting = not unknown_variables({name}, variable_names())
    return is_setting or re.search(rf"^{name}\b", source(), re.MULTILINE) is not None


def is_route(name: str) -> bool:
    """Whether `METHOD /path` is served; ids and queries in it are left open."""
    method, _, path = name.partition(" ")
    path = path.partition("?")[0]
    if path in {"/docs", "/redoc", "/openapi.json"}:
        return method == "GET"
    if path.startswith("/v1/"):
        return is_documented(method, path)
    return method.lower() in document()["paths"].get(path, {})


def is_code(name: str) -> bool:
    """Whether `path.py:Name.attribute` can be imported."""
    path, _, attribute = name.partition(":")
    if not (PACKAGE / path).exists():
        return False
    module = import_module(f"kessai.{path.removesuffix('.py').replace('/', '.')}")
    try:
        attrgetter(attribute)(module)
    except AttributeError:
        return False
    return True


def is_file(name: str) -> bool:
    """Whether a file or folder is in the checkout, or below the package."""
    return (ROOT / name).exists() or (PACKAGE / name).exists()


CHECKS: dict[str, Check] = {
    "in capitals": (r"([A-Z][A-Z0-9_]+)(?:=.*)?", is_known_in_capitals),
    "a route": (r"((?:GET|POST|PATCH|DELETE) /\S*)", is_route),
    "an event": (
        r"((?:payment|refund|endpoint)\.[a-z_]+)",
        lambda name: name in {*EventType, "payment.json"},
    ),
    "a part of the code": (r"([\w/]+\.py:[\w.]+)", is_code),
    "a file": (r"((?:[\w.-]+/)+(?:[\w.-]+\.(?:py|toml|sh|md))?)", is_file),
}


@pytest.mark.parametrize("kind", CHECKS)
@pytest.mark.parametrize("page", CHECKED, ids=lambda page: page.path)
def test_every_name_exists(page: Page, kind: str) -> None:
    pattern, exists = CHECKS[kind]

    assert [f"{page.path}:{line}: {name}" for line, name in matching(page, pattern) if not exists(name)] == []


def matching(page: Page, pattern: str) -> Iterator[tuple[int, str]]:
    """The names of one kind, each with its line; not the shell variables of the page itself."""
    own = set(re.findall(r"^([A-Z_]+)=", "\n".join(block.text for block in page.blocks), re.MULTILINE))
    for line, name in page.names:
        if (found := re.fullmatch(pattern, name)) and found[1] not in own:
            yield line, found[1]


def commands(page: Page) -> Iterator[tuple[str, str, list[str]]]:
    """Each `kessai` and `make` in a shell's block or in backticks: its place, the program, its arguments."""
    lines = [(f"{page.path}:{line}", name) for line, name in page.names]
    for block in page.blocks:
        if block.language in ("bash", "console"):
            text = re.sub(r"\\\n\s*", "", block.text)
            lines += [(block.place, line.removeprefix("until ")) for line in text.splitlines()]
    for place, line in lines:
        if found := SHELL.match(line):
            yield place, found[1], shlex.split(found[2], comments=True)


@pytest.mark.parametrize("page", CHECKED, ids=lambda page: page.path)
def test_every_command_is_understood(page: Page) -> None:
    wrong = []
    for place, program, arguments in commands(page):
        if program == "make":
            wrong += [f"{place}: make {each}" for each in arguments[:1] if each not in targets()]
        elif arguments and not arguments[0].startswith("--"):
            # In passing, a command may be named without what it cannot do without.
            problems = [each for each in command_problems(arguments) if "Missing" not in each]
            wrong += [f"{place}: {problem}" for problem in problems]
    assert wrong == []


@cache
def targets() -> list[str]:
    """What `make` can be asked for."""
    return re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("WEBHOOK_TIMEOT", "in capitals"),
        ("GET /api/v1/paiments", "a route"),
        ("POST /health", "a route"),
        ("payment.suceeded", "an event"),
        ("domain/payment.py:Payment.fly", "a part of the code"),
        ("domain/flying.py:Payment", "a part of the code"),
        ("domain/flying.py", "a file"),
    ],
)
def test_a_name_that_does_not_exist_is_noticed(name: str, kind: str) -> None:
    pattern, exists = CHECKS[kind]
    found = list(matching(Page("README.md", f"Say `{name}`.\n"), pattern))

    assert found == [(1, name)]
    assert not exists(name)
