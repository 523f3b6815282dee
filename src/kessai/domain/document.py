"""What is kept whole: customers, instruments, intents and other things that are written now and then.

A document is a value like any other. How it is kept is the storage's affair; what its fields mean is its
class's. What a list or the clock looks for is a property here, so that it can be found without being read.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar, Self

from kessai.domain.ids import MerchantId
from kessai.domain.values import value


@value(frozen=True, slots=True, kw_only=True)
class Document:
    """Something of a merchant's. `version` counts its saved states, 1 for a new one.

    `deleted_at`: it is gone from lists, and may still be asked for by its id.
    """

    kind: ClassVar[str]
    is_shared: ClassVar[bool] = False
    """Whether its id follows from what it is of, so that several may be about to make the same one."""

    id: str
    merchant_id: MerchantId
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None
    version: int = 1

    @property
    def owner_id(self) -> str | None:
        """What it hangs on, if lists are asked for by that."""
        return None

    @property
    def lookup(self) -> str | None:
        """A text by which lists look for it, at most LOOKUP_MAX characters of it."""
        return None

    @property
    def due_at(self) -> datetime | None:
        """When the clock moves it by itself."""
        return None

    def saved_again(self, *, at: datetime, **facts: Any) -> Self:
        """The next version, with these facts changed."""
        # `facts` are fields of its class; `replace` refuses any other name.
        return replace(self, updated_at=max(at, self.updated_at), version=self.version + 1, **facts)
