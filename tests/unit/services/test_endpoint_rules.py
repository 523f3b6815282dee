"""Which URLs, events and secrets an endpoint may have."""

from __future__ import annotations

import pytest

from kessai.dialects.native.events import EVENT_NAMES
from kessai.domain.destinations import Destinations
from kessai.domain.errors import InvalidFieldError
from kessai.services.endpoint_rules import (
    SECRET_MAX,
    SECRET_MIN,
    URL_MAX,
    checked_events,
    checked_secret,
    checked_tls,
    checked_url,
)

LOCAL = Destinations(is_local=True)
TEAM = Destinations.listed("10.1.0.0/16, intranet.localhost", is_local=False)


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:3000/webhooks",
        "https://example.com",
        "HTTP://EXAMPLE.COM/hook?token=a%20b&x=1",
        "http://127.0.0.1:8080/",
        "http://[::1]:8080/hook",
        "http://host_with_underscore.test/hook",
        "https://bücher.example/straße",
        "http://決済.test/",
        "https://example.com/" + "a" * (URL_MAX - 20),
    ],
)
def test_a_url_that_can_be_posted_to_is_kept_as_it_is(url: str) -> None:
    assert checked_url(url, LOCAL) == url


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("", "has to begin with http"),
        ("localhost:3000/webhooks", "has to begin with http"),
        ("ftp://example.com/", "has to begin with http"),
        ("javascript:alert(1)", "has to begin with http"),
        ("//example.com/", "has to begin with http"),
        ("http://", "has no usable host"),
        ("http:///path", "has no usable host"),
        ("http:\\\\example.com", "backslash"),
        ("http://exam<ple.com/", "has no usable host"),
        ("http://exa%20mple.com/", "has no usable host"),
        ("http://user:secret@example.com/", "user name or password"),
        ("http://user@example.com/", "user name or password"),
        ("http://@example.com/", "user name or password"),
        ("http://example.com:0/", "has no usable port"),
        ("http://example.com:99999/", "has no usable port"),
        ("http://example.com:port/", "has no usable host and port"),
        ("http://example.com:/", "has no usable port"),
        ("http://[::1/", "has no usable host"),
        ("http://[::1%25lo]/", "zone"),
        ("http://0x7f.1/", "unusual form of an address"),
        ("http://example.com/#part", "fragment"),
        ("http://example.com/#", "fragment"),
        ("http://example.com/a b", "spaces or control characters"),
        (" http://example.com/", "spaces or control characters"),
        ("http://example.com/\r\nX-Injected: 1", "spaces or control characters"),
        ("http://example.com/\0", "spaces or control characters"),
        ("http://example.com/\u202egnp", "spaces or control characters"),
        ("https://example.com/" + "a" * (URL_MAX - 19), "longer than"),
    ],
)
def test_a_url_that_cannot_is_refused_with_the_reason(url: str, problem: str) -> None:
    with pytest.raises(InvalidFieldError, match=problem) as refusal:
        checked_url(url, LOCAL, param="webhook_url")

    assert refusal.value.param == "webhook_url"


@pytest.mark.parametrize(
    "url",
    [
        "http://10.0.0.5/hook",
        "http://127.0.0.1:3000/",
        "http://[::1]/",
        "http://[::ffff:10.0.0.5]/",
        "http://localhost:3000/",
        "http://app.localhost/",
    ],
)
def test_where_others_can_reach_us_a_private_address_is_refused(url: str) -> None:
    with pytest.raises(InvalidFieldError, match=r"may not connect to .*list it in WEBHOOK_ALLOW") as refusal:
        checked_url(url, TEAM)

    assert refusal.value.param == "url"


@pytest.mark.parametrize(
    "url",
    ["http://10.1.2.3/", "http://intranet.localhost/", "https://93.184.216.34/", "http://name.internal/"],
)
def test_what_is_public_or_listed_or_a_name_is_not(url: str) -> None:
    assert checked_url(url, TEAM) == url


@pytest.mark.parametrize("destinations", [LOCAL, TEAM])
def test_metadata_is_refused_everywhere(destinations: Destinations) -> None:
    with pytest.raises(InvalidFieldError, match="link-local"):
        checked_url("http://169.254.169.254/latest/meta-data/", destinations)


def test_certificates_may_go_unverified_on_ones_own_machine_only() -> None:
    assert checked_tls(verifies=True, destinations=TEAM)
    assert not checked_tls(verifies=False, destinations=LOCAL)

    with pytest.raises(InvalidFieldError, match="verify_tls") as refusal:
        checked_tls(verifies=False, destinations=TEAM)
    assert refusal.value.param == "verify_tls"


def test_event_names_are_kept_in_order_without_repetition() -> None:
    assert checked_events(["payment.failed", "payment.created", "payment.failed"], EVENT_NAMES) == (
        "payment.failed",
        "payment.created",
    )


def test_all_events_need_no_others() -> None:
    assert checked_events(["payment.failed", "*"], EVENT_NAMES) == ("*",)


@pytest.mark.parametrize("names", [[], ["payment.exploded"], ["payment.*"], ["ping"], [""]])
def test_what_is_no_event_is_refused(names: list[str]) -> None:
    with pytest.raises(InvalidFieldError) as refusal:
        checked_events(names, EVENT_NAMES)

    assert refusal.value.param == "events"
    assert "payment.succeeded" in (refusal.value.hint or "")


@pytest.mark.parametrize(
    "secret", ["a" * SECRET_MIN, "a" * SECRET_MAX, "whsec_AAECAwQFBgcICQoL", "!~#$%^&*()"]
)
def test_a_secret_of_ones_own_is_kept(secret: str) -> None:
    assert checked_secret(secret) == secret


@pytest.mark.parametrize(
    "secret",
    ["a" * (SECRET_MIN - 1), "a" * (SECRET_MAX + 1), "with a space", "pässword", "tab\there", "nul\0nul12"],
)
def test_a_secret_that_verifiers_may_trip_over_is_refused(secret: str) -> None:
    with pytest.raises(InvalidFieldError, match="printable ASCII") as refusal:
        checked_secret(secret)

    assert secret not in refusal.value.message
