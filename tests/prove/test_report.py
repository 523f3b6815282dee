"""What a report says of a run, and of what the run could not try."""

from __future__ import annotations

from tests.prove.report import PROOF, Report


def test_what_is_left_out_is_not_shown_by_a_run_that_is_meant_as_proof() -> None:
    report = Report("prove power", "sqlite", PROOF, 7)

    report.leave_out("images", "there is no C compiler; install gcc")

    assert report.failures == ["images: left out: there is no C compiler; install gcc, not tried"]


def test_what_is_left_out_of_a_slice_is_noted() -> None:
    report = Report("prove power", "sqlite", PROOF / 2, 7)

    report.leave_out("images", "there is no C compiler; install gcc")

    assert report.holds
    assert "| images | left out: there is no C compiler; install gcc | - | yes |" in report.as_markdown()
