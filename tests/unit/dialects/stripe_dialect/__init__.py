"""The parts of the Stripe dialect that need no gateway."""
