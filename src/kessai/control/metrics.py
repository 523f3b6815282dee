"""What is counted for Prometheus. With several workers, each writes to files that one answer adds up."""

from __future__ import annotations

import os
from typing import Final

from fastapi.responses import PlainTextResponse
from fastapi.routing import APIRouter
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

from kessai.domain.change import Change
from kessai.domain.delivery import Attempt, DeliveryStatus
from kessai.http.call import Reply, Visitor

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
            "Webhook attempts, by where they left the delivery",
            ("status",),
            registry=self._registry,
        )
        self._latency = Histogram(
            "kessai_webhook_attempt_seconds",
            "How long endpoints took to answer",
            buckets=_ATTEMPT_BUCKETS,
            registry=self._registry,
        )

    def observe_request(self, operation: str, status: int, seconds: float) -> None:
        """Count one answer."""
        self._requests.labels(operation, status).inc()
        self._seconds.labels(operation).observe(seconds)

    def observe_change(self, change: Change) -> None:
        """Count what a committed Change tells of."""
        for event in change.events:
            self._events.labels(event.type.value).inc()

    def observe_attempt(self, status: DeliveryStatus, attempt: Attempt) -> None:
        """Count one webhook attempt, and where it left the delivery."""
        self._attempts.labels(status.value).inc()
        self._latency.observe(attempt.latency_ms / 1000)

    def exposition(self) -> bytes:
        """The text that Prometheus reads."""
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return generate_latest(self._registry)
        everybody = CollectorRegistry()
        MultiProcessCollector(everybody)  # type: ignore[no-untyped-call]
        return generate_latest(everybody)

    def router(self) -> APIRouter:
        """The route that shows them."""
        router = APIRouter(tags=["operations"])

        async def get_metrics(visit: Visitor) -> Reply:
            """Text in Prometheus' exposition format."""
            return Reply(200, self.exposition(), content_type=_CONTENT_TYPE)

        router.add_api_route(
            "/metrics",
            get_metrics,
            methods=["GET"],
            operation_id="get_metrics",
            summary="Metrics for Prometheus",
            response_model=None,
            response_class=PlainTextResponse,
        )
        return router
