"""Every code block that a reader can paste does what its page says, against a real server."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml

from tests.docs.pages import Block, Page, pages
from tests.docs.runner import DEFAULT_PORT, RUN, BlockFailedError, PageRun
from tests.docs.samples import differences
from tests.support.postgres import Postgres
from tests.support.processes import UNMEASURED, free_port
from tests.support.server import Serve

# The Japanese page has the same blocks, which tests/tidy makes sure of.
FOLLOWED = [page for path, page in pages().items() if not path.endswith(".ja.md")]

POSTGRES = "postgresql://kessai:kessai@localhost:5432/kessai"
REDIS = "redis://localhost:6379/0"
# Commands that ask the server which settings name.
ASKING = re.compile(r"^kessai (?:listen|trigger|events) ", re.MULTILINE)
OTHER_PORTS = ("8001", "3000", "3001")


def runnable(page: Page) -> list[Block]:
    """The page's blocks that are run."""
    return [block for block in page.blocks if block.language in RUN]


def parameters() -> Iterator[object]:
    """A test for each page with something to run, marked by the servers it needs."""
    for page in FOLLOWED:
        blocks = runnable(page)
        marks = [pytest.mark.postgresql] if any(POSTGRES in block.text for block in blocks) else []
        if blocks:
            yield pytest.param(page, id=page.path, marks=marks)


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
@pytest.mark.parametrize("page", list(parameters()))
def test_a_page_can_be_followed(
    page: Page, serve: Serve, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    blocks = runnable(page)
    with ExitStack() as stack:
        replacements = {}
        if any(POSTGRES in block.text for block in blocks):
            server: Postgres = request.getfixturevalue("postgres")
            replacements[POSTGRES] = stack.enter_context(server.fresh_database())
        if any(REDIS in block.text for block in blocks):
            replacements[REDIS] = request.getfixturevalue("valkey").url
        ports = {port: free_port() for port in OTHER_PORTS}
        if any(DEFAULT_PORT in block.text or ASKING.search(block.text) for block in blocks):
            ports[DEFAULT_PORT] = serve(env=UNMEASURED).port
        run = PageRun(tmp_path, ports, replacements)
        stack.callback(run.stop)
        follow(page, run)


def follow(page: Page, run: PageRun) -> None:
    """Run the blocks in order; an answer shown right after a block is compared with the one it gave."""
    said, before = "", None
    for block in page.blocks:
        needed = "node" if block.language == "js" else block.mark("needs")
        if needed and not shutil.which(needed):
            before = None
        elif block.language in RUN:
            said, before = run.run(block), block
        elif block.language == "json" and before is not None:
            compare(block, said)
            before = None
        else:
            before = None


def compare(block: Block, said: str) -> None:
    """Hold what is shown against what was answered."""
    try:
        real = json.loads(said)
    except ValueError:
        raise BlockFailedError(block, "the block before it did not answer with JSON", said) from None
    if found := list(differences(json.loads(block.text), real)):
        raise BlockFailedError(block, "; ".join(found), said)


def test_every_json_block_is_json() -> None:
    for page in pages().values():
        for block in page.blocks:
            if block.language == "json":
                json.loads(block.text)
            if block.language == "yaml":
                list(yaml.safe_load_all(block.text))


def test_every_block_says_its_language() -> None:
    silent = [block.place for page in pages().values() for block in page.blocks if not block.language]
    assert silent == []


def test_a_failing_block_names_its_page_and_line(tmp_path: Path) -> None:
    block = Block("README.md", 12, "bash", (), "echo before\nfalse\necho after\n")

    with pytest.raises(BlockFailedError, match=r"^README\.md:12: ended with 1\n(?s:.*)before$"):
        PageRun(tmp_path, {}).run(block)


def test_variables_are_carried_from_block_to_block(tmp_path: Path) -> None:
    run = PageRun(tmp_path, {"8000": 1234})
    run.run(Block("README.md", 1, "bash", (), "WORD='a b'\nPORT=8000\n"))

    assert run.run(Block("README.md", 2, "bash", (), 'echo "$WORD $PORT"\n')) == "a b 1234\n"
    assert run.run(Block("README.md", 3, "python", (), 'import os\nprint(os.environ["WORD"])\n')) == "a b\n"


def test_an_answer_that_is_not_the_one_shown_is_noticed() -> None:
    shown = {"id": "0199d3c2-5f00-7000-8000-000000000000", "amount": 1, "tags": ["a"], "old": None}
    real = {"id": "0199d3c2-5f00-7000-8000-00000000000f", "amount": 2, "tags": ["b"], "new": None}

    assert sorted(differences(shown, real)) == [
        "the answer.amount is 2, not 1",
        "the answer.new is only answered",
        "the answer.old is only shown",
        "the answer.tags[0] is 'b', not 'a'",
    ]
