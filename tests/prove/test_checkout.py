"""A report says of which commit it is."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.prove.checkout import commit_of


def git(*arguments: str, within: Path) -> str:
    """Run it there, as somebody."""
    somebody = ("-c", "user.name=Somebody", "-c", "user.email=nobody@example.com", "-c", "commit.gpgsign=no")
    command = ["git", "-C", str(within), *somebody, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """One with a commit of a module and a page."""
    git("init", within=tmp_path)
    (tmp_path / "docs").mkdir()
    for name in ("module.py", "docs/page.md"):
        (tmp_path / name).write_text("as it was")
    git("add", ".", within=tmp_path)
    git("commit", "-m", "all of it", within=tmp_path)
    return tmp_path


def test_a_checkout_has_a_commit(checkout: Path) -> None:
    assert commit_of(checkout) == git("rev-parse", "--short", "HEAD", within=checkout)


def test_a_changed_file_is_told_of(checkout: Path) -> None:
    (checkout / "module.py").write_text("as it is")

    assert str(commit_of(checkout)).endswith("-changed")


def test_a_page_that_is_written_anew_changes_nothing_of_what_is_tried(checkout: Path) -> None:
    (checkout / "docs" / "page.md").write_text("as it is")

    assert not str(commit_of(checkout)).endswith("-changed")


def test_what_is_no_checkout_has_no_commit(tmp_path: Path) -> None:
    assert commit_of(tmp_path) is None
