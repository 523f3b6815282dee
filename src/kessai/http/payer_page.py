"""How every page for payers looks: plain HTML that needs no script and asks for nothing else.

It reads well on a phone, and with the keyboard and a screen reader as well as with a mouse. What a page says
is its dialect's.
"""

from __future__ import annotations

from html import escape
from typing import Final

HTML: Final = "text/html; charset=utf-8"
"""The content type of every such page."""

_STYLE: Final = (
    "*{box-sizing:border-box}"
    "body{margin:0;background:#f2f4f8;color:#1b2333;font:1.0625rem/1.5 system-ui,sans-serif}"
    "header,main,footer{max-width:32rem;margin:0 auto;padding:0 1.25rem;overflow-wrap:anywhere}"
    "header,footer{color:#566079;font-size:.875rem}"
    "header{display:flex;justify-content:space-between;align-items:center;gap:1rem;padding-top:1.5rem}"
    "header b{color:#1b2333;font-size:1.0625rem}"
    "header span{padding:.125rem .625rem;border-radius:1rem;background:#fff0c9;color:#6b4700;font-weight:600}"
    "main{margin-top:1rem;padding-top:1.5rem;padding-bottom:1.5rem;background:#fff;border:1px solid #dde2ec}"
    "footer{padding-top:1rem}@media(min-width:32rem){header{padding:3rem 2rem 0}main{padding:2rem}"
    "main{border-radius:.75rem}footer{padding:1rem 2rem}}"
    "h1{margin:0 0 1rem;font-size:1.625rem;line-height:1.25}"
    "p{margin:0 0 1rem}main>:last-child{margin-bottom:0}"
    "table{width:100%;margin:0 0 1.5rem;border-collapse:collapse;overflow-wrap:normal}"
    "th,td{padding:.5rem 0 .5rem 1rem;border-top:1px solid #dde2ec;text-align:right;vertical-align:top}"
    "th:first-child,td:first-child{padding-left:0;text-align:left;overflow-wrap:anywhere}"
    "thead th{border:0;color:#566079;font-size:.875rem;font-weight:600}td:last-child{white-space:nowrap}"
    "tfoot th,tfoot td{border-top:2px solid #1b2333;font-weight:700}"
    "dl{margin:0 0 1.5rem}dt{color:#566079;font-size:.875rem}dd{margin:0 0 .75rem}"
    "label{display:block;margin:0 0 .25rem;font-weight:600}"
    "input,select,button{width:100%;min-height:2.875rem;font:inherit;border-radius:.5rem}"
    "input,select{margin:0 0 1.25rem;padding:.5rem .75rem;border:1px solid #737d95}"
    "input,select{background:#fff;color:inherit}select{padding-left:.5rem}input[readonly]{background:#f2f4f8}"
    "button{padding:.5rem 1rem;border:2px solid #0a4fb3;background:#0a4fb3;color:#fff;font-weight:600}"
    "button{cursor:pointer}button:hover{background:#083d8a;border-color:#083d8a}"
    ".second button,button.second{background:#fff;color:#0a4fb3}"
    ".second button:hover,button.second:hover{background:#e8effb;border-color:#0a4fb3}"
    ".answers{display:flex;flex-wrap:wrap;gap:.75rem}.answers>*{flex:1 1 11rem}"
    "form+p{margin:1.25rem 0 0}a{color:#0a4fb3}"
    "[role=alert]{padding:.75rem 1rem;border-left:.25rem solid #b3261e;background:#fdeceb}"
    ":focus-visible{outline:3px solid #1b2333;outline-offset:2px}"
)


def payer_page(place: str, heading: str, content: str) -> bytes:
    """A whole page. `place` says where the payer is: "checkout", "bank".

    `heading` is plain text, `content` is HTML. Two answers to choose from stand side by side in an element of
    the class "answers"; the one that is not the usual one is "second".
    """
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="robots" content="noindex,nofollow">'
        f"<title>{escape(heading)} - kessai {place}</title><style>{_STYLE}</style></head>"
        f"<body><header><b>kessai {place}</b><span>Simulation</span></header>"
        f"<main><h1>{escape(heading)}</h1>{content}</main>"
        "<footer><p>This is a test: no money moves here.</p></footer></body></html>"
    ).encode()
