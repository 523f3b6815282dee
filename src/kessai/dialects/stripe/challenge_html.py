"""What the bank's pages say to whoever has to prove who they are."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from html import escape
from typing import Final

from kessai.domain.values import value
from kessai.http.payer_page import payer_page


class Progress(Enum):
    """How far a payer has come."""

    ASKED = auto()
    APPROVED = auto()
    REFUSED = auto()
    OVER = auto()


@value(frozen=True, slots=True, kw_only=True)
class Question:
    """What a payer is asked. `wish` completes "... wants to", `facts` are named details, as plain text.

    `approve` and `refuse` are where the two answers go.
    """

    wish: str
    merchant: str
    facts: Mapping[str, str]
    approve: str
    refuse: str


_ENDS: Final = {
    Progress.APPROVED: ("You have approved this", "The merchant was told. You may close this page."),
    Progress.REFUSED: (
        "You have not approved this",
        "The merchant was told, and may ask for another way to pay. You may close this page.",
    ),
    Progress.OVER: ("There is nothing left to do here", "This request is over. You may close this page."),
}


def question_page(question: Question, progress: Progress) -> bytes:
    """The question with its two answers, or how it ended."""
    facts = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(told)}</dd>" for name, told in question.facts.items() if told
    )
    listed = f"<dl>{facts}</dl>"
    if progress is not Progress.ASKED:
        heading, rest = _ENDS[progress]
        return payer_page("bank", heading, f"<p>{rest}</p>{listed}")
    lead = f"<p><strong>{escape(question.merchant)}</strong> wants to {escape(question.wish)}.</p>"
    approve, refuse = escape(question.approve, quote=True), escape(question.refuse, quote=True)
    return payer_page(
        "bank",
        "Is this you?",
        f"{lead}{listed}"
        f'<form class="answers" method="post" action="{approve}" aria-label="Your answer">'
        f"<button>Approve</button>"
        f'<button class="second" formaction="{refuse}">Do not approve</button></form>',
    )


def refusal_page(heading: str, text: str) -> bytes:
    """Why there is nothing to see."""
    return payer_page("bank", heading, f"<p>{escape(text)}</p>")
