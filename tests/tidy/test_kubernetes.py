"""k8s-deployment.yaml is valid and hardened, and names only what exists."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import kessai
from tests.tidy import dockerfile_rules
from tests.tidy import kubernetes_rules as rules
from tests.tidy.operations import (
    Tree,
    manifests,
    option,
    read,
    unknown_variables,
    variable_names,
)

Damage = Callable[[Tree], object]


@pytest.fixture
def documents() -> list[Tree]:
    return manifests()


def api(documents: list[Tree]) -> Tree:
    return rules.named(documents, "Deployment", "kessai-api")


def pod(documents: list[Tree]) -> Tree:
    """The pod of the API, to be damaged in place."""
    spec = api(documents)["spec"]["template"]["spec"]
    assert isinstance(spec, dict)
    return spec


def test_every_document_is_valid(documents: list[Tree]) -> None:
    assert rules.schema_problems(documents) == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda deployment: deployment["spec"].update(replica=3),
        lambda deployment: deployment["spec"].pop("selector"),
        lambda deployment: deployment.update(apiVersion="apps/v2"),
        lambda deployment: deployment["spec"].update(replicas="two"),
        lambda deployment: deployment["spec"]["template"]["spec"]["containers"][0].update(readinesProbe={}),
    ],
)
def test_an_invalid_document_is_noticed(documents: list[Tree], damage: Damage) -> None:
    damage(api(documents))

    assert rules.schema_problems([api(documents)]) != []


def test_the_documents_are_those_that_were_promised(documents: list[Tree]) -> None:
    assert [rules.title(each) for each in documents] == [
        "Namespace/kessai",
        "ConfigMap/kessai",
        "Secret/kessai",
        "Job/kessai-migrate",
        "Deployment/kessai-api",
        "Deployment/kessai-dispatcher",
        "Service/kessai",
        "HorizontalPodAutoscaler/kessai-api",
        "PodDisruptionBudget/kessai-api",
        "PodDisruptionBudget/kessai-dispatcher",
        "NetworkPolicy/kessai",
    ]


def test_the_documents_keep_the_rules(documents: list[Tree]) -> None:
    assert rules.problems(documents) == []


@pytest.mark.parametrize(
    ("complaint", "damage"),
    [
        ("automount", lambda pod: pod.pop("automountServiceAccountToken")),
        ("ServiceLinks", lambda pod: pod.pop("enableServiceLinks")),
        ("runAsNonRoot", lambda pod: pod["securityContext"].pop("runAsNonRoot")),
        ("runAsUser", lambda pod: pod["securityContext"].update(runAsUser=0)),
        ("seccomp", lambda pod: pod["securityContext"].pop("seccompProfile")),
        ("no volume tmp", lambda pod: pod.pop("volumes")),
    ],
)
def test_a_lax_pod_is_noticed(documents: list[Tree], complaint: str, damage: Damage) -> None:
    damage(pod(documents))

    found = rules.problems(documents)

    assert any(complaint in problem for problem in found), found


@pytest.mark.parametrize(
    ("complaint", "damage"),
    [
        ("tag", lambda container: container.update(image="kessai")),
        ("tag", lambda container: container.update(image="kessai:latest")),
        ("readOnlyRoot", lambda container: container["securityContext"].update(readOnlyRootFilesystem=False)),
        ("Escalation", lambda container: container["securityContext"].pop("allowPrivilegeEscalation")),
        ("capabilities", lambda container: container["securityContext"].pop("capabilities")),
        ("limits", lambda container: container["resources"].pop("limits")),
        ("/tmp", lambda container: container.pop("volumeMounts")),
        ("no ConfigMap", lambda container: container["envFrom"][0]["configMapRef"].update(name="x")),
        ("no Secret", lambda container: container["envFrom"][1]["secretRef"].update(name="x")),
        ("startupProbe", lambda container: container.pop("startupProbe")),
        (
            "should ask /readyz",
            lambda container: container["readinessProbe"]["httpGet"].update(path="/ready"),
        ),
        ("not declared", lambda container: container["livenessProbe"]["httpGet"].update(port="web")),
        ("listens on 9000", lambda container: container.update(args=["serve", "--port", "9000"])),
    ],
)
def test_a_lax_container_is_noticed(documents: list[Tree], complaint: str, damage: Damage) -> None:
    damage(pod(documents)["containers"][0])

    found = rules.problems(documents)

    assert any(complaint in problem for problem in found), found


@pytest.mark.parametrize(
    ("document", "complaint", "damage"),
    [
        ("Service/kessai", "selects no pod", lambda each: each["spec"]["selector"].update(app="x")),
        (
            "NetworkPolicy/kessai",
            "selects no",
            lambda each: each["spec"]["podSelector"]["matchLabels"].update(a="x"),
        ),
        ("PodDisruptionBudget/kessai-api", "budget", lambda each: each["spec"].update(maxUnavailable=0)),
        (
            "HorizontalPodAutoscaler/kessai-api",
            "not there",
            lambda each: each["spec"]["scaleTargetRef"].update(name="x"),
        ),
        ("Deployment/kessai-dispatcher", "replica", lambda each: each["spec"].update(replicas=1)),
        (
            "Deployment/kessai-api",
            "own pods",
            lambda each: each["spec"]["selector"]["matchLabels"].update(
                {"app.kubernetes.io/component": "dispatcher"}
            ),
        ),
        (
            "Deployment/kessai-api",
            "Prometheus",
            lambda each: each["spec"]["template"]["metadata"].pop("annotations"),
        ),
        ("ConfigMap/kessai", "namespace", lambda each: each["metadata"].pop("namespace")),
    ],
)
def test_a_loose_end_is_noticed(documents: list[Tree], document: str, complaint: str, damage: Damage) -> None:
    damage(rules.named(documents, *document.split("/")))

    found = rules.problems(documents)

    assert any(complaint in problem for problem in found), found


def test_the_command_lines_are_understood(documents: list[Tree]) -> None:
    assert rules.usage_problems(documents) == []


def test_a_command_line_that_is_not_understood_is_noticed(documents: list[Tree]) -> None:
    pod(documents)["containers"][0]["args"] = ["serve", "--prot", "8000"]

    assert rules.usage_problems(documents) != []


def test_every_variable_is_a_setting(documents: list[Tree]) -> None:
    assert unknown_variables(rules.variables(documents), variable_names()) == set()


def test_the_pods_run_the_image_of_this_version_as_its_user(documents: list[Tree]) -> None:
    user = dockerfile_rules.the(dockerfile_rules.parse(read("Dockerfile")), "USER").text
    workloads = rules.of_kind(documents, "Deployment", "Job")

    assert {rules.container(each)["image"] for each in workloads} == {f"kessai:{kessai.__version__}"}
    security = [each["spec"]["template"]["spec"]["securityContext"] for each in workloads]
    assert {f"{each['runAsUser']}:{each['runAsGroup']}" for each in security} == {user}


def test_the_service_and_the_policy_lead_to_the_ports_that_are_served(documents: list[Tree]) -> None:
    exposed = dockerfile_rules.the(dockerfile_rules.parse(read("Dockerfile")), "EXPOSE").text
    listened = {
        option(rules.container(each)["args"], "--port") for each in rules.of_kind(documents, "Deployment")
    }
    (service,) = rules.named(documents, "Service", "kessai")["spec"]["ports"]
    (rule,) = rules.named(documents, "NetworkPolicy", "kessai")["spec"]["ingress"]

    assert option(rules.container(api(documents))["args"], "--port") == exposed
    assert str(service["port"]) == exposed
    assert service["targetPort"] == rules.container(api(documents))["ports"][0]["name"]
    assert {str(each["port"]) for each in rule["ports"]} == listened


def test_the_autoscaler_begins_where_the_deployment_does(documents: list[Tree]) -> None:
    scaler = rules.named(documents, "HorizontalPodAutoscaler", "kessai-api")["spec"]

    assert scaler["minReplicas"] == api(documents)["spec"]["replicas"] < scaler["maxReplicas"]


def test_the_busiest_moment_leaves_postgresql_connections(documents: list[Tree]) -> None:
    pool = int(rules.named(documents, "ConfigMap", "kessai")["data"]["DATABASE_POOL_SIZE"])

    assert rules.processes_at_most(documents) * pool <= rules.POSTGRES_CONNECTIONS


def test_a_stop_waits_for_the_posts_under_way(documents: list[Tree]) -> None:
    from kessai.settings import Settings

    patience = float(Settings.model_fields["webhook_timeout"].default)
    dispatcher = rules.named(documents, "Deployment", "kessai-dispatcher")

    assert rules.shutdown_problems(api(documents), patience) == []
    assert rules.shutdown_problems(dispatcher, patience) == []
    assert rules.shutdown_problems(dispatcher, 45) != []


def test_the_manifests_are_for_production_and_hold_no_usable_secret(documents: list[Tree]) -> None:
    secret = rules.named(documents, "Secret", "kessai")["stringData"]

    assert rules.named(documents, "ConfigMap", "kessai")["data"]["KESSAI_ENV"] == "production"
    assert [name for name, value in secret.items() if "REPLACE_ME" not in value] == []
