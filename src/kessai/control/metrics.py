"""What is counted for Prometheus. With several workers, each writes to files that one answer adds up.

The queue is not counted but looked up when somebody asks: it is one for all processes, so nothing adds it up.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from kessai.domain.change import Change
from kessai.domain.delivery import OPEN, Attempt, DeliveryStatus
from kessai.http.call import Reply, Visit
from kessai.http.routes import Router
from kessai.services.backlog import Figures
from kessai.storage.repositories.backlog import STATES

_CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS: Final = (0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
_ATTEMPT_BUCKETS: Final = (0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 30.0)


class Metrics:
    """Counters and histograms of one process. Labels come from bounded sets: operations, statuses, types."""

    def __init__(self) -> None:
        # A series beside each of ours that tells when counting began: nobody asks, and it doubles the page.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "kessai_requests",
            "Requests answered, by operation and status",
            ("operation", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "kessai_request_seconds",
            "Time from the head of a request to its answer",
            ("operation",),
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._events = Counter(
            "kessai_events", "Events committed, by type", ("type",), registry=self._registry
        )
        self._attempts = Counter(
            "kessai_webhook_attempts",
            "Webhook attempts, by where they left the delivery and what came back",
            ("status", "result"),
            registry=self._registry,
        )
        self._latency = self._duration("kessai_webhook_attempt_seconds", "How long endpoints took to answer")
        self._first_byte = self._duration(
            "kessai_webhook_first_byte_seconds", "How long it took until an answer began, where one did"
        )
        self._connect = self._duration(
            "kessai_webhook_connect_seconds", "How long new connections to endpoints took"
        )
        # To find a series by its labels costs more than to count; there are as many as labels.
        self._answered = cache(
            lambda operation, status: (
                self._requests.labels(operation, status),
                self._seconds.labels(operation),
            )
        )
        self._told = cache(lambda event_type: self._events.labels(event_type.value))

    def observe_request(self, operation: str, status: int, seconds: float) -> None:
        """Count one answer."""
        answered, took = self._answered(operation, status)
        answered.inc()
        took.observe(seconds)

    def observe_change(self, change: Change) -> None:
        """Count what a committed Change tells of."""
        for event in change.events:
            self._told(event.type).inc()

    def observe_attempt(self, status: DeliveryStatus, attempt: Attempt) -> None:
        """Count one webhook attempt."""
        self._attempts.labels(status.value, _result(attempt.status_code)).inc()
        self._latency.observe(attempt.latency_ms / 1000)
        if attempt.first_byte_ms is not None:
            self._first_byte.observe(attempt.first_byte_ms / 1000)
        if attempt.connect_ms is not None:
            self._connect.observe(attempt.connect_ms / 1000)

    def exposition(self, figures: Figures | None = None) -> bytes:
        """The text that Prometheus reads; without the queue where its figures are not to be had."""
        counted = generate_latest(self._everybodys())
        return counted if figures is None else counted + generate_latest(_Queue(figures))

    def router(self, figures: Callable[[], Awaitable[Figures | None]] | None = None) -> Router:
        """The route that shows them, and the queue's `figures`, looked up each time."""
        router = Router(tags=["operations"])

        @router.get(
            "/metrics",
            operation_id="get_metrics",
            summary="Metrics for Prometheus",
            media_type="text/plain",
            response_model=None,
        )
        async def get_metrics(visit: Visit) -> Reply:
            """Text in Prometheus' exposition format."""
            return Reply(
                200, self.exposition(await figures() if figures else None), content_type=_CONTENT_TYPE
            )

        return router

    def _duration(self, name: str, documentation: str) -> Histogram:
        return Histogram(name, documentation, buckets=_ATTEMPT_BUCKETS, registry=self._registry)

    def _everybodys(self) -> CollectorRegistry:
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return self._registry
        everybody = CollectorRegistry()
        MultiProcessCollector(everybody)  # type: ignore[no-untyped-call]
        return everybody


@dataclass(frozen=True, slots=True)
class _Queue(Collector):
    """The queue's figures as gauges."""

    figures: Figures

    def collect(self) -> Iterable[Metric]:
        figures = self.figures
        depth = GaugeMetricFamily(
            "kessai_webhook_deliveries_open",
            "Deliveries that are not final, of all processes",
            labels=("state", "status"),
        )
        for state in STATES:
            for status in OPEN:
                depth.add_metric((state, status.value), figures.deliveries.get((state, status), 0))
        yield depth
        age = GaugeMetricFamily(
            "kessai_webhook_oldest_due_seconds",
            "How long the oldest event or due delivery has been waiting for a dispatcher",
            labels=("endpoint",),
        )
        age.add_metric(("healthy",), figures.healthy_age_s)
        age.add_metric(("failing",), figures.failing_age_s)
        yield age
        yield GaugeMetricFamily(
            "kessai_webhook_events_waiting", "Events no dispatcher has looked at yet", value=figures.events
        )
        yield GaugeMetricFamily(
            "kessai_webhook_endpoints_paused",
            "Failing endpoints that are left alone for now",
            value=figures.paused,
        )


def _result(status_code: int | None) -> str:
    """The class of an answer: receivers may send any number, and labels must be few."""
    if status_code is None:
        return "no_answer"
    return f"{status_code // 100}xx" if 200 <= status_code < 600 else "other"
