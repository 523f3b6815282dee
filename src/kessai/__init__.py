"""kessai: a payment gateway that takes no money."""

__version__ = "0.1.0"
