"""The rules that k8s-deployment.yaml keeps beyond the schema: references, hardening, probes, head room."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import kubernetes_validate  # type: ignore[import-untyped]  # it ships no types

from tests.tidy.operations import PROBED_PATHS, Tree, command_problems, option

OLDEST: Final = "1.27"
POSTGRES_CONNECTIONS: Final = 97
"""What PostgreSQL's default of 100 leaves to ordinary users."""

SHUTDOWN_MARGIN_S: Final = 5

_WORKLOADS: Final = ("Deployment", "Job")
_PROBES: Final = {"startupProbe": "/livez", "livenessProbe": "/livez", "readinessProbe": "/readyz"}


def schema_problems(documents: list[Tree]) -> list[str]:
    """What the schemas of the oldest and the newest Kubernetes refuse, unknown fields included."""
    found = []
    for version in (OLDEST, kubernetes_validate.latest_version()):
        for each in documents:
            try:
                kubernetes_validate.validate(each, version, strict=True)
            except (kubernetes_validate.ValidationError, kubernetes_validate.SchemaNotFoundError) as refusal:
                found.append(f"{version}: {title(each)}: {refusal}")
    return found


def title(document: Tree) -> str:
    """How a document is called in a complaint."""
    return f"{document['kind']}/{document['metadata']['name']}"


def of_kind(documents: list[Tree], *kinds: str) -> list[Tree]:
    """The documents of these kinds."""
    return [each for each in documents if each["kind"] in kinds]


def named(documents: list[Tree], kind: str, name: str) -> Tree:
    """The one document of this kind and name."""
    (found,) = [each for each in of_kind(documents, kind) if each["metadata"]["name"] == name]
    return found


def container(workload: Tree) -> Tree:
    """The only container of a workload."""
    (only,) = workload["spec"]["template"]["spec"]["containers"]
    return dict(only)


def problems(documents: list[Tree]) -> list[str]:
    """Everything in the manifests that our rules refuse, but for commands and variables."""
    workloads = of_kind(documents, *_WORKLOADS)
    return [
        *_namespace_problems(documents),
        *_selector_problems(documents),
        *(problem for each in workloads for problem in _pod_problems(each)),
        *(problem for each in workloads for problem in _container_problems(each)),
        *(problem for each in workloads for problem in _reference_problems(each, documents)),
        *(problem for each in of_kind(documents, "Deployment") for problem in _probe_problems(each)),
        *_availability_problems(documents),
    ]


def usage_problems(documents: list[Tree]) -> list[str]:
    """Command lines of our containers which the command would refuse."""
    workloads = of_kind(documents, *_WORKLOADS)
    return [problem for each in workloads for problem in command_problems(container(each)["args"])]


def variables(documents: list[Tree]) -> set[str]:
    """Every environment variable that a container gets."""
    names: set[str] = set()
    for each in of_kind(documents, "ConfigMap"):
        names.update(each["data"])
    for each in of_kind(documents, "Secret"):
        names.update(each["stringData"])
    for each in of_kind(documents, *_WORKLOADS):
        names.update(entry["name"] for entry in container(each).get("env", []))
    return names


def processes_at_most(documents: list[Tree]) -> int:
    """How many processes use PostgreSQL at once: the autoscaler at its limit, amid an upgrade."""
    scaled = {
        each["spec"]["scaleTargetRef"]["name"]: each["spec"]
        for each in of_kind(documents, "HorizontalPodAutoscaler")
    }
    deployments = of_kind(documents, "Deployment")
    replicas = sum(
        scaled.get(each["metadata"]["name"], {}).get("maxReplicas", each["spec"]["replicas"])
        for each in deployments
    )
    surge = sum(each["spec"]["strategy"]["rollingUpdate"]["maxSurge"] for each in deployments)
    return int(replicas + surge)


def shutdown_problems(workload: Tree, under_way_s: float) -> list[str]:
    """A pod that would be killed before what is under way for `under_way_s` seconds has ended."""
    stop = (
        container(workload)
        .get("lifecycle", {})
        .get("preStop", {})
        .get("exec", {})
        .get("command", ["sleep", "0"])
    )
    needed = float(stop[1]) + under_way_s + SHUTDOWN_MARGIN_S
    given = workload["spec"]["template"]["spec"].get("terminationGracePeriodSeconds", 30)
    return [] if given >= needed else [f"{title(workload)}: {given} s to stop, {needed} s needed"]


def _namespace_problems(documents: list[Tree]) -> list[str]:
    (namespace,) = [each["metadata"]["name"] for each in of_kind(documents, "Namespace")]
    return [
        f"{title(each)}: not in the namespace"
        for each in documents
        if each["kind"] != "Namespace" and each["metadata"].get("namespace") != namespace
    ]


def _selectors(documents: list[Tree]) -> Iterator[tuple[str, Tree]]:
    for each in documents:
        spec = each.get("spec", {})
        if each["kind"] == "Service":
            yield title(each), spec["selector"]
        for key in ("selector", "podSelector"):
            if "matchLabels" in spec.get(key, {}):
                yield title(each), spec[key]["matchLabels"]
        for constraint in spec.get("template", {}).get("spec", {}).get("topologySpreadConstraints", []):
            yield title(each), constraint["labelSelector"]["matchLabels"]


def _selector_problems(documents: list[Tree]) -> list[str]:
    labels = [each["spec"]["template"]["metadata"]["labels"] for each in of_kind(documents, *_WORKLOADS)]
    found = [
        f"{name}: selects no pod of ours"
        for name, selector in _selectors(documents)
        if not any(selector.items() <= each.items() for each in labels)
    ]
    for each in of_kind(documents, "Deployment"):
        own = each["spec"]["template"]["metadata"]["labels"]
        if not each["spec"]["selector"]["matchLabels"].items() <= own.items():
            found.append(f"{title(each)}: does not select its own pods")
    return found


def _pod_problems(workload: Tree) -> list[str]:
    spec = workload["spec"]["template"]["spec"]
    security = spec.get("securityContext", {})
    rules = {
        "automountServiceAccountToken must be false": spec.get("automountServiceAccountToken") is False,
        # A Service called kessai makes KESSAI_PORT=tcp://..., and KESSAI_PORT is a setting.
        "enableServiceLinks must be false": spec.get("enableServiceLinks") is False,
        "runAsNonRoot must be true": security.get("runAsNonRoot") is True,
        "runAsUser must be a number other than 0": security.get("runAsUser", 0) > 0,
        "seccompProfile must be RuntimeDefault": security.get("seccompProfile") == {"type": "RuntimeDefault"},
    }
    return [f"{title(workload)}: {rule}" for rule, kept in rules.items() if not kept]


def _container_problems(workload: Tree) -> list[str]:
    only = container(workload)
    security = only.get("securityContext", {})
    resources = only.get("resources", {})
    rules = {
        "pin the image's tag": only["image"].partition(":")[2] not in {"", "latest"},
        "readOnlyRootFilesystem must be true": security.get("readOnlyRootFilesystem") is True,
        "allowPrivilegeEscalation must be false": security.get("allowPrivilegeEscalation") is False,
        "all capabilities must be dropped": security.get("capabilities") == {"drop": ["ALL"]},
        "resources need requests and limits": all(
            {"cpu", "memory"} <= set(resources.get(kind, {})) for kind in ("requests", "limits")
        ),
        "/tmp must be writable": "/tmp" in {mount["mountPath"] for mount in only.get("volumeMounts", [])},
    }
    return [f"{title(workload)}: {rule}" for rule, kept in rules.items() if not kept]


def _reference_problems(workload: Tree, documents: list[Tree]) -> list[str]:
    only = container(workload)
    there = {(each["kind"], each["metadata"]["name"]) for each in documents}
    kinds = {"configMapRef": "ConfigMap", "secretRef": "Secret"}
    wanted = {
        (kinds[key], value["name"]) for source in only.get("envFrom", []) for key, value in source.items()
    }
    volumes = {each["name"] for each in workload["spec"]["template"]["spec"].get("volumes", [])}
    mounted = {each["name"] for each in only.get("volumeMounts", [])}
    return [f"{title(workload)}: no {kind}/{name}" for kind, name in sorted(wanted - there)] + [
        f"{title(workload)}: no volume {name}" for name in sorted(mounted - volumes)
    ]


def _probe_problems(deployment: Tree) -> list[str]:
    only = container(deployment)
    ports = {each["name"]: each["containerPort"] for each in only.get("ports", [])}
    listens = option(only["args"], "--port")
    found = []
    if [str(port) for port in ports.values()] != [listens]:
        found.append(f"listens on {listens}, declares {ports}")
    for probe, path in _PROBES.items():
        get = only.get(probe, {}).get("httpGet", {})
        if get.get("path") != path:
            found.append(f"{probe} should ask {path}")
        if get.get("port") not in ports:
            found.append(f"{probe} asks a port that is not declared")
    scraped = deployment["spec"]["template"]["metadata"].get("annotations", {})
    if scraped.get("prometheus.io/port") != listens or scraped.get("prometheus.io/path") not in PROBED_PATHS:
        found.append("Prometheus is sent elsewhere")
    return [f"{title(deployment)}: {each}" for each in found]


def _availability_problems(documents: list[Tree]) -> list[str]:
    found = []
    budgets = of_kind(documents, "PodDisruptionBudget")
    for each in of_kind(documents, "Deployment"):
        labels = each["spec"]["template"]["metadata"]["labels"]
        mine = [
            budget
            for budget in budgets
            if budget["spec"]["selector"]["matchLabels"].items() <= labels.items()
        ]
        if [budget["spec"].get("maxUnavailable") for budget in mine] != [1]:
            found.append(f"{title(each)}: wants one disruption budget that lets one pod go at a time")
        if each["spec"]["replicas"] < 2:
            found.append(f"{title(each)}: wants a second replica")
    deployments = {each["metadata"]["name"] for each in of_kind(documents, "Deployment")}
    return found + [
        f"{title(each)}: scales what is not there"
        for each in of_kind(documents, "HorizontalPodAutoscaler")
        if each["spec"]["scaleTargetRef"]["name"] not in deployments
    ]
