"""Log lines as they leave the process: whole, of one form, without secrets, and never fatal."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from kessai.adapters.logging import configure_logging


class Full(io.StringIO):
    """A stream on a full disk."""

    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")


class Terminal(io.StringIO):
    """A stream that a person reads."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Logging belongs to the whole process: give it back as it was."""
    root = logging.getLogger()
    loggers = [root, *(logging.getLogger(name) for name in list(root.manager.loggerDict))]
    before = [(logger, logger.handlers[:], logger.level, logger.propagate) for logger in loggers]
    structlog_before = structlog.get_config()
    yield
    structlog.configure(**structlog_before)
    structlog.contextvars.clear_contextvars()
    for logger, handlers, level, propagate in before:
        logger.handlers[:], logger.propagate = handlers, propagate
        logger.setLevel(level)


@pytest.fixture
def out() -> io.StringIO:
    """Where the lines go."""
    return io.StringIO()


def lines(out: io.StringIO) -> list[dict[str, Any]]:
    """The lines, each parsed."""
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_line_is_one_json_object_with_event_level_time_and_fields(out: io.StringIO) -> None:
    configure_logging(stream=out)

    structlog.get_logger("kessai.payments").info("payment_made", amount=1000, note="決済\nを完了")

    [line] = lines(out)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "payment_made",
        "level": "info",
        "logger": "kessai.payments",
        "amount": 1000,
        "note": "決済\nを完了",
    }
    assert out.getvalue().startswith('{"event":"payment_made","level":"info","timestamp":"')
    assert "決済" in out.getvalue()


def test_the_request_id_is_on_every_line_of_the_request(out: io.StringIO) -> None:
    configure_logging(stream=out)

    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        structlog.get_logger().info("ours")
        logging.getLogger("uvicorn.error").info("theirs")
    structlog.get_logger().info("later")

    assert [line.get("request_id") for line in lines(out)] == ["r-1", "r-1", None]


def test_what_libraries_say_has_the_same_form(out: io.StringIO) -> None:
    configure_logging(stream=out)
    uvicorn = logging.getLogger("uvicorn.error")
    uvicorn.handlers[:] = [logging.StreamHandler(io.StringIO())]
    uvicorn.propagate = False
    configure_logging(stream=out)

    uvicorn.warning("Started %s with %s", "server", "sk_test_abc")

    [line] = lines(out)
    assert (line["event"], line["level"]) == ("Started server with sk_test_***", "warning")
    assert line["logger"] == "uvicorn.error"


def test_secrets_and_cards_are_masked_wherever_they_are(out: io.StringIO) -> None:
    configure_logging(stream=out)
    log = structlog.get_logger()

    log.info("sk_test_one", password="two", body={"number": "4242 4242 4242 4242"})
    try:
        raise ValueError("whsec_three 4242424242424242")
    except ValueError:
        log.exception("failed")
        logging.getLogger("other").exception("failed too")
    with structlog.contextvars.bound_contextvars(authorization="four"):
        log.info("bound")

    text = out.getvalue()
    assert [secret for secret in ("one", "two", "three", "four", "4242") if secret in text] == []
    assert [line["event"] for line in lines(out)] == ["sk_test_***", "failed", "failed too", "bound"]


def test_an_exception_comes_with_its_traceback_on_the_same_line(out: io.StringIO) -> None:
    configure_logging(stream=out)

    try:
        raise LookupError("lost")
    except LookupError:
        structlog.get_logger().exception("failed")

    [line] = lines(out)
    assert line["level"] == "error"
    assert line["exception"].startswith("Traceback")
    assert line["exception"].endswith("LookupError: lost")


def test_levels_below_the_one_asked_for_are_silent(out: io.StringIO) -> None:
    configure_logging(level="warning", stream=out)

    structlog.get_logger().info("quiet")
    logging.getLogger("other").info("quiet")
    structlog.get_logger().warning("heard")
    logging.getLogger("other").warning("heard")

    assert [line["event"] for line in lines(out)] == ["heard", "heard"]


@pytest.mark.parametrize(
    ("log_format", "stream", "is_json"),
    [
        ("auto", io.StringIO(), True),
        ("auto", Terminal(), False),
        ("json", Terminal(), True),
        ("console", io.StringIO(), False),
    ],
)
def test_a_terminal_gets_text_and_a_file_gets_json(
    log_format: Any, stream: io.StringIO, is_json: bool
) -> None:
    configure_logging(log_format=log_format, stream=stream)

    try:
        raise LookupError("lost")
    except LookupError:
        structlog.get_logger().exception("failed", secret="hidden")

    assert stream.getvalue().startswith("{") is is_json
    assert "LookupError: lost" in stream.getvalue()
    assert "hidden" not in stream.getvalue()
    assert ("\x1b[" in stream.getvalue()) is (not is_json and stream.isatty())


def test_a_full_disk_or_a_closed_pipe_costs_the_line_only() -> None:
    hung_up = io.StringIO()
    for stream in (hung_up, Full()):
        configure_logging(stream=stream)
        hung_up.close()

        structlog.get_logger().error("lost")
        logging.getLogger("other").error("lost")


def test_a_record_that_cannot_be_formatted_breaks_nothing(out: io.StringIO) -> None:
    configure_logging(stream=out)

    logging.getLogger("other").error("%d", "one")

    assert lines(out)[0]["event"] == "log_record_unreadable"


def test_lines_of_several_threads_do_not_mix(out: io.StringIO) -> None:
    configure_logging(stream=out)

    def talk() -> None:
        for number in range(100):
            structlog.get_logger().info("said", number=number, padding="x" * 500)

    threads = [threading.Thread(target=talk) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(lines(out)) == 400


def test_logs_go_to_stderr_and_lone_surrogates_are_no_trouble() -> None:
    program = (
        "import structlog; from kessai.adapters.logging import configure_logging; configure_logging();"
        "structlog.get_logger().info('x', text='\\udc80')"
    )

    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert ended.stdout == ""
    assert json.loads(ended.stderr)["text"] == "\udc80"
