"""A merchant and its key."""

from __future__ import annotations

from typing import Final

from kessai.domain.ids import KeyId, MerchantId
from kessai.domain.merchant import ApiKey, Merchant
from tests.support.manual_clock import START

MERCHANT: Final = Merchant(
    id=MerchantId("0199d3c2-5f00-7000-8000-000000000001"),
    name="Somebody",
    email=None,
    default_currency="INR",
    is_active=True,
    webhook_endpoint_id=None,
    created_at=START,
    updated_at=START,
)
KEY: Final = ApiKey(
    id=KeyId("0199d3c2-5f00-7000-8000-000000000002"),
    merchant_id=MERCHANT.id,
    name=None,
    public_key="pk_test_x",
    digest="d" * 64,
    last4="xxxx",
    previous_digest=None,
    previous_expires_at=None,
    created_at=START,
    last_used_at=None,
    expires_at=None,
    revoked_at=None,
)
