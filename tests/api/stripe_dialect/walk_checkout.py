"""The operations of products, prices, Checkout and payment links, for the walk through all of them."""

from __future__ import annotations

from typing import Any

PRICE: dict[str, Any] = {"currency": "usd", "unit_amount": 700}


async def catalog(walk: Any, _gateway: Any) -> None:
    """Products and prices."""
    made = await walk(
        "POST /products", name="Tea", default_price_data=PRICE, images=["https://shop.example/tea.png"]
    )
    await walk("GET /products/{id}", made["id"], expand=["default_price"])
    await walk("POST /products/{id}", made["id"], description="Green", metadata={"a": "b"})
    await walk("GET /products", active=True)
    await walk("GET /products/search", query="name~'tea'")
    await walk("GET /products/{product}/features", made["id"])
    price = await walk("POST /prices", product=made["id"], recurring={"interval": "month"}, **PRICE)
    await walk("GET /prices/{price}", price["id"], expand=["product"])
    await walk("POST /prices/{price}", price["id"], nickname="Monthly")
    await walk("GET /prices", product=made["id"])
    await walk("GET /prices/search", query="active:'true'")
    rate = await walk(
        "POST /shipping_rates",
        display_name="Standard",
        fixed_amount={"amount": 500, "currency": "usd"},
        delivery_estimate={"minimum": {"unit": "day", "value": 2}},
        tax_code="txcd_92010001",
    )
    await walk("GET /shipping_rates/{shipping_rate_token}", rate["id"])
    await walk("POST /shipping_rates/{shipping_rate_token}", rate["id"], active=False)
    await walk("GET /shipping_rates", active=False)
    empty = await walk("POST /products", name="Cup")
    await walk("DELETE /products/{id}", empty["id"])


async def checkouts(walk: Any, _gateway: Any) -> None:
    """Checkout sessions."""
    line = {"price_data": {**PRICE, "product_data": {"name": "Tea"}}, "quantity": 2}
    made = await walk(
        "POST /checkout/sessions",
        mode="payment",
        success_url="https://shop.example/done",
        line_items=[line],
        expand=["line_items.data.price.product"],
    )
    session = made["id"]
    await walk("GET /checkout/sessions/{session}", session, expand=["line_items"])
    await walk("POST /checkout/sessions/{session}", session, metadata={"a": "b"})
    await walk("GET /checkout/sessions/{session}/line_items", session)
    await walk("GET /checkout/sessions", customer_details={"email": "ann@example.com"})
    await walk("POST /checkout/sessions/{session}/expire", session)


async def links(walk: Any, _gateway: Any) -> None:
    """Payment links, with everything that can be said of one."""
    made = await walk(
        "POST /payment_links",
        line_items=[{"price_data": {**PRICE, "product_data": {"name": "Tea"}}, "quantity": 2}],
        after_completion={"type": "redirect", "redirect": {"url": "https://shop.example/done"}},
        restrictions={"completed_sessions": {"limit": 3}},
        payment_intent_data={"capture_method": "manual", "metadata": {"a": "b"}},
        payment_method_types=["card"],
        expand=["line_items.data.price.product"],
    )
    await walk("GET /payment_links/{payment_link}", made["id"], expand=["line_items"])
    await walk("POST /payment_links/{payment_link}", made["id"], inactive_message="Gone", active=False)
    await walk("GET /payment_links/{payment_link}/line_items", made["id"])
    await walk("GET /payment_links", active=False, expand=["data.line_items"])
