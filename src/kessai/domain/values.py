"""How values are made: frozen for whoever writes code, and as cheap to make as if they were not.

At run time a frozen dataclass sets each of its fields through a call of its own, which came to a sixth of the
time of a request. So `value` is a frozen dataclass to the type checker, which the package and its tests
must pass, and a plain one with slots to the interpreter (docs/adr/0015).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from dataclasses import dataclass as value
else:
    T = TypeVar("T")

    def value(*, frozen: bool, slots: bool, **options: Any) -> Callable[[type[T]], type[T]]:
        """A dataclass that compares and hashes by its fields, and is not changed once it is made."""
        return dataclass(slots=slots, unsafe_hash=frozen, **options)


__all__ = ["value"]
