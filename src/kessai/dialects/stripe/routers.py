"""Every route of the Stripe API with what reads its requests, and the pages of its payers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kessai.dialects.stripe import challenge_pages, checkout_pages, link_pages, receipt_pages, refund_pages
from kessai.dialects.stripe.declaring import as_router
from kessai.dialects.stripe.expansions import completed
from kessai.dialects.stripe.reading import FormReader
from kessai.dialects.stripe.routes import every_route
from kessai.http.reading import Reader, model_reader
from kessai.http.routes import Route, Routers

_ROUTES: Final = {(each.method, each.template): each for each in every_route()}
_ROUTER: Final = as_router(list(_ROUTES.values()), completed)
_PAGES: Final = (challenge_pages, checkout_pages, link_pages, receipt_pages, refund_pages)
_PAGE_READERS: Final[Mapping[tuple[str, str], Reader]] = {
    ("POST", checkout_pages.FORM_PATH): checkout_pages.READER,
    ("GET", link_pages.PATH): link_pages.READER,
}
"""Those of what payers send."""

ROUTERS: Final[Routers] = (("", _ROUTER), ("/stripe", _ROUTER), *(("", each.router) for each in _PAGES))


def reader_of(route: Route) -> Reader:
    """What reads the requests of one of these routes."""
    if (reader := _PAGE_READERS.get((route.method, route.path))) is not None:
        return reader
    if not route.path.startswith("/v1/"):
        return model_reader(route)
    return FormReader(route.method, route.path, _ROUTES[route.method, route.path].simulated)
