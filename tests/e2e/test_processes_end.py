"""A server that is told to end: what is said on connections that are kept, and to who insists."""

from __future__ import annotations

import json
import os
import signal
import time
from contextlib import closing
from http.client import HTTPConnection, HTTPResponse

import pytest

from tests.support.processes import is_listening, wait_until
from tests.support.server import RunningServer, Serve

pytestmark = pytest.mark.slow


def test_a_request_on_a_kept_connection_is_answered_as_its_last(serve: Serve) -> None:
    # given a client that keeps its connection, and is silent at the moment
    server = serve()
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=10)) as kept:
        assert pay(kept, server).getheader("Connection") is None

        # when the server is told to end, and takes no new connections any more
        os.kill(server.pid, signal.SIGTERM)
        wait_until(lambda: not is_listening(server.port), timeout_s=10, what="an end to listening")

        # then the client's next request is answered, and it is told not to send another
        assert pay(kept, server).getheader("Connection") == "close"
    assert server.wait() == 0


def test_a_connection_that_stays_silent_does_not_hold_up_the_end(serve: Serve) -> None:
    server = serve()
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=10)) as kept:
        pay(kept, server)

        assert server.terminate(10) == 0


def test_who_is_told_to_end_again_and_again_ends_in_order(serve: Serve) -> None:
    assert told_again_and_again(serve()) == 0


@pytest.mark.postgresql
def test_workers_that_are_told_to_end_again_and_again_end_in_order(postgres_url: str, serve: Serve) -> None:
    assert told_again_and_again(serve("--workers", "2", "--db", postgres_url)) == 0


def pay(connection: HTTPConnection, server: RunningServer) -> HTTPResponse:
    """A payment, whose answer is read."""
    headers = {**server.headers, "Content-Type": "application/json"}
    connection.request("POST", "/api/v1/payments", json.dumps({"amount": 100}), headers)
    answer = connection.getresponse()
    assert answer.status == 201, answer.read()
    answer.read()
    return answer


def told_again_and_again(server: RunningServer) -> int:
    """The exit code of a process that gets SIGTERM until it is gone."""
    while server.is_running:
        os.kill(server.pid, signal.SIGTERM)
        time.sleep(0.002)
    return server.wait()
