"""Disputes: what can be asked and answered, declared; the exchange runs it."""

from __future__ import annotations

from typing import Annotated, Final

from kessai.dialects.native import money_examples as examples
from kessai.dialects.native.errors import reading, writing
from kessai.dialects.native.examples import answers, asks, page_of
from kessai.dialects.native.money_schemas import DisputeAnswerIn, DisputeOut, DisputePage, DisputeQuery
from kessai.dialects.native.money_translate import dispute_out
from kessai.dialects.native.paging import decode_cursor, page_after
from kessai.dialects.native.translate import masked, masked_metadata
from kessai.domain.dispute import Dispute
from kessai.http.call import Call, Reply
from kessai.http.routes import Query, Router
from kessai.storage.scanning import Wanted

router: Final = Router(tags=["disputes"])


@router.get(
    "/disputes",
    operation_id="list_disputes",
    summary="List disputes, newest first",
    response_model=DisputePage,
    responses={**reading("VALIDATION_FAILED"), **answers(200, page_of(examples.DISPUTE))},
)
async def list_disputes(call: Call, query: Annotated[DisputeQuery, Query()]) -> Reply:
    """Any combination of filters; follow `next_cursor` for more.

    A page looks at no more than 20,000 disputes, and may be short or empty while `has_more` is true.
    """
    wanted = Wanted(
        owner_id=query.payment_id,
        created_from=query.created_from,
        created_to=query.created_to,
        before=decode_cursor(query.cursor),
    )

    def is_wanted(dispute: Dispute) -> bool:
        return query.status in (None, dispute.status)

    found = await call.services.disputes.page(call.merchant.id, wanted, limit=query.limit, where=is_wanted)
    return Reply(200, page_after(found.found, found.last, dispute_out))


@router.get(
    "/disputes/{dispute_id}",
    operation_id="get_dispute",
    summary="Get a dispute",
    response_model=DisputeOut,
    responses={**reading("NOT_FOUND"), **answers(200, examples.DISPUTE)},
)
async def get_dispute(call: Call, dispute_id: str) -> Reply:
    """Another merchant's dispute and an unknown one give the same 404."""
    return Reply(200, dispute_out(await call.services.disputes.get(call.merchant.id, dispute_id)))


@router.post(
    "/disputes/{dispute_id}/evidence",
    operation_id="answer_dispute",
    summary="Answer a dispute with evidence",
    response_model=DisputeOut,
    responses={**writing("NOT_FOUND"), **answers(200, examples.WON)},
    openapi_extra=asks(
        keep={"evidence": {"customer_name": "Ann"}, "submit": False},
        win={"evidence": {"uncategorized_text": "winning_evidence"}},
    ),
)
async def answer_dispute(call: Call, dispute_id: str, body: DisputeAnswerIn) -> Reply:
    """Add evidence to what was kept and send it all in, or with `submit` false only keep it.

    It is sent in once. What is neither `winning_evidence` nor `losing_evidence` is under review, and lost
    when time is up; `escalate_inquiry_evidence` makes a dispute of an inquiry.
    """
    known = await call.services.disputes.get(call.merchant.id, dispute_id)
    sent = body.evidence.model_dump(exclude_unset=True)
    evidence = {**known.evidence, **{name: masked(piece) for name, piece in sent.items()}}
    answered, change = await call.services.disputes.answer(
        known,
        {name: piece for name, piece in evidence.items() if piece is not None},
        known.metadata if body.metadata is None else masked_metadata(body.metadata),
        submit=body.submit,
        at=call.now,
    )
    return Reply(200, dispute_out(answered), change)


@router.post(
    "/disputes/{dispute_id}/accept",
    operation_id="accept_dispute",
    summary="Accept a dispute",
    response_model=DisputeOut,
    responses={**writing("NOT_FOUND"), **answers(200, examples.LOST)},
)
async def accept_dispute(call: Call, dispute_id: str) -> Reply:
    """Give in: it is LOST, and its money stays withdrawn. An inquiry is WARNING_CLOSED."""
    known = await call.services.disputes.get(call.merchant.id, dispute_id)
    accepted, change = call.services.disputes.close(known, at=call.now)
    return Reply(200, dispute_out(accepted), change)
