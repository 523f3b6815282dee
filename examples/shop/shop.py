"""A small shop that is paid through Stripe Checkout, by Stripe's own library: one product, orders in SQLite.

Nothing in it knows kessai but the address in STRIPE_API_BASE. Leave that out, give it a key of a Stripe
sandbox, and it runs against Stripe. An order is fulfilled when the webhook says that it is paid, never
because somebody came to the success page.
"""

from __future__ import annotations

import os
import sqlite3
import uuid
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import stripe

NAME = "Tea, 100 g"
CURRENCY = "usd"
UNIT_AMOUNT = 1250
PAID = ("checkout.session.completed", "checkout.session.async_payment_succeeded")
CANCELED = ("checkout.session.expired", "checkout.session.async_payment_failed")
BODY_MAX = 1_000_000
STYLE = (
    "<style>body{font:1.1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}"
    "main{max-width:32rem;margin:2rem auto;padding:0 1rem}button{font:inherit;padding:.6rem 2rem}</style>"
)


class Orders:
    """The orders of the shop: open, paid or canceled."""

    def __init__(self, path: str) -> None:
        self._path = path
        with self._connected() as connection:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY, status TEXT NOT NULL)"
            )

    def place(self) -> str:
        """A new order's id."""
        order_id = str(uuid.uuid4())
        with self._connected() as connection:
            connection.execute("INSERT INTO orders VALUES (?, 'open')", (order_id,))
        return order_id

    def move(self, order_id: str, status: str) -> None:
        """Move an open order on. Webhooks may come twice; what is paid stays paid."""
        with self._connected() as connection:
            connection.execute(
                "UPDATE orders SET status = ? WHERE id = ? AND status = 'open'", (status, order_id)
            )

    def status(self, order_id: str) -> str:
        """Where an order stands."""
        with self._connected() as connection:
            row = connection.execute("SELECT status FROM orders WHERE id = ?", (order_id,)).fetchone()
        return str(row[0]) if row else "unknown"

    def _connected(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=10)


@dataclass
class Shop:
    """What the pages work with. `url` is where payers come back to."""

    orders: Orders
    client: stripe.StripeClient
    url: str
    webhook_secret: str

    def checkout(self) -> str:
        """Place an order; the address where it is paid."""
        order_id = self.orders.place()
        session = self.client.v1.checkout.sessions.create(
            {
                "mode": "payment",
                "client_reference_id": order_id,
                "line_items": [
                    {
                        "quantity": 1,
                        "price_data": {
                            "currency": CURRENCY,
                            "unit_amount": UNIT_AMOUNT,
                            "product_data": {"name": NAME},
                        },
                    }
                ],
                "success_url": self.url + "/success?session_id={CHECKOUT_SESSION_ID}",
                "cancel_url": self.url + "/",
            }
        )
        return str(session.url)

    def order_of(self, session_id: str) -> tuple[str, str]:
        """The order that a session is for, and where that stands."""
        session = self.client.v1.checkout.sessions.retrieve(session_id)
        order_id = str(session.client_reference_id)
        return order_id, self.orders.status(order_id)

    def hear(self, body: bytes, signature: str) -> None:
        """What an event says of an order.

        Raises:
            SignatureVerificationError, ValueError: it is not from who has the secret.
        """
        event = stripe.Webhook.construct_event(body, signature, self.webhook_secret)
        session = event.data.object
        if event.type in CANCELED:
            self.orders.move(session.client_reference_id, "canceled")
        elif event.type in PAID and session.payment_status != "unpaid":
            self.orders.move(session.client_reference_id, "paid")


class Pages(BaseHTTPRequestHandler):
    """The pages of the shop."""

    shop: Shop

    def do_GET(self) -> None:
        """The product, or how an order stands."""
        asked = urlsplit(self.path)
        if asked.path == "/":
            price = f"{UNIT_AMOUNT / 100:.2f} {CURRENCY.upper()}"
            self._page(f"<h1>{NAME}</h1><p>{price}</p><form method=post action=/buy><button>Buy</button>")
        elif asked.path == "/success":
            try:
                order_id, status = self.shop.order_of(parse_qs(asked.query)["session_id"][0])
            except (KeyError, stripe.InvalidRequestError):
                self._answer(HTTPStatus.NOT_FOUND)
                return
            self._page(f"<h1>Thank you</h1><p>Order <b id=order>{order_id}</b> is <b id=status>{status}</b>")
        elif asked.path.startswith("/orders/"):
            self._answer(HTTPStatus.OK, self.shop.orders.status(asked.path.removeprefix("/orders/")))
        else:
            self._answer(HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        """The button, and Stripe's webhook."""
        body = self.rfile.read(min(int(self.headers.get("content-length") or 0), BODY_MAX))
        if self.path == "/buy":
            self._answer(HTTPStatus.SEE_OTHER, location=self.shop.checkout())
        elif self.path == "/webhook":
            try:
                self.shop.hear(body, self.headers.get("stripe-signature") or "")
            except (ValueError, stripe.SignatureVerificationError) as error:
                self._answer(HTTPStatus.BAD_REQUEST, str(error))
                return
            self._answer(HTTPStatus.OK)
        else:
            self._answer(HTTPStatus.NOT_FOUND)

    def _page(self, content: str) -> None:
        html = (
            "<!doctype html><html lang=en><meta charset=utf-8><title>Shop</title>"
            f'<meta name=viewport content="width=device-width">{STYLE}<main>{content}</main>'
        )
        self._answer(HTTPStatus.OK, html, kind="text/html; charset=utf-8")

    def _answer(self, status: int, text: str = "", *, kind: str = "text/plain", location: str = "") -> None:
        self.send_response(status)
        if location:
            self.send_header("location", location)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())


def webhook_secret(client: stripe.StripeClient, url: str) -> str:
    """The secret of the shop's endpoint, which is made now unless one is given."""
    known = os.environ.get("STRIPE_WEBHOOK_SECRET")
    if known:
        return known
    made = client.v1.webhook_endpoints.create(
        {
            "url": f"{url}/webhook",
            "enabled_events": [
                "checkout.session.completed",
                "checkout.session.async_payment_succeeded",
                "checkout.session.async_payment_failed",
                "checkout.session.expired",
            ],
        }
    )
    return str(made.secret)


def main() -> None:
    """Open the shop."""
    base = os.environ.get("STRIPE_API_BASE")
    client = stripe.StripeClient(
        os.environ.get("STRIPE_API_KEY", "sk_test_example_shop"), base_addresses={"api": base} if base else {}
    )
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("SHOP_PORT", "4242"))), Pages)
    url = f"http://127.0.0.1:{server.server_address[1]}"
    orders = Orders(os.environ.get("SHOP_DATABASE", "shop.sqlite"))
    Pages.shop = Shop(orders, client, url, webhook_secret(client, url))
    print(f"The shop is open at {url}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
