"""The world behind the ports of `services.ports`: clock, ids, chance, secrets, sockets, Redis, logs.

Parts take plain arguments; which of them is used, and with what settings, is decided in `bootstrap`.
"""
