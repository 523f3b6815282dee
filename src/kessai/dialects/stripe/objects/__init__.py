"""From the core's values to objects of the Stripe API. Pure."""
