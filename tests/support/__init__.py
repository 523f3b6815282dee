"""What tests of several folders lean on: servers of their own, a webhook receiver."""
