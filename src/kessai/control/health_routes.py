"""What orchestrators and people ask to see whether we live and can serve."""

from __future__ import annotations

from typing import Any, Final, Literal

import kessai
from kessai.http.call import Reply, Visit
from kessai.http.routes import Out, Router

router: Final = Router(tags=["operations"])


class HealthOut(Out):
    """The process is alive."""

    status: Literal["ok"]
    version: str


class PartOut(Out):
    """One part and what it says."""

    ok: bool
    detail: str


class ReadinessOut(Out):
    """Whether requests can be served. `degraded`: they can, but a part that is not needed is away."""

    status: Literal["ready", "degraded", "unavailable"]
    checks: dict[str, PartOut]


@router.get("/health", operation_id="get_health", summary="Alive?", response_model=HealthOut)
async def get_health(visit: Visit) -> Reply:
    """Answers without looking at anything else."""
    return Reply(200, {"status": "ok", "version": kessai.__version__})


@router.get("/livez", operation_id="get_livez", summary="Alive? (for probes)", response_model=HealthOut)
async def get_livez(visit: Visit) -> Reply:
    """The same by the name that orchestrators use."""
    return await get_health(visit)


_UNAVAILABLE: Final[dict[int | str, dict[str, Any]]] = {
    503: {"model": ReadinessOut, "description": "A part that is needed fails; it is named"}
}


@router.get(
    "/readiness",
    operation_id="get_readiness",
    summary="Ready to serve?",
    response_model=ReadinessOut,
    responses=_UNAVAILABLE,
)
async def get_readiness(visit: Visit) -> Reply:
    """The database, its migrations, the dispatcher's lag, and Redis if one is configured."""
    report = await visit.services.health.report()
    status = "ready" if report.is_whole else "degraded" if report.is_ready else "unavailable"
    checks = {part.name: {"ok": part.is_ok, "detail": part.detail} for part in report.parts}
    return Reply(200 if report.is_ready else 503, {"status": status, "checks": checks})


@router.get(
    "/readyz",
    operation_id="get_readyz",
    summary="Ready to serve? (for probes)",
    response_model=ReadinessOut,
    responses=_UNAVAILABLE,
)
async def get_readyz(visit: Visit) -> Reply:
    """The same by the name that orchestrators use."""
    return await get_readiness(visit)
