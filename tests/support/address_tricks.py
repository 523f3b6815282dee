"""Ways to make a webhook go where it must not, as data: how a URL is written, and what its name leads to.

Each trick says in which mode it is played and at which of the trap's addresses, if any, it may come out. The
modes: `local` is bound to a loopback address, `team` to all of them, `listed` is a team's with `ALLOW`.
No trick leads to a public address: in its place stands a listed one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Final, Literal

Mode = Literal["local", "team", "listed"]

ALLOW: Final = "127.0.0.5, hooks.test, 10.20.0.0/16"
SETTINGS: Final[Mapping[Mode, Mapping[str, str]]] = {
    "local": {"host": "127.0.0.1"},
    "team": {"host": "0.0.0.0"},
    "listed": {"host": "0.0.0.0", "webhook_allow": ALLOW},
}
TRAP_ADDRESSES: Final = ("127.0.0.1", "127.0.0.2", "127.0.0.5", "127.9.9.9", "::1")
"""Where the trap listens, all on one port."""

_LOOPBACK: Final = IPv4Address("127.0.0.1")
_METADATA: Final = IPv4Address("169.254.169.254")
_ALIBABA: Final = IPv4Address("100.100.100.200")
_ZERO: Final = IPv4Address("0.0.0.0")


@dataclass(frozen=True, slots=True)
class Trick:
    """`url` has `{port}` where the trap's port goes. The n-th look-up of any name in it gives `answers[n]`,
    later ones the last. `comes_out_at`: the trap's addresses it may reach; it has to reach one of them.
    """

    name: str
    mode: Mode
    url: str
    answers: tuple[tuple[str, ...], ...] = ()
    comes_out_at: frozenset[str] = frozenset()


def spellings(address: IPv4Address) -> dict[str, str]:
    """An IPv4 address as a URL's host, in every way somebody may take for it; the usual one first."""
    a, b, c, d = address.packed
    whole, low24, low16 = int(address), (b << 16) | (c << 8) | d, (c << 8) | d
    usual, groups = str(address), f"{whole >> 16:x}:{whole & 0xFFFF:x}"
    inverted = f"{(~whole >> 16) & 0xFFFF:x}:{~whole & 0xFFFF:x}"
    wide = "".join(chr(ord(sign) + 0xFEE0) if sign.isdigit() else sign for sign in usual)
    arabic = "".join(chr(ord("\u0660") + int(sign)) if sign.isdigit() else sign for sign in usual)
    return {
        "usual": usual,
        "decimal": str(whole),
        "hex": hex(whole),
        "hex in capitals": f"0X{whole:X}",
        "octal": f"0{whole:o}",
        "hex parts": ".".join(hex(part) for part in (a, b, c, d)),
        "octal parts": ".".join(f"0{part:o}" for part in (a, b, c, d)),
        "padded octal parts": ".".join(f"{part:05o}" for part in (a, b, c, d)),
        "padded decimal parts": ".".join(f"{part:04d}" for part in (a, b, c, d)),
        "two parts": f"{a}.{low24}",
        "three parts": f"{a}.{b}.{low16}",
        "mixed parts": f"{hex(a)}.0{b:o}.{low16}",
        "overflowing": str(whole + 2**32),
        "dot at the end": f"{usual}.",
        "hex, dot at the end": f"{hex(whole)}.",
        "percent-encoded": "".join(f"%{ord(sign):02x}" for sign in usual),
        "percent-encoded dot": usual.replace(".", "%2e"),
        "in brackets": f"[{usual}]",
        "mapped": f"[::ffff:{usual}]",
        "mapped, in groups": f"[::ffff:{groups}]",
        "mapped, in full": f"[0:0:0:0:0:FFFF:{groups}]",
        "mapped, with a zone": f"[::ffff:{usual}%25lo]",
        "compatible": f"[::{usual}]",
        "translated": f"[::ffff:0:{usual}]",
        "NAT64": f"[64:ff9b::{usual}]",
        "NAT64 in groups": f"[64:ff9b::{groups}]",
        "local NAT64": f"[64:ff9b:1::{usual}]",
        "6to4": f"[2002:{groups}::1]",
        "Teredo's client": f"[2001:0:5db8:d822:0:0:{inverted}]",
        "Teredo's server": f"[2001:0:{groups}:0:0:a247:27dd]",
        "ISATAP": f"[fd12::5efe:{usual}]",
        "ISATAP, universal": f"[fd12::200:5efe:{usual}]",
        "full-width digits": wide,
        "arabic digits": arabic,
        "ideographic dots": usual.replace(".", "\u3002"),
        "full-width dots": usual.replace(".", "\uff0e"),
        "half-width dots": usual.replace(".", "\uff61"),
        "zero-width space": usual.replace(".", ".\u200b", 1),
        "soft hyphen": usual.replace(".", ".\u00ad", 1),
        "tab": usual.replace(".", ".\t", 1),
    }


def tricks() -> list[Trick]:
    """All of them; each has another name."""
    return [*_spelt(), *_written(), *_named(), *_led()]


def _spelt() -> Iterator[Trick]:
    """Addresses in disguise; in local mode those that are closed there too."""
    closed: tuple[tuple[Mode, tuple[IPv4Address, ...]], ...] = (
        ("team", (_LOOPBACK, _METADATA)),
        ("listed", (_LOOPBACK,)),
        ("local", (_METADATA, _ALIBABA, _ZERO)),
    )
    for mode, addresses in closed:
        for address in addresses:
            for how, host in spellings(address).items():
                url = f"http://{host}:{{port}}/"
                # with a resolver that understands every spelling
                yield Trick(f"{mode}: {address}, {how}", mode, url, ((str(address),),))
    for mode in ("team", "listed", "local"):
        for host in (
            "[::]",
            "[fe80::1%25lo]",
            "[fe80::a9fe:a9fe]",
            "[fd00:ec2::254]",
            "[ff02::1]",
            "[fec0::1]",
        ):
            yield Trick(f"{mode}: {host}", mode, f"http://{host}:{{port}}/")
    for host in ("[::1]", "[0:0:0:0:0:0:0:1]", "[::0001]", "[fd00::2]", "127.9.9.9", "192.0.2.2", "10.0.0.5"):
        yield Trick(f"team: {host}", "team", f"http://{host}:{{port}}/")


def _written() -> Iterator[Trick]:
    """URLs that one reader takes to lead elsewhere than another does; `hooks.test` is open, 127.0.0.1 not."""
    urls = {
        "user": "http://hooks.test@127.0.0.1:{port}/",
        "user and password": "http://hooks.test:80@127.0.0.1:{port}/",
        "two users": "http://a@hooks.test@127.0.0.1:{port}/",
        "encoded user": "http://hooks.test%40127.0.0.1:{port}/",
        "user after": "http://127.0.0.1:{port}@hooks.test/",
        "backslash": "http://127.0.0.1:{port}\\@hooks.test/",
        "backslashes for slashes": "http:\\\\127.0.0.1:{port}\\",
        "backslash before user": "http://hooks.test\\@127.0.0.1:{port}/",
        "fragment before user": "http://hooks.test#@127.0.0.1:{port}/",
        "fragment": "http://127.0.0.1:{port}#@hooks.test/",
        "one slash": "http:/127.0.0.1:{port}/",
        "three slashes": "http:///127.0.0.1:{port}/",
        "no slash": "http:127.0.0.1:{port}/",
        "no scheme": "//127.0.0.1:{port}/",
        "only an address": "127.0.0.1:{port}",
        "another scheme": "gopher://127.0.0.1:{port}/",
        "ws": "ws://127.0.0.1:{port}/",
        "scheme in scheme": "http://http://127.0.0.1:{port}/",
        "line break": "http://hooks.test\r\n@127.0.0.1:{port}/",
        "line break in the host": "http://127.0.0.1\n:{port}/",
        "tab in the scheme": "ht\ttp://127.0.0.1:{port}/",
        "space before": " http://127.0.0.1:{port}/",
        "space in the host": "http://127.0.0.1 .hooks.test:{port}/",
        "nul": "http://127.0.0.1\0.hooks.test:{port}/",
        "two ports": "http://127.0.0.1:{port}:80/",
        "signed port": "http://127.0.0.1:+{port}/",
        "comma": "http://127.0.0.1,hooks.test:{port}/",
        "semicolon": "http://127.0.0.1;hooks.test:{port}/",
        "brackets around all": "http://[127.0.0.1:{port}]/",
        "brackets within": "http://hooks.test[127.0.0.1]:{port}/",
        "capitals": "HTTP://127.0.0.1:{port}/",
        "https": "https://127.0.0.1:{port}/",
        "query at once": "http://127.0.0.1:{port}?hooks.test/",
        "long s in the scheme": "http\u017f://127.0.0.1:{port}/",
    }
    for how, url in urls.items():
        yield Trick(f"written: {how}", "listed", url, (("127.0.0.2",),))


def _named() -> Iterator[Trick]:
    """Names by which a machine knows itself, and names like a listed one."""
    for number, name in enumerate(
        (
            "localhost",
            "LOCALHOST",
            "localhost.",
            "LocalHost.",
            "app.localhost",
            "a.b.LOCALHOST",
            "\uff4cocalhost",
        )
    ):
        yield Trick(
            f"team: the name {name} ({number})", "team", f"http://{name}:{{port}}/", (("127.0.0.1",),)
        )
    for name in (
        "hooks.test.evil.test",
        "evil-hooks.test",
        "sub.hooks.test",
        "hooks.tes",
        "hook\u0455.test",
        "hooks.test.localhost",
        "hooks-test",
    ):
        yield Trick(f"listed: the name {name}", "listed", f"http://{name}:{{port}}/", (("127.0.0.2",),))
    # The listed name opens what it leads to, however it is written, but not what is never open.
    for name in ("hooks.test", "HOOKS.Test", "hooks.test.", "hook\uff53.test"):
        url = f"http://{name}:{{port}}/"
        yield Trick(f"listed: {name}", "listed", url, (("127.0.0.2",),), frozenset({"127.0.0.2"}))
        yield Trick(f"listed: {name} to metadata", "listed", url, (("169.254.169.254",),))
        yield Trick(f"listed: {name} to nowhere", "listed", url, (("0.0.0.0", "::"),))


_LOOKED_UP: Final = (
    *("127.0.0.1", "127.0.0.2", "127.9.9.9", "::1", "::ffff:127.0.0.1", "::ffff:7f00:1", "::127.0.0.1"),
    *("0.0.0.0", "::", "64:ff9b::7f00:1", "64:ff9b:1::7f00:1", "2002:7f00:1::1", "fd12::5efe:7f00:1"),
    *("10.0.0.5", "192.168.1.1", "172.17.0.1", "100.64.0.1", "fd00::2", "2001:0:5db8:d822:0:0:80ff:fffe"),
    # what a resolver should not give, and a socket would look up once more
    *("127.1", "2130706433", "0x7f.1", "localhost", "127.0.0.1%lo", "::1%lo"),
)
_NEVER_LOOKED_UP: Final = (
    *("169.254.169.254", "100.100.100.200", "192.0.0.192", "168.63.129.16", "fd00:ec2::254", "fe80::1%lo"),
    *("::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "0.0.0.0", "::", "224.0.0.1", "255.255.255.255"),
    *("127.1", "localhost"),
)


def _led() -> Iterator[Trick]:
    """Harmless names that lead where they must not, at once or later; 127.0.0.5 is open when listed."""
    url, listed = "http://name.test:{port}/", frozenset({"127.0.0.5"})
    for address in _LOOKED_UP:
        yield Trick(f"team: a name for {address}", "team", url, ((address,),))
        yield Trick(
            f"listed: first open, then {address}", "listed", url, (("127.0.0.5",), (address,)), listed
        )
        yield Trick(f"listed: open and {address}", "listed", url, (("127.0.0.5", address),), listed)
        yield Trick(f"listed: {address} and open", "listed", url, ((address, "127.0.0.5"),), listed)
    for address in _NEVER_LOOKED_UP:
        yield Trick(f"local: a name for {address}", "local", url, ((address,),))
    yield Trick("team: many private addresses", "team", url, (("127.0.0.1", "127.0.0.2", "::1", "10.0.0.5"),))
    # so that the trap itself is known to work
    for address in ("127.0.0.1", "127.9.9.9", "::1"):
        at = frozenset({address})
        yield Trick(f"local: a name for {address}, open", "local", url, ((address,),), at)
    yield Trick("local: mapped, open", "local", url, (("::ffff:127.0.0.1",),), frozenset({"127.0.0.1"}))
    yield Trick("listed: 127.0.0.5, open", "listed", "http://127.0.0.5:{port}/", (), listed)
