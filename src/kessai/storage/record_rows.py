"""Merchants, keys, endpoints and deliveries to rows and back, by column name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, assert_never

import orjson
from sqlalchemy import Table

from kessai.domain.change import Record
from kessai.domain.delivery import Delivery, DeliveryStatus
from kessai.domain.document import Document
from kessai.domain.endpoint import Endpoint
from kessai.domain.merchant import ApiKey, Merchant
from kessai.storage.document_rows import DOCUMENT_COLUMNS, document_to_row
from kessai.storage.tables import (
    api_keys,
    documents,
    merchants,
    webhook_deliveries,
    webhook_endpoints,
)

MERCHANT_COLUMNS: Final = tuple(str(column.name) for column in merchants.columns)
KEY_COLUMNS: Final = tuple(str(column.name) for column in api_keys.columns)
ENDPOINT_COLUMNS: Final = tuple(str(column.name) for column in webhook_endpoints.columns)
DELIVERY_COLUMNS: Final = tuple(str(column.name) for column in webhook_deliveries.columns)


def record_table(record: Record) -> Table:
    """Where a record lives."""
    match record:
        case Merchant():
            return merchants
        case ApiKey():
            return api_keys
        case Endpoint():
            return webhook_endpoints
        case Delivery():
            return webhook_deliveries
        case Document():
            return documents
        case _:
            assert_never(record)


def record_values(record: Record) -> dict[str, Any]:
    """Column name to value: the fields' names are the columns', a few are written differently."""
    if isinstance(record, Document):
        return dict(zip(DOCUMENT_COLUMNS, document_to_row(record), strict=True))
    values: dict[str, Any] = {
        str(column.name): getattr(record, column.name) for column in record_table(record).columns
    }
    match record:
        case Endpoint():
            values["events"] = orjson.dumps(record.events).decode()
            if record.details is not None:
                values["details"] = orjson.dumps(record.details).decode()
        case Delivery():
            values["status"] = record.status.value
        case Merchant() | ApiKey():
            pass
        case _:
            assert_never(record)
    return values


def merchant_from(row: tuple[Any, ...]) -> Merchant:
    """A merchant from the values of MERCHANT_COLUMNS."""
    values = dict(zip(MERCHANT_COLUMNS, row, strict=True))
    values["is_active"] = bool(values["is_active"])
    return Merchant(**values)


def key_from(row: tuple[Any, ...]) -> ApiKey:
    """A key from the values of KEY_COLUMNS."""
    return ApiKey(**dict(zip(KEY_COLUMNS, row, strict=True)))


def endpoint_from(row: tuple[Any, ...]) -> Endpoint:
    """An endpoint from the values of ENDPOINT_COLUMNS."""
    return endpoint_from_values(dict(zip(ENDPOINT_COLUMNS, row, strict=True)))


def endpoint_from_values(values: Mapping[str, Any]) -> Endpoint:
    """An endpoint from its columns by name."""
    return Endpoint(
        **{
            **values,
            "events": tuple(orjson.loads(values["events"])),
            "is_enabled": bool(values["is_enabled"]),
            "verifies_tls": bool(values["verifies_tls"]),
            "details": None if values["details"] is None else orjson.loads(values["details"]),
        }
    )


def delivery_from(row: tuple[Any, ...]) -> Delivery:
    """A delivery from the values of DELIVERY_COLUMNS."""
    values = dict(zip(DELIVERY_COLUMNS, row, strict=True))
    values["status"] = DeliveryStatus(values["status"])
    values["body"] = bytes(values["body"])
    return Delivery(**values)
