"""Harnesses that try to break a promise for minutes; `python -m tests.prove` lists them."""
