"""Which URLs, events and secrets an endpoint may have."""

from __future__ import annotations

import pytest

from kessai.domain.errors import InvalidFieldError
from kessai.services.endpoint_rules import (
    SECRET_MAX,
    SECRET_MIN,
    URL_MAX,
    checked_events,
    checked_secret,
    checked_url,
)


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
    assert checked_url(url) == url


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
        ("http:\\\\example.com", "has no usable host"),
        ("http://exam<ple.com/", "has no usable host"),
        ("http://exa%20mple.com/", "has no usable host"),
        ("http://user:secret@example.com/", "user name or password"),
        ("http://user@example.com/", "user name or password"),
        ("http://@example.com/", "user name or password"),
        ("http://example.com:0/", "has no usable port"),
        ("http://example.com:99999/", "is not a URL"),
        ("http://example.com:port/", "is not a URL"),
        ("http://[::1/", "is not a URL"),
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
        checked_url(url, param="webhook_url")

    assert refusal.value.param == "webhook_url"


def test_event_names_are_kept_in_order_without_repetition() -> None:
    assert checked_events(["payment.failed", "payment.created", "payment.failed"]) == (
        "payment.failed",
        "payment.created",
    )


def test_all_events_need_no_others() -> None:
    assert checked_events(["payment.failed", "*"]) == ("*",)


@pytest.mark.parametrize("names", [[], ["payment.exploded"], ["payment.*"], ["ping"], [""]])
def test_what_is_no_event_is_refused(names: list[str]) -> None:
    with pytest.raises(InvalidFieldError) as refusal:
        checked_events(names)

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
