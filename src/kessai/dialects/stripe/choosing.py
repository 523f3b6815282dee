"""What a payer chooses of what a Checkout session offers: how many of a line, and how goods are sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from kessai.dialects.stripe.cart import refuse_unpayable
from kessai.dialects.stripe.errors import StripeError
from kessai.dialects.stripe.ids import decode
from kessai.domain.checkout import CheckoutLine, CheckoutSession

SHIPPING_FIELD: Final = "shipping"
_DIGITS_MAX: Final = 6


def quantity_field(index: int) -> str:
    """The name of the field of a line's quantity; the first line is 1."""
    return f"quantity_{index}"


def least_of(line: CheckoutLine) -> int:
    """How few a payer may choose: at least one, though the original also takes a line out."""
    return max(1, line.bounds.minimum) if line.bounds else line.quantity


def chosen(session: CheckoutSession, form: Mapping[str, str]) -> CheckoutSession:
    """The same version with what a form chooses; what it does not name stays as it is.

    Raises:
        StripeError: there is no such choice, or it cannot be paid. Its message is for the payer.
    """
    lines = tuple(
        _line(each, form.get(quantity_field(index))) for index, each in enumerate(session.lines, start=1)
    )
    rate_id = _rate_id(session, form.get(SHIPPING_FIELD))
    made = session.with_facts({"lines": lines, "shipping_rate_id": rate_id}).priced()
    refuse_unpayable(made.total)
    return made


def _line(line: CheckoutLine, text: str | None) -> CheckoutLine:
    if line.bounds is None or text is None:
        return line
    is_number = text.isascii() and text.isdecimal() and len(text) <= _DIGITS_MAX
    least, most = least_of(line), line.bounds.maximum
    if not is_number or not least <= int(text) <= most:
        raise StripeError(f"Choose between {least} and {most} of {line.name}.")
    return replace(line, quantity=int(text))


def _rate_id(session: CheckoutSession, name: str | None) -> str | None:
    if name is None or not session.shipping_rates:
        return session.shipping_rate_id
    rate_id = decode("shr", name)
    if rate_id not in [each.id for each in session.shipping_rates]:
        raise StripeError("Choose how the goods are sent.")
    return rate_id
