"""Whatever is signed verifies; whatever is altered by one bit does not, and the reason is said."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from kessai.dialects.native.signing import new_secret, sign
from kessai.dialects.native.verification import Message, Verdict, verify
from kessai.services.verification import Evidence

Pairs = tuple[tuple[str, str], ...]

NATIVE_HEADERS = ("X-Webhook-Signature",)
STANDARD_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")

moments = st.integers(0, 7_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
secrets = st.one_of(
    st.binary(min_size=24, max_size=64).map(new_secret),
    st.text("abcdefghijklmnopqrstuvwxyz0123456789-_/+=", min_size=8, max_size=40),
)
bodies = st.binary(max_size=300)


def signed(body: bytes, secret: str, at: datetime) -> Pairs:
    event_id = "0199d3c2-5f00-7000-8000-0000000000e2"
    return sign(body, [secret], event_id=event_id, event_type="ping", attempt=1, at=at)


def verdicts(body: bytes, pairs: Pairs, secret: str, at: datetime) -> dict[str, Verdict]:
    return {each.scheme: each for each in verify(Message(body, pairs, at), Evidence((secret,)))}


def is_explained(verdict: Verdict) -> bool:
    """Whether a scheme fails, and says in its last step what to do."""
    last = verdict.steps[-1]
    return not verdict.valid and not last.ok and bool(last.message) and bool(last.hint)


@given(body=bodies, secret=secrets, at=moments)
def test_what_is_signed_verifies(body: bytes, secret: str, at: datetime) -> None:
    found = verdicts(body, signed(body, secret, at), secret, at)

    assert list(found) == ["native", "standard_webhooks"]
    assert all(each.valid for each in found.values())


@given(body=bodies.filter(bool), secret=secrets, at=moments, data=st.data())
def test_a_bit_of_the_body_that_is_flipped_is_found_by_both(
    body: bytes, secret: str, at: datetime, data: st.DataObject
) -> None:
    pairs = signed(body, secret, at)
    place, bit = data.draw(st.integers(0, len(body) - 1)), data.draw(st.integers(0, 7))
    altered = body[:place] + bytes([body[place] ^ 1 << bit]) + body[place + 1 :]

    assert all(is_explained(each) for each in verdicts(altered, pairs, secret, at).values())


@settings(max_examples=300)
@given(body=bodies, secret=secrets, at=moments, data=st.data())
def test_a_bit_of_a_signed_header_that_is_flipped_is_found(
    body: bytes, secret: str, at: datetime, data: st.DataObject
) -> None:
    pairs = signed(body, secret, at)
    name = data.draw(st.sampled_from(NATIVE_HEADERS + STANDARD_HEADERS))
    value = dict(pairs)[name]
    place, bit = data.draw(st.integers(0, len(value) - 1)), data.draw(st.integers(0, 6))
    altered = value[:place] + chr(ord(value[place]) ^ 1 << bit) + value[place + 1 :]
    changed = tuple((each, altered if each == name else kept) for each, kept in pairs)

    found = verdicts(body, changed, secret, at)

    concerned, other = (
        ("native", "standard_webhooks") if name in NATIVE_HEADERS else ("standard_webhooks", "native")
    )
    assert is_explained(found[concerned])
    assert found[other].valid


@given(
    body=st.binary(max_size=100),
    pairs=st.lists(
        st.tuples(
            st.sampled_from(
                [*NATIVE_HEADERS, *STANDARD_HEADERS, "Stripe-Signature", "X-Razorpay-Signature", "HTTP_X", ""]
            )
            | st.text(max_size=30),
            st.text(max_size=80) | st.from_regex(r"t=[0-9]{1,14},v1=[0-9a-f]{60,66}", fullmatch=True),
        ),
        max_size=8,
    ),
    secret=st.text(min_size=1, max_size=30),
    at=moments,
)
def test_anything_at_all_gets_an_answer(
    body: bytes, pairs: list[tuple[str, str]], secret: str, at: datetime
) -> None:
    found = verify(Message(body, pairs, at), Evidence((secret,)))

    assert found
    for verdict in found:
        assert verdict.valid or is_explained(verdict)
