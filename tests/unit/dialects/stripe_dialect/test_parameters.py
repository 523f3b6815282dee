"""Parameters of the Stripe API: typed as its document says, and refused in its words' kind."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kessai.dialects.stripe.form import FormError, decode
from kessai.dialects.stripe.parameters import ParameterError, expandable, expansions, reader_for
from kessai.domain.errors import KessaiError
from tests.docs.stripe_coverage import coverage
from tests.docs.stripe_data import FOLDER, SPEC, made
from tests.support.real_card import REAL_CARD

CREATE = ("POST", "/v1/payment_intents")
NAMES = """
    amount currency confirm capture_method automatic_payment_methods payment_method payment_method_data
    customer description metadata off_session mandate_data payment_method_types shipping
    payment_method_options.card payment_method_options.pay_by_bank payment_method_options.link.capture_method
"""
SIMULATED = frozenset(NAMES.split())
READER = reader_for(*CREATE, SIMULATED)
OF_CARD = "payment_method_data[type]=card&payment_method_data[card]"


def read(form: str) -> dict[str, Any]:
    """What is read besides what every PaymentIntent needs."""
    found = READER.read(decode(f"amount=2000&currency=usd&{form}"))
    return {name: each for name, each in found.items() if name not in {"amount", "currency"}}


def refusal(form: str) -> ParameterError:
    with pytest.raises(ParameterError) as refused:
        read(form)
    return refused.value


def test_a_typical_create() -> None:
    form = "amount=2000&currency=usd&confirm=true&metadata[order]=7&automatic_payment_methods[enabled]=false"
    assert READER.read(decode(form)) == {
        "amount": 2000,
        "currency": "usd",
        "confirm": True,
        "metadata": {"order": "7"},
        "automatic_payment_methods": {"enabled": False},
    }


@pytest.mark.parametrize(
    ("form", "values"),
    [
        ("amount=-5", {}),
        ("confirm=false", {"confirm": False}),
        ("confirm=True", {"confirm": True}),
        ("confirm=False", {"confirm": False}),
        ("capture_method=manual", {"capture_method": "manual"}),
        ("metadata=", {"metadata": None}),
        ("metadata[a]=&metadata[b]=c", {"metadata": {"a": "", "b": "c"}}),
        ("payment_method_options[card]=", {"payment_method_options": {"card": None}}),
        ("payment_method_options[pay_by_bank]=", {"payment_method_options": {"pay_by_bank": None}}),
        (
            "payment_method_data[type]=alipay&payment_method_data[alipay]=",
            {"payment_method_data": {"type": "alipay", "alipay": {}}},
        ),
        (
            "payment_method_options[link][capture_method]=",
            {"payment_method_options": {"link": {"capture_method": None}}},
        ),
        ("expand[]=customer&expand[]=latest_charge", {"expand": ["customer", "latest_charge"]}),
        ("expand[0]=customer&expand[1]=latest_charge", {"expand": ["customer", "latest_charge"]}),
        ("expand[999999999]=b&expand[10]=d&expand[9]=c", {"expand": ["c", "d", "b"]}),
        ("payment_method_types[0]=card", {"payment_method_types": ["card"]}),
        ("off_session=true", {"off_session": True}),
        ("off_session=one_off", {"off_session": "one_off"}),
        (
            f"{OF_CARD}[number]=4242424242424242&payment_method_data[card][exp_month]=12"
            "&payment_method_data[card][exp_year]=2030",
            {
                "payment_method_data": {
                    "type": "card",
                    "card": {"number": "4242424242424242", "exp_month": 12, "exp_year": 2030},
                }
            },
        ),
        (
            f"{OF_CARD}[token]=tok_visa",
            {"payment_method_data": {"type": "card", "card": {"token": "tok_visa"}}},
        ),
        (
            "shipping[name]=J&shipping[address][line1]=1 Road",
            {"shipping": {"name": "J", "address": {"line1": "1 Road"}}},
        ),
    ],
)
def test_values_have_the_type_that_the_document_says(form: str, values: dict[str, Any]) -> None:
    assert read(form) == values


@pytest.mark.parametrize(
    ("form", "code", "param", "message"),
    [
        ("foo=1", "parameter_unknown", "foo", "Received unknown parameter: foo."),
        (
            "confirmm=1",
            "parameter_unknown",
            "confirmm",
            "Received unknown parameter: confirmm. Did you mean confirm?",
        ),
        (
            "payment_method_data[foo]=1",
            "parameter_unknown",
            "payment_method_data[foo]",
            "Received unknown parameter: payment_method_data[foo].",
        ),
        (
            f"{OF_CARD}[token]=t&payment_method_data[card][numbr]=1",
            "parameter_unknown",
            "payment_method_data[card][token]",
            "Received unknown parameter: payment_method_data[card][token].",
        ),
        ("amount=10.5", "parameter_invalid_integer", "amount", "Invalid integer: 10.5"),
        ("amount=1_0", "parameter_invalid_integer", "amount", "Invalid integer: 1_0"),
        ("amount=+%31", "parameter_invalid_integer", "amount", "Invalid integer:  1"),
        ("amount=%D9%A1", "parameter_invalid_integer", "amount", "Invalid integer: \u0661"),
        ("amount=1%0A", "parameter_invalid_integer", "amount", "Invalid integer: 1\n"),
        (f"amount=1{'0' * 18}", "parameter_invalid_integer", "amount", f"Invalid integer: 1{'0' * 18}"),
        (f"amount={'9' * 60_000}", "parameter_invalid_integer", "amount", "Invalid integer"),
        ("amount=", "parameter_invalid_empty", "amount", None),
        ("currency=", "parameter_invalid_empty", "currency", None),
        ("capture_method=", "parameter_invalid_empty", "capture_method", None),
        ("shipping=", "parameter_invalid_empty", "shipping", None),
        ("payment_method_types=", "parameter_invalid_empty", "payment_method_types", None),
        ("expand[]=", "parameter_invalid_empty", "expand[0]", None),
        (
            "capture_method=later",
            None,
            "capture_method",
            "Invalid capture_method: must be one of automatic, automatic_async, manual.",
        ),
        ("capture_method[a]=b", None, "capture_method", "Invalid string: 'capture_method' is a hash."),
        ("confirm=1", None, "confirm", "Invalid boolean: 1"),
        ("off_session=yes", None, "off_session", "Invalid boolean: yes"),
        (
            f"description={'x' * 1001}",
            None,
            "description",
            "Invalid string; must be at most 1000 characters",
        ),
        ("description[a]=1", None, "description", None),
        ("shipping=home", None, "shipping", "Invalid object: home"),
        ("shipping[]=home", None, "shipping", "Invalid object: 'shipping' is a list."),
        ("mandate_data=x", None, "mandate_data", "Invalid object: x"),
        ("expand=customer", None, "expand", "Invalid array: customer"),
        ("expand[a]=customer", None, "expand", "Invalid array: 'expand' is a hash."),
        ("expand[1234567890]=customer", None, "expand", "Invalid array: 'expand' is a hash."),
        ("metadata=x", None, "metadata", "Invalid object: x"),
        ("metadata[]=x", None, "metadata", "Invalid object: 'metadata' is a list."),
        ("shipping[name]=J", "parameter_missing", "shipping[address]", None),
        ("payment_method_data[card][token]=t", "parameter_missing", "payment_method_data[type]", None),
        (f"{OF_CARD}[number]=4", "parameter_missing", "payment_method_data[card][exp_month]", None),
        ("return_url=http://x", None, "return_url", "return_url is not simulated by kessai."),
        (
            "payment_method_options[alipay][setup_future_usage]=none",
            None,
            "payment_method_options[alipay]",
            "payment_method_options[alipay] is not simulated by kessai.",
        ),
        (
            "payment_method_options[link][setup_future_usage]=x",
            None,
            "payment_method_options[link][setup_future_usage]",
            None,
        ),
    ],
)
def test_refusals(form: str, code: str | None, param: str, message: str | None) -> None:
    refused = refusal(form)

    assert isinstance(refused, KessaiError)
    assert (refused.stripe_code, refused.param, refused.status) == (code, param, 400)
    assert message is None or refused.message == message


def test_what_is_required() -> None:
    with pytest.raises(ParameterError, match=r"Missing required param: currency\.") as refused:
        READER.read({"amount": "1"})
    assert (refused.value.stripe_code, refused.value.param) == ("parameter_missing", "currency")


def test_a_list_is_no_number() -> None:
    with pytest.raises(ParameterError, match="Invalid integer: 'amount' is a list") as refused:
        READER.read({"amount": ["1"], "currency": "usd"})
    assert refused.value.stripe_code == "parameter_invalid_integer"


def test_metadata_has_bounds() -> None:
    most = {f"{each:040}": "v" * 500 for each in range(50)}
    assert READER.read({"amount": "1", "currency": "usd", "metadata": most})["metadata"] == most
    assert "50 keys" in refusal("&".join(f"metadata[{each}]=v" for each in range(51))).message
    assert "40 characters" in refusal(f"metadata[{'k' * 41}]=v").message
    assert "500 characters" in refusal(f"metadata[k]={'v' * 501}").message
    assert "brackets" in refusal("metadata[k][l]=v").message


@pytest.mark.parametrize(
    "form",
    [
        f"confirm={REAL_CARD}x",
        f"{REAL_CARD}=1",
        f"metadata[{REAL_CARD}][x]=1",
        f"payment_method_data[{REAL_CARD}]=1",
        f"{'x' * 190}{REAL_CARD}=1",
        f"{'x' * 190}{'-'.join(REAL_CARD[place : place + 4] for place in (0, 4, 8, 12))}=1",
        f"amount={REAL_CARD}.5",
        f"capture_method={REAL_CARD}",
        f"shipping={REAL_CARD}",
    ],
)
def test_no_card_number_is_repeated(form: str) -> None:
    refused = refusal(form)

    for text in (refused.message, refused.param or ""):
        assert not "".join(each for each in text if each.isdigit()).startswith(REAL_CARD[:8]), text


def test_a_long_name_is_cut() -> None:
    refused = refusal("x" * 60_000 + "=1")

    assert len(refused.param or "") == 200
    assert len(refused.message) < 300


def test_long_lists_of_words_are_not_told_whole() -> None:
    reader = reader_for("POST", "/v1/webhook_endpoints", frozenset({"url", "enabled_events"}))

    assert reader.read(decode("url=http://a&enabled_events[]=*"))["enabled_events"] == ["*"]
    with pytest.raises(ParameterError, match=r"Did you mean charge\.succeeded\?") as refused:
        reader.read(decode("url=http://a&enabled_events[]=charge.succeded"))
    assert len(refused.value.message) < 200


def test_a_range_or_a_moment() -> None:
    reader = reader_for("GET", "/v1/payment_intents", frozenset({"created", "limit"}))

    assert reader.read(decode("created=5&limit=3")) == {"created": 5, "limit": 3}
    assert reader.read(decode("created[gte]=5&created[lt]=7")) == {"created": {"gte": 5, "lt": 7}}
    with pytest.raises(ParameterError, match=r"unknown parameter: created\[foo\]"):
        reader.read(decode("created[foo]=5"))
    with pytest.raises(ParameterError, match="customer is not simulated"):
        reader.read(decode("customer=cus_1"))


def test_maps_numbers_and_decimals() -> None:
    reader = reader_for(
        "POST", "/v1/prices", frozenset({"currency", "currency_options", "unit_amount_decimal"})
    )
    form = "currency=usd&unit_amount_decimal=1.5&currency_options[eur][unit_amount]=7"
    assert reader.read(decode(form)) == {
        "currency": "usd",
        "unit_amount_decimal": "1.5",
        "currency_options": {"eur": {"unit_amount": 7}},
    }
    for bad in ("unit_amount_decimal=1e5", "unit_amount_decimal=nan", "currency_options=5"):
        with pytest.raises(ParameterError):
            reader.read(decode(f"currency=usd&{bad}"))
    person = reader_for("POST", "/v1/accounts/{account}/persons", frozenset({"relationship"}))
    assert person.read(decode("relationship[percent_ownership]=12.5")) == {
        "relationship": {"percent_ownership": 12.5}
    }
    assert person.read(decode("relationship[percent_ownership]=")) == {
        "relationship": {"percent_ownership": None}
    }


def test_names_reach_through_lists_and_alternatives() -> None:
    session = reader_for("POST", "/v1/checkout/sessions", frozenset({"mode", "line_items.price"}))
    assert session.read(decode("line_items[0][price]=p")) == {"line_items": [{"price": "p"}]}
    with pytest.raises(ParameterError, match=r"line_items\[0\]\[quantity\] is not simulated"):
        session.read(decode("line_items[0][price]=p&line_items[0][quantity]=1"))
    of_cards = frozenset({"card.number", "card.exp_month", "card.exp_year", "card.token"})
    method = reader_for("POST", "/v1/payment_methods", of_cards)
    assert method.read(decode("card[token]=t")) == {"card": {"token": "t"}}
    with pytest.raises(ParameterError, match=r"card\[cvc\] is not simulated"):
        method.read(decode("card[cvc]=123"))


@pytest.mark.parametrize(
    ("path", "simulated"),
    [
        ("/v1/payment_intents", "foo"),
        ("/v1/payment_intents", "amount.x"),
        ("/v1/payment_intents", "capture_method.x"),
        ("/v1/payment_intents", "metadata.x"),
        ("/v1/payment_intents", "off_session.x"),
        ("/v1/payment_intents", "payment_method_options.card.foo"),
        ("/v1/payment_intents", "payment_method_types.x"),
        ("/v1/payment_intents/{intent}/confirm", "mandate_data.foo"),
        ("/v1/prices", "currency_options.usd"),
    ],
)
def test_a_name_that_the_document_lacks_is_a_mistake_of_ours(path: str, simulated: str) -> None:
    with pytest.raises(LookupError, match="nothing in the document"):
        reader_for("POST", path, frozenset({simulated}))


def test_an_operation_that_the_document_lacks_is_a_mistake_of_ours() -> None:
    with pytest.raises(LookupError):
        reader_for("POST", "/v1/payment_intent", frozenset())


def test_every_operation_expands() -> None:
    assert reader_for("DELETE", "/v1/customers/{customer}", frozenset()).read({"expand": ["a"]}) == {
        "expand": ["a"]
    }


def test_every_operation_has_a_reader() -> None:
    for name, tree in json.loads((FOLDER / "parameters.json").read_bytes())["operations"].items():
        method, path = name.split(" ")
        members = tree["object"] if isinstance(tree, dict) else []
        assert reader_for(method, path, frozenset()).read({}) == {}
        # What is required is missing, or nothing is; either way all of it has been made.
        with contextlib.suppress(ParameterError):
            reader_for(method, path, frozenset(members)).read({})


FORMS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *("amount", "metadata", "metadata[a]", "metadata[a][b]", "expand", "expand[]", "expand[0]"),
                *("shipping", "shipping[name]", "shipping[]", "mandate_data[customer_acceptance][type]"),
                *("payment_method_data[card][number]", "payment_method_options[card]", "off_session", "foo"),
            ]
        ),
        st.sampled_from(["", "1", "-1", "true", "card", "x" * 6000, "4242424242424242", "1.5", "é"]),
    ),
    max_size=8,
)


@given(FORMS)
def test_any_form_is_read_or_refused(pairs: list[tuple[str, str]]) -> None:
    form = "&".join(f"{name}={value}" for name, value in pairs)
    try:
        values = decode(form)
    except FormError:
        return
    try:
        found = READER.read(values)
    except ParameterError as refused:
        told = refused.message
    else:
        told = ""
        assert found.keys() == values.keys()
    assert len(told) < 1000


@pytest.mark.parametrize(
    ("object_name", "name", "kind"),
    [
        ("charge", "customer", "customer"),
        ("charge", "dispute", "dispute"),
        ("charge", "refunds", "refund"),
        ("charge", "amount", None),
        ("charge", "payment_method", None),
        ("customer", "invoice_settings.default_payment_method", "payment_method"),
        ("customer", "invoice_settings.footer", None),
        ("payment_intent", "latest_charge", "charge"),
        ("payment_intent", "last_payment_error.payment_method.customer", "customer"),
        ("price", "tiers", "price_tier"),
        ("price", "currency_options", "currency_option"),
        ("checkout.session", "total_details.breakdown.discounts.discount.customer", "customer"),
        ("list", "data", None),
        ("nothing", "customer", None),
        ("charge", "", None),
        ("charge", "...", None),
    ],
)
def test_what_can_be_expanded(object_name: str, name: str, kind: str | None) -> None:
    assert expandable(object_name, name) == kind


def test_an_id_may_be_of_several_kinds() -> None:
    assert expansions("customer", "default_source") == ("bank_account", "card", "source")
    assert {"charge", "refund", "payout"} < set(expansions("balance_transaction", "source"))
    assert expansions("charge", "customer") == ("customer",)


def test_every_schema_that_one_leads_to_is_there() -> None:
    schemas = json.loads((FOLDER / "schemas.json").read_bytes())["schemas"]
    for name, members in schemas.items():
        for member in members:
            assert set(expansions(name, member)) <= schemas.keys()


def test_importing_reads_no_data() -> None:
    code = (
        "import kessai.dialects.stripe.parameters as p; assert p._data.cache_info().currsize == 0; "
        "p.reader_for('GET', '/v1/refunds', frozenset()); assert p._data.cache_info().currsize == 1"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.skipif(not SPEC.exists(), reason=f"Stripe's OpenAPI document is not at {SPEC}")
def test_the_data_is_what_the_document_makes() -> None:
    spec = json.loads(SPEC.read_text(encoding="utf-8"))
    for name, text in made(spec).items():
        assert (FOLDER / name).read_text(encoding="utf-8") == text, "run: python -m tests.docs.stripe_data"


def test_the_coverage_page_tells_every_operation_and_what_it_refuses() -> None:
    of_refunds = frozenset(
        {"charge", "created", "ending_before", "limit", "payment_intent", "starting_after"}
    )
    page = coverage([(*CREATE, SIMULATED), ("GET", "/v1/refunds", of_refunds)])

    operations = json.loads((FOLDER / "operations.json").read_bytes())
    assert all(f"`{method} {path}`" in page for method, path in operations)
    assert "| `GET /v1/refunds` | implemented |  |" in page
    assert "| `POST /v1/refunds` | refused |  |" in page
    row = next(
        line for line in page.splitlines() if line.startswith("| `POST /v1/payment_intents` | partly |")
    )
    assert "`transfer_data`" in row
    assert "`payment_method_options` other than `card` and `link` and `pay_by_bank`" in row
    assert "`metadata`" not in row
    assert "`expand`" not in row
    assert f"| implemented | 1 |\n| partly | 1 |\n| refused | {len(operations) - 2} |" in page


def test_the_coverage_page_has_no_route_that_the_document_lacks() -> None:
    with pytest.raises(LookupError, match="GET /v1/nothing"):
        coverage([("GET", "/v1/nothing", frozenset())])
