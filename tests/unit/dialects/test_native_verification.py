"""What a message's signatures say, step by step: the worked examples, and everything that goes wrong."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest

from kessai.dialects.native.signature_schemes import Step
from kessai.dialects.native.signing import sign
from kessai.dialects.native.verification import Message, Verdict, event_ids, verify
from kessai.services.verification import Evidence, OtherSecret

BODY = b'{"event":"ping"}'
AT = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)  # 1700000000
WHSEC = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
HEX = "2e2c477dba4ef8b1425246164b6853ed593e8ddbe5b92754d3788274aacbd351"
STRIPE_HEX = "388e35c76d21a7118af813e96dab626208560bf7fa2c91b5dc9c422f6b54a9e9"
STANDARD = {
    "webhook-id": "msg_test1",
    "webhook-timestamp": "1700000000",
    "webhook-signature": "v1,VUKLInVc9Za6+Xl2PKu1Vy+OON4W5cUEb8Mx5SYDC9A=",
}


def verdicts(
    headers: dict[str, str] | list[tuple[str, str]],
    *secrets: str,
    body: bytes = BODY,
    at: datetime = AT,
    others: tuple[OtherSecret, ...] = (),
    sent: bytes | None = None,
) -> dict[str, Verdict]:
    """The verdict of each scheme that was tried."""
    pairs = list(headers.items()) if isinstance(headers, dict) else headers
    found = verify(Message(body, pairs, at), Evidence(secrets or ("topsecret",), others, sent))
    return {each.scheme: each for each in found}


def failure(verdict: Verdict) -> Step:
    """The step that failed: the last one, and the only one that did."""
    *before, last = verdict.steps
    assert all(step.ok and step.hint is None for step in before)
    assert not last.ok
    assert last.hint
    assert not verdict.valid
    return last


def native_failure(signature: str, *secrets: str, body: bytes = BODY) -> Step:
    return failure(verdicts({"X-Webhook-Signature": signature}, *secrets, body=body)["native"])


def standard_failure(**changed: str) -> Step:
    headers = {**STANDARD, **{f"webhook-{name}": value for name, value in changed.items()}}
    return failure(verdicts(headers, WHSEC)["standard_webhooks"])


def stripe_failure(header: str, at: datetime = AT) -> Step:
    return failure(verdicts({"Stripe-Signature": header}, WHSEC, at=at)["stripe"])


def hex_of(key: bytes, body: bytes = BODY) -> str:
    return hmac.digest(key, body, hashlib.sha256).hex()


# The worked examples


@pytest.mark.parametrize(
    ("scheme", "headers", "secret", "steps"),
    [
        ("native", {"X-Webhook-Signature": HEX}, "topsecret", ["header", "format", "signature"]),
        ("razorpay", {"X-Razorpay-Signature": HEX}, "topsecret", ["header", "format", "signature"]),
        (
            "stripe",
            {"Stripe-Signature": f"t=1700000000,v1={STRIPE_HEX}"},
            WHSEC,
            ["header", "format", "timestamp", "signature", "age"],
        ),
        (
            "standard_webhooks",
            STANDARD,
            WHSEC,
            ["header", "header", "header", "format", "timestamp", "signature", "age"],
        ),
    ],
)
def test_the_worked_examples_verify(
    scheme: str, headers: dict[str, str], secret: str, steps: list[str]
) -> None:
    (tried,) = verdicts(headers, secret).items()

    assert tried[0] == scheme
    assert tried[1].valid
    assert [step.name for step in tried[1].steps] == steps


def test_what_is_signed_verifies_in_both_ways() -> None:
    pairs = sign(BODY, [WHSEC], event_id="e1", event_type="ping", attempt=1, at=AT)

    found = verdicts(list(pairs), WHSEC)

    assert list(found) == ["native", "standard_webhooks"]
    assert all(each.valid for each in found.values())


def test_names_have_no_case_and_values_no_space_around_them() -> None:
    assert verdicts({"x-WEBHOOK-signature": f" {HEX} "})["native"].valid


def test_other_headers_do_no_harm() -> None:
    assert verdicts({"Content-Type": "application/json", "X-" + "a" * 100: "", "X-Webhook-Signature": HEX})[
        "native"
    ].valid


def test_any_secret_in_force_will_do() -> None:
    assert verdicts({"X-Webhook-Signature": HEX}, "newer", "topsecret")["native"].valid


def test_an_event_is_known_by_two_headers() -> None:
    assert event_ids([("X-Webhook-Id", "a"), ("webhook-id", "b"), ("other", "c")]) == ("b", "a")
    assert event_ids([("X-Webhook-Id", "a"), ("webhook-id", "a")]) == ("a",)
    assert event_ids([]) == ()


# Headers


def test_without_any_signature_both_of_ours_are_missing() -> None:
    found = verdicts({"Content-Type": "application/json"})

    assert failure(found["native"]).message == "X-Webhook-Signature is missing"
    assert failure(found["standard_webhooks"]).message == "webhook-signature is missing"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("HTTP_X_WEBHOOK_SIGNATURE", "WSGI"),
        ("http_x_webhook_signature", "WSGI"),
        ("X_Webhook_Signature", "underscores"),
        ("X-Webhook-Signatur", "write X-Webhook-Signature"),
    ],
)
def test_what_comes_near_a_missing_header_is_named(name: str, hint: str) -> None:
    (step,) = verdicts({name: HEX})["native"].steps

    assert step.name == "header"
    assert step.message == f"X-Webhook-Signature is missing, but {name} is there"
    assert hint in (step.hint or "")


def test_a_header_that_came_twice_with_different_values_is_no_header() -> None:
    twice = [("X-Webhook-Signature", HEX), ("x-webhook-signature", "0" * 64)]

    assert "came 2 times" in failure(verdicts(twice)["native"]).message
    assert verdicts([twice[0], twice[0]])["native"].valid


def test_an_empty_header_is_told_of() -> None:
    assert native_failure("  ").message == "X-Webhook-Signature is empty"


def test_a_part_of_the_standard_headers_is_not_enough() -> None:
    headers = {name: value for name, value in STANDARD.items() if name != "webhook-id"}

    assert failure(verdicts(headers, WHSEC)["standard_webhooks"]).message == "webhook-id is missing"


# The form


@pytest.mark.parametrize(
    ("signature", "said"),
    [
        (HEX.upper(), "capital letters"),
        (f"sha256={HEX}", "begins with sha256="),
        (base64.b64encode(bytes.fromhex(HEX)).decode(), "is base64, not hex"),
        (HEX[:-1], "has 63 digits of hex"),
        (HEX + "00", "has 66 digits of hex"),
        (f"{HEX[:10]}g{HEX[11:]}", "is not hex: 'g' at position 11"),
        ("決", "is not hex: '\\u6c7a' at position 1"),
    ],
)
def test_a_signature_that_is_not_hex_is_told_how(signature: str, said: str) -> None:
    step = native_failure(signature)

    assert step.name == "format"
    assert said in step.message


@pytest.mark.parametrize(
    ("signature", "said"),
    [
        (HEX, "has no v1 signature"),
        ("v1a,AAAA", "has no v1 signature"),
        (f"v1,{HEX}", "is hex, not base64"),
        ("v1,", "is not the base64 of 32 bytes"),
        ("v1,VUKLInVc9Za6+Xl2PKu1Vy-OON4W5cUEb8Mx5SYDC9A=", "is not the base64 of 32 bytes"),
        ("v1,VUKLInVc9Za6+Xl2PKu1Vy+OON4W5cUEb8Mx5SYDC9B=", "not written as an encoder writes it"),
    ],
)
def test_a_standard_signature_of_another_form_is_told_how(signature: str, said: str) -> None:
    step = standard_failure(signature=signature)

    assert step.name == "format"
    assert said in step.message


def test_one_usable_standard_signature_among_others_is_enough() -> None:
    signature = f"v1a,AAAA v1,short {STANDARD['webhook-signature']}"

    assert verdicts({**STANDARD, "webhook-signature": signature}, WHSEC)["standard_webhooks"].valid


@pytest.mark.parametrize(
    ("header", "name", "said"),
    [
        (f"t=1700000000, v1={STRIPE_HEX}", "format", "space after a comma"),
        ("t=1700000000", "format", "has no v1"),
        (f"t=1700000000,v0={STRIPE_HEX}", "format", "v0 is not to be trusted"),
        ("t=1700000000,v1=abc", "format", "v1 of Stripe-Signature has 3 digits"),
        (f"v1={STRIPE_HEX}", "timestamp", "has no t"),
        (f"t=soon,v1={STRIPE_HEX}", "timestamp", "not a whole number of seconds"),
        (f"t=1700000000000,v1={STRIPE_HEX}", "timestamp", "in milliseconds"),
    ],
)
def test_a_stripe_header_of_another_form_is_told_how(header: str, name: str, said: str) -> None:
    step = stripe_failure(header)

    assert step.name == name
    assert said in step.message


def test_stripes_test_mode_element_is_passed_over() -> None:
    header = f"t=1700000000,v1={'0' * 64},v1={STRIPE_HEX},v0={'1' * 64}"

    assert verdicts({"Stripe-Signature": header}, WHSEC)["stripe"].valid


# Time


@pytest.mark.parametrize("written", ["2023-11-14T22:13:20Z", "1700000000.5", "-1", "01700000000", "\uff11"])
def test_a_timestamp_is_whole_seconds(written: str) -> None:
    step = standard_failure(timestamp=written)

    assert step.name == "timestamp"
    assert "not a whole number of seconds" in step.message


@pytest.mark.parametrize(("late_s", "said"), [(301, "too old"), (-301, "from the future")])
def test_a_message_has_to_be_of_its_time(late_s: int, said: str) -> None:
    at = AT + timedelta(seconds=late_s)

    step = failure(verdicts(STANDARD, WHSEC, at=at)["standard_webhooks"])

    assert step.name == "age"
    assert "sent 301 s" in step.message
    assert said in step.message


@pytest.mark.parametrize("late_s", [300, 0, -300])
def test_within_the_tolerance_it_is(late_s: int) -> None:
    assert verdicts(STANDARD, WHSEC, at=AT + timedelta(seconds=late_s))["standard_webhooks"].valid


def test_stripes_verifiers_look_at_the_past_only() -> None:
    header = f"t=1700000000,v1={STRIPE_HEX}"

    assert verdicts({"Stripe-Signature": header}, WHSEC, at=AT - timedelta(days=1))["stripe"].valid
    assert "too old" in stripe_failure(header, AT + timedelta(days=1)).message


# Secrets


@pytest.mark.parametrize(
    ("key", "given", "said"),
    [
        (b"topsecret", "topsecret\n", "the whole secret as text, without the white space around it"),
        (b"topsecret", '"topsecret"', "the whole secret as text, without the quotes around it"),
        (bytes(range(32)), WHSEC, "what the secret's base64 decodes to"),
        (bytes(range(32)), WHSEC + " ", "decodes to, without the white space around it"),
        (WHSEC.removeprefix("whsec_").encode(), WHSEC, "the text after whsec_"),
    ],
)
def test_the_secrets_other_form_is_recognised(key: bytes, given: str, said: str) -> None:
    step = native_failure(hex_of(key), given)

    assert step.name == "signature"
    assert said in step.message
    assert "the whole secret as text, whsec_ included" in (step.hint or "")


def test_the_whole_text_where_its_base64_is_meant_is_recognised() -> None:
    signed = b"msg_test1.1700000000." + BODY
    digest = hmac.digest(WHSEC.encode(), signed, hashlib.sha256)

    step = standard_failure(signature=f"v1,{base64.b64encode(digest).decode()}")

    assert step.message == "the signature was made with the whole secret as text"
    assert "decodes to" in (step.hint or "")


def test_a_secret_of_another_endpoint_is_recognised() -> None:
    others = (OtherSecret("unrelated", "a"), OtherSecret("topsecret", "the secret of your endpoint e2"))

    step = failure(verdicts({"X-Webhook-Signature": HEX}, "wrong", others=others)["native"])

    assert step.message == "the signature was made with the secret of your endpoint e2"


def test_the_secret_before_a_rotation_is_recognised() -> None:
    pairs = sign(BODY, ["newer", "topsecret"], event_id="e1", event_type="ping", attempt=1, at=AT)

    found = verdicts(list(pairs), "topsecret")

    assert "the one before" in failure(found["native"]).message
    assert found["standard_webhooks"].valid
    strange = [(name, "決") if name.endswith("Previous") else (name, value) for name, value in pairs]
    assert "neither" in failure(verdicts(strange, "wrong")["native"]).message


def test_a_previous_signature_of_a_third_secret_explains_nothing() -> None:
    pairs = sign(BODY, ["newer", "older"], event_id="e1", event_type="ping", attempt=1, at=AT)

    assert "neither" in failure(verdicts(list(pairs), "topsecret")["native"]).message


# Bodies


def json_of(text: str) -> tuple[bytes, str]:
    """A body and its signature."""
    body = text.encode()
    return body, hex_of(b"topsecret", body)


@pytest.mark.parametrize(
    ("sent", "received", "said"),
    [
        ('{"b":1,"a":"決済"}', '{"b": 1, "a": "決済"}', "parsed and written anew"),
        ('{"b":1,"a":"決済"}', '{"b":1,"a":"\\u6c7a\\u6e08"}', "parsed and written anew"),
        ('{"b":1,"a":"\\u6c7a"}', '{"b":1,"a":"決"}', "parsed and written anew"),
        ('{"a":1,"b":2}', '{"b":2,"a":1}', "parsed and written anew"),
        ('{"b": 1, "a": 2}', '{"b":1,"a":2}', "parsed and written anew"),
        ('{\n  "b": 1\n}', '{"b":1}', "parsed and written anew"),
        ('{"b":1}', '"{\\"b\\":1}"', "encoded as a JSON string"),
        ('{"b":1}', '{"b":1}\n', "given white space around it"),
        ('{"b":1}\n', '{"b":1}', "stripped of the line break at its end"),
        ('{"b":1}\r\n', '{"b":1}', "stripped of the line break at its end"),
        ('{\n"b":1\n}', '{\r\n"b":1\r\n}', "given line breaks of Windows"),
        ('{\r\n"b":1\r\n}', '{\n"b":1\n}', "stripped of its line breaks of Windows"),
        ('{"b":1}', '\ufeff{"b":1}', "given a byte order mark"),
        ('\ufeff{"b":1}', '{"b":1}', "stripped of its byte order mark"),
    ],
)
def test_a_body_that_was_written_anew_is_recognised(sent: str, received: str, said: str) -> None:
    _, signature = json_of(sent)

    step = native_failure(signature, body=received.encode())

    assert step.name == "signature"
    assert f"the body was {said} after it was signed" in step.message
    assert "they differ first at byte" in step.message
    assert "raw bytes" in (step.hint or "")


def test_the_first_difference_is_shown() -> None:
    _, signature = json_of('{"amount":1,"currency":"INR"}')

    step = native_failure(signature, body=b'{"amount": 1, "currency": "INR"}')

    assert "they differ first at byte 11" in step.message
    assert '\'{"amount":1,"currency"\' was sent' in step.message
    assert '\'{"amount": 1, "currenc\' was received (29 and 32 bytes in all)' in step.message


def test_a_body_that_was_altered_is_held_against_what_was_sent() -> None:
    sent, signature = json_of('{"amount":1000}')

    found = verdicts({"X-Webhook-Signature": signature}, body=b'{"amount":1001}', sent=sent)

    step = failure(found["native"])
    assert "not what was sent for this event" in step.message
    assert "at byte 14" in step.message
    assert "another one" not in step.message


def test_a_body_that_was_cut_off_is_held_against_what_was_sent() -> None:
    sent, signature = json_of('{"amount":1000}')

    found = verdicts({"X-Webhook-Signature": signature}, "wrong", body=sent[:-1], sent=sent)

    step = failure(found["native"])
    assert "and nothing more was received (15 and 14 bytes in all)" in step.message
    assert "the secret is another one besides" in step.message


def test_when_the_body_is_what_was_sent_the_secret_is_another_one() -> None:
    found = verdicts({"X-Webhook-Signature": HEX}, "wrong", sent=BODY)

    assert "byte for byte, so the secret is another one" in failure(found["native"]).message


@pytest.mark.parametrize(
    "body",
    [
        b"not JSON",
        b"",
        b"\xff",
        b'"\\ud800"',
        b"[" * 10_000,
        b"[" * 17 + b"]" * 17,
        b"1" * 5_000,
        b'{"a":"' + b"x" * 20_000 + b'"}',
    ],
)
def test_what_nobody_can_explain_is_said_so(body: bytes) -> None:
    step = native_failure(HEX, "wrong", body=body)

    assert "fits neither this secret nor any usual change of the body" in step.message


# Alterations


def test_a_signature_that_was_altered_is_recognised() -> None:
    step = native_failure("0" + HEX[1:])

    assert "differs in 1 of 64 letters" in step.message


@pytest.mark.parametrize(
    ("name", "altered"), [("webhook-id", "msg_test2"), ("webhook-timestamp", "1700000001")]
)
def test_an_altered_header_is_recognised_by_its_twin(name: str, altered: str) -> None:
    pairs = sign(BODY, [WHSEC], event_id="msg_test1", event_type="ping", attempt=1, at=AT)

    found = verdicts({**dict(pairs), name: altered}, WHSEC)

    assert f"{name} was altered" in failure(found["standard_webhooks"]).message
    assert found["native"].valid
