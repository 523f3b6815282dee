"""Forms and links of HTML pages, as a browser without scripts sees them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from html.parser import HTMLParser


@dataclass(slots=True)
class Form:
    """One form. `fields` are what it sends if nothing is touched, `choices` what its selects offer.

    `buttons` are where each sends it to, by what the button says.
    """

    method: str
    action: str
    fields: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)
    buttons: dict[str, str] = field(default_factory=dict)

    @property
    def button(self) -> str:
        """What its only button says."""
        (only,) = self.buttons
        return only


class Page(HTMLParser):
    """A page that was read."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.text = ""
        self.alert = ""
        self.by_id: dict[str, str] = {}
        self._select: str | None = None
        self._inside: list[tuple[str, dict[str, str]]] = []
        self.feed(html)

    @property
    def form(self) -> Form:
        """The only form."""
        (only,) = self.forms
        return only

    def form_with(self, button: str) -> Form:
        """The form with a button that says this, as that button sends it."""
        (found,) = [each for each in self.forms if button in each.buttons]
        return replace(found, action=found.buttons[button])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        self._inside.append((tag, known))
        if tag == "form":
            self.forms.append(Form(known.get("method", "get").upper(), known.get("action", "")))
        elif tag == "a":
            self.links.append(known["href"])
        elif tag == "input" and self.forms and "name" in known:
            self.forms[-1].fields[known["name"]] = known.get("value", "")
        elif tag == "select":
            self._select = known["name"]
            self.forms[-1].choices[self._select] = []
        elif tag == "option" and self._select is not None:
            self.forms[-1].choices[self._select].append(known["value"])
            self.forms[-1].fields.setdefault(self._select, known["value"])
            if "selected" in known:
                self.forms[-1].fields[self._select] = known["value"]

    def handle_endtag(self, tag: str) -> None:
        while self._inside and self._inside.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        self.text += data
        tag, known = self._inside[-1] if self._inside else ("", {})
        if tag == "button":
            self.forms[-1].buttons[data] = known.get("formaction", self.forms[-1].action)
        if "id" in known:
            self.by_id[known["id"]] = self.by_id.get(known["id"], "") + data
        if known.get("role") == "alert":
            self.alert += data
