"""Which addresses webhooks may go to, in both modes."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kessai.domain.destinations import ALLOWED_MAX, Destinations

LOCAL = Destinations(is_local=True)
TEAM = Destinations(is_local=False)
LISTED = Destinations.listed("10.1.0.0/16, 127.0.0.9, fd12::/16, Hooks.Internal.", is_local=False)
EVERYTHING = Destinations.listed("0.0.0.0/0, ::/0, metadata.internal", is_local=False)

PUBLIC = ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "2a00:1450:4001::200e", "64:ff9b::8.8.8.8"]
PRIVATE = [
    "127.0.0.1",
    "127.255.255.254",
    "10.0.0.5",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "192.0.0.8",
    "192.0.2.1",
    "198.18.0.1",
    "192.88.99.1",
    "::1",
    "fd00::1",
    "2001:db8::1",
    "3fff::1",
    "2001:20::1",
    "::ffff:10.0.0.5",
    "::ffff:127.0.0.1",
    "64:ff9b::10.0.0.5",
    "2002:0a00:0005::1",
    "2001:0:808:808:0:0:f5ff:fffa",
    "2606:4700::5efe:10.0.0.5",
    "2606:4700::200:5efe:10.0.0.5",
]
NEVER = [
    "169.254.169.254",
    "169.254.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "0.0.0.0",
    "0.1.2.3",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "fe80::a9fe:a9fe%1",
    "febf::1",
    "fec0::1",
    "ff02::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "::ffff:169.254.169.254",
    "::ffff:0.0.0.0",
    "::169.254.169.254",
    "::8.8.8.8",
    "::ffff:0:8.8.8.8",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::a9fe:a9fe",
    "64:ff9b:1::808:808",
    "2002:a9fe:a9fe::1",
    "2001:0:808:808:0:0:5601:5601",
    "2001:0:a9fe:a9fe:0:0:f7f7:f7f7",
    "2606:4700::5efe:a9fe:a9fe",
    "fd12::5efe:169.254.169.254",
    "4000::1",
    "100::1",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_open_to_all(address: str) -> None:
    assert LOCAL.refusal(address) is None
    assert TEAM.refusal(address) is None


@pytest.mark.parametrize("address", PRIVATE)
def test_private_ones_are_open_on_ones_own_machine_only(address: str) -> None:
    assert LOCAL.refusal(address) is None
    assert "list it in WEBHOOK_ALLOW" in (TEAM.refusal(address) or "")
    assert EVERYTHING.refusal(address) is None


@pytest.mark.parametrize("destinations", [LOCAL, TEAM, EVERYTHING], ids=["local", "team", "all listed"])
@pytest.mark.parametrize("address", NEVER)
def test_some_are_never_open(address: str, destinations: Destinations) -> None:
    assert destinations.refusal(address) is not None
    assert destinations.refusal(address, host="metadata.internal") is not None


def test_a_refusal_says_what_is_wrong_and_what_to_do() -> None:
    assert TEAM.refusal("10.0.0.5") == (
        "may not connect to 10.0.0.5: a private address; list it in WEBHOOK_ALLOW"
    )
    assert TEAM.refusal("::ffff:10.0.0.5") == (
        "may not connect to ::ffff:a00:5: it leads to 10.0.0.5, a private address; list it in WEBHOOK_ALLOW"
    )
    assert LOCAL.refusal("169.254.169.254") == (
        "may not connect to 169.254.169.254: a link-local address, where clouds keep their metadata"
    )


def test_what_an_operator_lists_is_open_and_no_more() -> None:
    assert LISTED.refusal("10.1.255.255") is None
    assert LISTED.refusal("::ffff:10.1.0.1") is None
    assert LISTED.refusal("127.0.0.9") is None
    assert LISTED.refusal("fd12::1") is None
    assert LISTED.refusal("10.2.0.0") is not None
    assert LISTED.refusal("127.0.0.1") is not None


def test_a_listed_name_opens_the_addresses_it_leads_to_for_itself() -> None:
    assert LISTED.refusal("10.9.9.9", host="hooks.internal") is None
    assert LISTED.refusal("10.9.9.9", host="other.internal") is not None
    assert LISTED.refusal("10.9.9.9") is not None


@pytest.mark.parametrize(
    "text", ["", "localhost", "127.1", "010.0.0.5", "0x7f.0.0.1", "127.0.0.1 ", "10.0.0.5:80"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    assert "not an address" in (LOCAL.refusal(text) or "")


@given(st.integers(0, 2**32 - 1).map(IPv4Address))
def test_no_address_that_python_takes_for_private_is_open_to_a_team(address: IPv4Address) -> None:
    if not address.is_global:
        assert TEAM.refusal(str(address)) is not None


@given(st.integers(0, 2**128 - 1).map(IPv6Address))
def test_nor_one_of_version_6(address: IPv6Address) -> None:
    if not address.is_global:
        assert TEAM.refusal(str(address)) is not None


@given(st.integers(0, 2**32 - 1), st.sampled_from(["::ffff:0:0", "64:ff9b::"]))
def test_an_address_in_disguise_is_judged_as_what_it_is(number: int, prefix: str) -> None:
    disguised = str(IPv6Address(int(ip_address(prefix)) + number))

    for destinations in (LOCAL, TEAM, LISTED):
        plain = destinations.refusal(str(IPv4Address(number)))
        assert (destinations.refusal(disguised) is None) == (plain is None)


@pytest.mark.parametrize(
    ("allowed", "problem"),
    [
        ("10.0.0.5/8", "an address within a network: write 10.0.0.0/8"),
        ("10.0.0.0/33", "no network such as"),
        ("http://hooks.internal", "no network such as"),
        ("hooks.internal:8080", "no usable host"),
        ("*.internal", "no usable host"),
        ("127.1", "unusual form"),
        ("two words", "no usable host"),
        ("169.254.0.0/16", "never connected to"),
        ("10.0.0.0/8, 169.254.169.254", "never connected to"),
        ("fe80::/10", "never connected to"),
        ("0.0.0.0", "never connected to"),
        (",".join(["10.0.0.1"] * (ALLOWED_MAX + 1)), "more than"),
    ],
)
def test_what_cannot_be_listed_is_refused_with_what_to_write(allowed: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Destinations.listed(allowed, is_local=False)


def test_an_empty_list_lists_nothing() -> None:
    assert Destinations.listed(" , ", is_local=False) == TEAM
