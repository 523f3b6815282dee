"""Answers made whole: `expand[]`, whose ids are replaced by what they stand for, be it new in the same
request, and what the version that was asked for still had."""

from __future__ import annotations

from kessai.dialects.stripe.errors import StripeError
from kessai.dialects.stripe.expanding import NotExpandableError, expand
from kessai.dialects.stripe.kinds import KINDS, find, new_in
from kessai.dialects.stripe.members import member
from kessai.dialects.stripe.parameters import expansions
from kessai.dialects.stripe.shape import Object
from kessai.dialects.stripe.versions import as_once_shown, is_counted, is_null
from kessai.domain.change import Change
from kessai.http.call import Call


async def completed(
    call: Call, content: Object, paths: list[str], version: str, change: Change | None
) -> Object:
    """The same object as its version has it, with these paths expanded.

    Raises:
        StripeError: a path names nothing that can be.
    """

    async def fetch(kind: str, object_id: str) -> Object | None:
        name = _kind_of(kind, object_id)
        if name is None:
            return None
        found = new_in(call, change, name, object_id) or await find(call, name, object_id)
        return None if found is None else await older(KINDS[name].render(found, call.services.public_url))

    async def add(parent: Object, name: str) -> Object:
        counted = is_counted(parent["object"], name, version)
        return await member(call, parent, name, change, is_counted=counted)

    async def older(found: Object) -> Object:
        return await as_once_shown(found, version, add)

    async def fetch_member(parent: Object, name: str) -> Object:
        return await older(await add(parent, name))

    def expandable(object_name: str, path: str) -> str | None:
        # What is always null leads nowhere: whatever its kind is called, none of it is looked for.
        return path if is_null(object_name, path, version) else _expandable(object_name, path)

    # A path may lead through a member that only an older version has, also of what the path itself brings in.
    content = await older(content)
    if not paths:
        return content
    try:
        return await expand(content, paths, fetch=fetch, fetch_member=fetch_member, expandable=expandable)
    except NotExpandableError as error:
        raise StripeError(error.message, param=error.param) from None


def _expandable(object_name: str, path: str) -> str | None:
    """The kind that a member leads to: of several the one that kessai knows."""
    kinds = expansions(object_name, path)
    return next((each for each in kinds if each in KINDS), kinds[0] if kinds else None)


def _kind_of(kind: str, object_id: str) -> str | None:
    """The kind of this very object, where its member may lead to several."""
    if kind not in KINDS or KINDS[kind].core_id(object_id) is not None:
        return kind if kind in KINDS else None
    return next((name for name, each in KINDS.items() if each.core_id(object_id) is not None), None)
