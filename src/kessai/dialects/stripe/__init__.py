"""The Stripe API, for Stripe's own SDKs with only the base URL changed."""
