"""Benchmarks; `python -m tests.bench` lists them."""
