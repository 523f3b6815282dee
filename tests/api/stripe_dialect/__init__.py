"""The Stripe API, in process, with the clock in hand."""
