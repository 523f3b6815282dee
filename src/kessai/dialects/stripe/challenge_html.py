"""The look of the bank's pages: plain HTML that needs no script, for whoever has to prove who they are."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from html import escape
from typing import Final

from kessai.domain.values import value

_STYLE: Final = (
    "body{margin:0;background:#fff;color:#1a1a1a;font:1.1rem/1.5 system-ui,sans-serif}"
    "main{max-width:32rem;margin:0 auto;padding:2rem 1rem}h1{font-size:1.6rem;line-height:1.25}"
    "dt{font-weight:600}dd{margin:0 0 .75rem;overflow-wrap:anywhere}"
    "button{font:inherit;min-height:2.75rem;min-width:8rem;padding:.5rem 1.25rem;margin:.5rem .75rem 0 0;"
    "border:2px solid #0a4fb3;border-radius:.3rem;background:#0a4fb3;color:#fff;cursor:pointer}"
    "button.second{background:#fff;color:#0a4fb3}"
    "button:focus-visible{outline:3px solid #1a1a1a;outline-offset:3px}"
)


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
        return _page(heading, f"<p>{rest}</p>{listed}")
    lead = f"<p><strong>{escape(question.merchant)}</strong> wants to {escape(question.wish)}.</p>"
    approve, refuse = escape(question.approve, quote=True), escape(question.refuse, quote=True)
    return _page(
        "Is this you?",
        f"{lead}{listed}<p>This bank is a simulation: no money moves.</p>"
        f'<form method="post" action="{approve}" aria-label="Your answer"><button>Approve</button>'
        f'<button class="second" formaction="{refuse}">Do not approve</button></form>',
    )


def refusal_page(heading: str, text: str) -> bytes:
    """Why there is nothing to see."""
    return _page(heading, f"<p>{escape(text)}</p>")


def _page(heading: str, content: str) -> bytes:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(heading)} - kessai bank</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{escape(heading)}</h1>{content}</main></body></html>"
    ).encode()
