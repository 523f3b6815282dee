"""What the clock moves has somebody who moves it."""

from __future__ import annotations

from kessai.domain.document import Document
from kessai.domain.documents import DOCUMENTS
from tests.support.gateway import Gateway


async def test_every_class_that_is_ever_due_has_a_mover(gateway: Gateway) -> None:
    ever_due = {each for each in DOCUMENTS.values() if each.due_at is not Document.due_at}

    assert gateway.joined.services.due_documents.classes == ever_due
