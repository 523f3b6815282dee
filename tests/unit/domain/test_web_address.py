"""What a URL is taken to mean, and what is not taken for one."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kessai.domain.web_address import WebAddress, canonical_name, web_address


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://localhost:3000/webhooks", WebAddress(False, "localhost", 3000, "/webhooks")),
        ("https://example.com", WebAddress(True, "example.com", 443, "/")),
        ("HTTP://Example.COM./A?b=c", WebAddress(False, "example.com", 80, "/A?b=c")),
        ("http://example.com?b=c", WebAddress(False, "example.com", 80, "/?b=c")),
        ("http://127.0.0.1:8080/", WebAddress(False, "127.0.0.1", 8080, "/")),
        ("http://[0:0::1]:8080/", WebAddress(False, "::1", 8080, "/")),
        ("http://my_app-1:80/", WebAddress(False, "my_app-1", 80, "/")),
        ("http://bücher.example/ß?é", WebAddress(False, "xn--bcher-kva.example", 80, "/%C3%9F?%C3%A9")),
        ("http://a/%41%zz<|>", WebAddress(False, "a", 80, "/%41%25zz%3C%7C%3E")),
        ("http://a/user@example.com:80/", WebAddress(False, "a", 80, "/user@example.com:80/")),
    ],
)  # fmt: skip
def test_a_url_is_taken_apart(url: str, address: WebAddress) -> None:
    assert web_address(url) == address


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("http://example.com:80/", "example.com"),
        ("https://example.com:80/", "example.com:80"),
        ("http://[::1]/", "[::1]"),
        ("https://[::1]:8443/", "[::1]:8443"),
    ],
)
def test_the_port_is_named_only_where_it_is_not_the_usual_one(url: str, authority: str) -> None:
    assert web_address(url).authority == authority


@pytest.mark.parametrize(
    "host",
    [
        "2130706433",
        "017700000001",
        "0x7f000001",
        "0x7F.1",
        "127.1",
        "127.0.1",
        "0177.0.0.1",
        "127.0.0.01",
        "127.0.0.1.",
        "127.0.0.0x1",
        "1.2.3.4.5",
        "256.0.0.1",
        "127.0.0.1.1",
        "0x",
        "\N{FULLWIDTH DIGIT ONE}27.0.0.1",
        "127\N{IDEOGRAPHIC FULL STOP}0\N{FULLWIDTH FULL STOP}0.1",
        "\N{CIRCLED DIGIT ONE}\N{CIRCLED DIGIT TWO}\N{CIRCLED DIGIT SEVEN}.0.0.1",
        "\N{ARABIC-INDIC DIGIT ONE}27.0.0.1",
        "127.0.0.%31",
        "[127.0.0.1]",
        "[::1",
        "::1",
        "[::1%lo]",
        "[::1%25lo]",
        "[fe80::1%eth0]",
        "[::g]",
        "faß.de",
        "a..b",
        ".a",
        "-",
        "-a",
        "a-",
        "a*b",
        "a,b",
        "",
        "x" * 64,
        ("x" * 60 + ".") * 5,
        "\N{SNOWMAN}" * 80,
    ],
)
def test_a_host_that_could_be_read_in_two_ways_is_none(host: str) -> None:
    with pytest.raises(ValueError, match=r"^has "):
        web_address(f"http://{host}/")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:3000",
        "//example.com/",
        "http:/example.com/",
        "http:example.com",
        "http:\\\\example.com\\",
        "http:/\\example.com",
        "http://a/\\@b/",
        "https",
        "gopher://example.com/",
        "file:///etc/passwd",
        "unix:///run/docker.sock",
        "http+unix://%2Frun%2Fdocker.sock/",
        "http\N{LATIN SMALL LETTER LONG S}://example.com/",
        "http://a@b/",
        "http://a:b@c/",
        "http://example.com\\@127.0.0.1/",
        "http://127.0.0.1\\@example.com/",
        "http://example.com\t/",
        "http://exam\nple.com/",
        "http://example.com/\r\nHost: x",
        "http://example.com/\N{NO-BREAK SPACE}",
        "http://example.com/\N{ZERO WIDTH SPACE}",
        "http://example.com#@127.0.0.1/",
        "http://example.com:80:80/",
        "http://example.com:+80/",
        "http://example.com:\N{ARABIC-INDIC DIGIT EIGHT}/",
        "http://example.com:000080/",
        "http://example.com:65536/",
        "http://example.com:0/",
    ],
)
def test_what_is_no_url_to_post_to(url: str) -> None:
    with pytest.raises(ValueError, match=r"^(has|must) "):
        web_address(url)


@given(st.text(max_size=40))
def test_whatever_the_host_its_form_is_stable_and_harmless(text: str) -> None:
    try:
        address = web_address(f"http://{text}/")
    except ValueError:
        return
    # what is dialled is plain ASCII, and means itself when it is read again
    assert address.host.isascii()
    assert address.host.isprintable()
    assert not set(address.host) & set("@/\\?#%[] ")
    assert web_address(f"http://{address.authority}/").host == address.host
    if address.is_literal:
        assert str(ip_address(address.host)) == address.host


@given(st.text(max_size=60))
def test_whatever_the_path_it_stays_on_its_line(text: str) -> None:
    try:
        target = web_address(f"http://example.com/{text}").target
    except ValueError:
        return
    assert target.isascii()
    assert target.isprintable()
    assert " " not in target


def test_a_name_has_one_form() -> None:
    assert canonical_name("BÜCHER.Example.") == "xn--bcher-kva.example"
