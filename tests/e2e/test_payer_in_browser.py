"""The example shop and the server as processes of their own, walked through by payers with a real browser."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Browser

from tests.e2e.example_shop import paid
from tests.e2e.payer import PHONE, Payer, visiting


async def fulfilled(payer: Payer, shop: str) -> str:
    """The status that the shop shows once its webhook was heard."""
    order_id = await payer.page.locator("#order").inner_text()
    await paid(shop, order_id)
    await payer.page.reload()
    return await payer.page.locator("#status").inner_text()


async def test_an_order_is_paid_with_3d_secure_without_scripts(
    chromium: Browser, shop: str, tmp_path: Path
) -> None:
    async with visiting(chromium, tmp_path, has_scripts=False) as payer:
        await payer.page.goto(shop)
        await payer.sees("Tea, 100 g")
        await payer.page.get_by_role("button", name="Buy").click()

        await payer.sees("Checkout")
        await payer.page.get_by_label("E-mail").fill("kim@example.com")
        await payer.page.get_by_label("Pay with").select_option("authenticationRequired")
        await payer.page.get_by_role("button", name="Pay").click()

        await payer.sees("Is this you?")
        await payer.page.get_by_role("button", name="Approve", exact=True).click()

        await payer.sees("Thank you")
        assert payer.page.url.startswith(f"{shop}/success?session_id=cs_test_")
        assert await fulfilled(payer, shop) == "paid"
        assert (payer.hosts, payer.complaints, payer.barriers) == ({"127.0.0.1"}, [], [])


async def test_who_fails_at_the_bank_pays_otherwise_with_the_keyboard_alone(
    chromium: Browser, shop: str, tmp_path: Path
) -> None:
    async with visiting(chromium, tmp_path, screen=PHONE) as payer:
        await payer.page.goto(shop)
        await payer.sees("Tea, 100 g")
        await payer.tab_to("button", "Buy")
        await payer.press("Enter")

        await payer.sees("Checkout")
        await payer.tab_to("textbox", "E-mail")
        await payer.page.keyboard.type("kim@example.com")
        await payer.tab_to("textbox", "Name")
        await payer.tab_to("combobox", "Pay with")
        await payer.press("ArrowDown")
        await payer.tab_to("button", "Pay 12.50 USD")
        await payer.press("Enter")

        await payer.sees("Is this you?")
        await payer.tab_to("button", "Approve")
        await payer.tab_to("button", "Do not approve")
        await payer.press("Enter")

        await payer.page.get_by_role("alert").filter(has_text="could not prove who they are").wait_for()
        await payer.sees("Checkout")
        await payer.tab_to("textbox", "E-mail")
        await payer.tab_to("textbox", "Name")
        await payer.tab_to("combobox", "Pay with")
        await payer.tab_to("button", "Pay 12.50 USD")
        await payer.press("Enter")

        await payer.sees("Thank you")
        assert await fulfilled(payer, shop) == "paid"
        assert (payer.hosts, payer.complaints, payer.barriers) == ({"127.0.0.1"}, [], [])
