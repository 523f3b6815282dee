"""The bank's page: what a payer sees there, and what becomes of what they answer."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.api.stripe_dialect.conftest import Stripe
from tests.api.stripe_dialect.told import types_told
from tests.support.gateway import Gateway

CHALLENGED: Final = "pm_card_threeDSecure2Required"
BACK: Final = "https://shop.example/back?order=7#paid"


class Page(HTMLParser):
    """What matters of a page to somebody who cannot see it."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__()
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        self.tags: list[str] = []
        self.language = ""
        self.texts: dict[str, str] = {}
        self.answers: list[str] = []
        self.feed(answer.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        if tag == "html":
            self.language = given.get("lang") or ""
        if tag == "form":
            assert given["method"] == "post"
        if where := given.get("action") or given.get("formaction"):
            self.answers.append(where)

    def handle_data(self, data: str) -> None:
        tag = self.tags[-1]
        self.texts[tag] = self.texts.get(tag, "") + data


async def waiting(stripe: Stripe, kind: str = "setup_intents", **parameters: Any) -> dict[str, Any]:
    """An intent whose payer is asked."""
    facts: dict[str, Any] = {"amount": 1_500, "currency": "usd"} if kind == "payment_intents" else {}
    made = await stripe.post(
        f"/{kind}",
        confirm=True,
        **facts,
        **{"payment_method": CHALLENGED, "payment_method_types": ["card"], **parameters},
    )
    assert made["status"] == "requires_action"
    return made


def address_of(intent: dict[str, Any]) -> str:
    """Where its payer is sent."""
    action = intent["next_action"]
    url = (
        action["redirect_to_url"]["url"]
        if "redirect_to_url" in action
        else action["use_stripe_sdk"]["stripe_js"]
    )
    parts = urlsplit(str(url))
    return f"{parts.path}?{parts.query}"


async def visited(stripe: Stripe, address: str) -> httpx.Response:
    """The page as a browser without a key gets it."""
    return await stripe.client.get(address, headers={"Authorization": ""})


async def answered(stripe: Stripe, address: str, outcome: str) -> httpx.Response:
    """What pressing a button of the page gives."""
    page = Page(await visited(stripe, address))
    action = next(each for each in page.answers if each.endswith(f"outcome={outcome}"))
    path = urlsplit(address).path
    form = {"content-type": "application/x-www-form-urlencoded", "Authorization": ""}
    return await stripe.client.post(f"{path}{action}", headers=form)


@pytest.mark.parametrize("kind", ["payment_intents", "setup_intents"])
async def test_the_page_says_what_is_asked_by_whom(stripe: Stripe, kind: str) -> None:
    intent = await waiting(stripe, kind, description="Tea & <b>biscuits</b>")
    answer = await visited(stripe, address_of(intent))
    page = Page(answer)

    assert (answer.status_code, page.language) == (200, "en")
    assert [page.tags.count(each) for each in ("title", "main", "h1", "button", "script")] == [1, 1, 1, 2, 0]
    assert "Is this you?" in page.texts["title"]
    assert "Tea & <b>biscuits</b>" in page.texts["dd"]
    assert intent["id"] in page.texts["dd"]
    assert page.texts["strong"]
    assert ("15.00 USD" in page.texts["dd"]) is (kind == "payment_intents")
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("kind", "outcome", "status", "redirect_status", "last"),
    [
        ("payment_intents", "approve", "succeeded", "succeeded", "payment_intent.succeeded"),
        ("payment_intents", "fail", "requires_payment_method", "failed", "payment_intent.payment_failed"),
        ("setup_intents", "approve", "succeeded", "succeeded", "setup_intent.succeeded"),
        ("setup_intents", "fail", "requires_payment_method", "failed", "setup_intent.setup_failed"),
    ],
)
async def test_the_payer_goes_back_to_the_merchant(
    gateway: Gateway, stripe: Stripe, kind: str, outcome: str, status: str, redirect_status: str, last: str
) -> None:
    intent = await waiting(stripe, kind, return_url=BACK)
    assert intent["next_action"]["type"] == "redirect_to_url"

    answer = await answered(stripe, address_of(intent), outcome)

    assert answer.status_code == 303
    back = urlsplit(answer.headers["location"])
    name = kind.removesuffix("s")
    assert (back.netloc, back.path, back.fragment) == ("shop.example", "/back", "paid")
    assert parse_qs(back.query) == {
        "order": ["7"],
        name: [intent["id"]],
        f"{name}_client_secret": [intent["client_secret"]],
        "redirect_status": [redirect_status],
    }
    assert (await stripe.get(f"/{kind}/{intent['id']}"))["status"] == status
    assert (await types_told(gateway))[-1] == last


@pytest.mark.parametrize(
    ("url", "begins"),
    [
        ("https://shop.example", "https://shop.example?setup_intent="),
        ("shop-app://paid", "shop-app://paid?setup_intent="),
        ("https://shop.example/zur\u00fcck", "https://shop.example/zur%C3%BCck?setup_intent="),
        ("https://shop.example/?a=&b=%20c", "https://shop.example/?a=&b=+c&setup_intent="),
    ],
)
async def test_the_way_back_keeps_what_it_had(stripe: Stripe, url: str, begins: str) -> None:
    setup = await waiting(stripe, return_url=url)
    answer = await answered(stripe, address_of(setup), "approve")
    assert answer.headers["location"].startswith(begins)


@pytest.mark.parametrize(
    "url", ["https://", "nowhere", "/back", "http://[::1", "https://a b", "https://a/\r\nset-cookie: b"]
)
@pytest.mark.parametrize("kind", ["payment_intents", "setup_intents"])
async def test_a_way_back_that_is_none_is_refused(stripe: Stripe, kind: str, url: str) -> None:
    facts: dict[str, Any] = {"amount": 500, "currency": "usd"} if kind == "payment_intents" else {}
    wanted = {"confirm": True, "payment_method": CHALLENGED, "return_url": url, **facts}
    error = await stripe.refused("POST", f"/{kind}", **wanted)
    assert (error["code"], error["param"]) == ("url_invalid", "return_url")


@pytest.mark.parametrize("kind", ["payment_intents", "setup_intents"])
async def test_without_a_way_back_the_page_says_how_it_ended(stripe: Stripe, kind: str) -> None:
    intent = await waiting(stripe, kind)
    address = address_of(intent)
    page = Page(await answered(stripe, address, "approve"))
    assert page.texts["h1"] == "You have approved this"
    over = Page(await visited(stripe, address))
    assert over.texts["h1"] == "There is nothing left to do here"
    assert over.answers == []

    other = await waiting(stripe, kind)
    page = Page(await answered(stripe, address_of(other), "fail"))
    assert page.texts["h1"] == "You have not approved this"


@pytest.mark.parametrize("kind", ["payment_intents", "setup_intents"])
async def test_an_answer_counts_once(gateway: Gateway, stripe: Stripe, kind: str) -> None:
    intent = await waiting(stripe, kind, return_url=BACK)
    address = address_of(intent)
    await answered(stripe, address, "fail")
    before = await types_told(gateway)

    again = await stripe.client.post(f"{address}&outcome=approve")

    assert (again.status_code, Page(again).texts["h1"]) == (200, "There is nothing left to do here")
    assert (await stripe.get(f"/{kind}/{intent['id']}"))["status"] == "requires_payment_method"
    assert await types_told(gateway) == before


@pytest.mark.parametrize("kind", ["payment_intents", "setup_intents"])
async def test_refusals_are_pages(stripe: Stripe, kind: str) -> None:
    intent = await waiting(stripe, kind)
    path, right = f"/stripe/challenge/{intent['id']}", f"client_secret={intent['client_secret']}"
    for address in (
        path,
        f"{path}?client_secret=",
        f"{path}?{right}x",
        f"/stripe/challenge/{intent['id'][:-2]}?{right}",
        f"/stripe/challenge/ch_1?{right}",
    ):
        for answer in (await visited(stripe, address), await stripe.client.post(address)):
            assert (answer.status_code, Page(answer).texts["h1"]) == (404, "There is nothing here")
    for outcome in ("", "&outcome=perhaps"):
        answer = await stripe.client.post(f"{path}?{right}{outcome}")
        assert (answer.status_code, Page(answer).language) == (400, "en")
    assert (await stripe.get(f"/{kind}/{intent['id']}"))["status"] == "requires_action"


async def test_what_was_given_up_asks_nobody(stripe: Stripe) -> None:
    for kind in ("payment_intents", "setup_intents"):
        intent = await waiting(stripe, kind)
        await stripe.post(f"/{kind}/{intent['id']}/cancel")
        answer = await stripe.client.post(f"{address_of(intent)}&outcome=approve")
        assert Page(answer).texts["h1"] == "There is nothing left to do here"
        assert (await stripe.get(f"/{kind}/{intent['id']}"))["status"] == "canceled"


@pytest.mark.parametrize("card", [CHALLENGED, "pm_card_visa", "pm_card_visa_chargeDeclined"])
async def test_confirming_again_gives_up_who_was_asked(gateway: Gateway, stripe: Stripe, card: str) -> None:
    # given a payer who is asked
    intent = await waiting(stripe, "payment_intents")
    (asked,) = (await stripe.client.get("/api/v1/payments")).json()["data"]

    # when the merchant tries once more
    status = 402 if card.endswith("Declined") else 200
    await stripe.post(f"/payment_intents/{intent['id']}/confirm", status, payment_method=card)

    # then nobody waits for the first answer any more, which no charge and no event tells of
    first = (await stripe.client.get(f"/api/v1/payments/{asked['id']}")).json()
    assert (first["status"], first["error_code"]) == ("FAILED", "PAYMENT_CANCELED")
    page = await stripe.client.get(f"/challenge/{asked['id']}", headers={"Authorization": ""})
    assert (page.status_code, "is FAILED" in page.text) == (200, True)
    late = await stripe.client.post(f"/challenge/{asked['id']}?outcome=approve")
    assert (late.status_code, late.json()["error"]["code"]) == (422, "INVALID_PAYMENT_STATE")
    charges = (await stripe.get("/charges"))["data"]
    assert [each["status"] for each in charges] == {
        CHALLENGED: [],
        "pm_card_visa": ["succeeded"],
        "pm_card_visa_chargeDeclined": ["failed"],
    }[card]
    assert (await types_told(gateway)).count("charge.failed") == (1 if status == 402 else 0)


async def test_a_payer_who_goes_back_to_checkout_leaves_one_try_behind(stripe: Stripe) -> None:
    # given a payer who was sent to their bank, and comes back to choose another card
    line = {"price_data": {"currency": "usd", "unit_amount": 700, "product_data": {"name": "Tea"}}}
    session = await stripe.post(
        "/checkout/sessions",
        mode="payment",
        line_items=[{**line, "quantity": 1}],
        success_url="https://shop.example/done",
    )
    path = urlsplit(session["url"]).path
    for method in ("authenticationRequired", "visa"):
        form = {"email": "ann@example.com", "method": method}
        paid = await stripe.client.post(path, data=form, headers={"Authorization": ""})
        assert paid.status_code == 303

    # then one try is paid, and the other is over
    tries = (await stripe.client.get("/api/v1/payments")).json()["data"]
    assert [each["status"] for each in tries] == ["CAPTURED", "FAILED"]


async def test_a_merchant_who_confirms_by_hand_does_so_again_after_the_proof(stripe: Stripe) -> None:
    """As integrations do that finalize payments on their server."""
    asked = await waiting(stripe, "payment_intents", confirmation_method="manual", return_url=BACK)
    assert asked["confirmation_method"] == "manual"
    assert (await answered(stripe, address_of(asked), "approve")).status_code == 303

    proved = await stripe.get(f"/payment_intents/{asked['id']}")
    assert (proved["status"], proved["next_action"], proved["latest_charge"]) == (
        "requires_confirmation",
        None,
        None,
    )
    assert (await stripe.get("/events", type="payment_intent.succeeded"))["data"] == []

    customer = (await stripe.post("/customers"))["id"]
    await stripe.post(f"/payment_intents/{asked['id']}", metadata={"order": "7"}, customer=customer)

    paid = await stripe.post(f"/payment_intents/{asked['id']}/confirm")
    assert (paid["status"], paid["amount_received"]) == ("succeeded", asked["amount"])
    charges = (await stripe.get("/charges", payment_intent=asked["id"]))["data"]
    assert [(each["id"], each["metadata"], each["customer"]) for each in charges] == [
        (paid["latest_charge"], {"order": "7"}, customer)
    ]


async def test_what_was_proved_is_of_no_use_for_another_amount(stripe: Stripe) -> None:
    asked = await waiting(stripe, "payment_intents", confirmation_method="manual", return_url=BACK)
    await answered(stripe, address_of(asked), "approve")
    await stripe.post(f"/payment_intents/{asked['id']}", amount=3_000)

    again = await stripe.post(f"/payment_intents/{asked['id']}/confirm")
    assert again["status"] == "requires_action"
    await answered(stripe, address_of(again), "fail")
    assert (await stripe.get(f"/payment_intents/{asked['id']}"))["status"] == "requires_payment_method"


async def test_a_public_key_does_not_confirm_by_hand(stripe: Stripe) -> None:
    intent = await stripe.post(
        "/payment_intents",
        amount=2_000,
        currency="usd",
        payment_method="pm_card_visa",
        payment_method_types=["card"],
        confirmation_method="manual",
    )
    await stripe.refused(
        "POST",
        f"/payment_intents/{intent['id']}/confirm",
        client_secret=intent["client_secret"],
        headers={"Authorization": "Bearer pk_test_of_this_test"},
    )
