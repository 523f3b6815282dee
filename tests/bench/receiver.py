"""A receiver of webhooks that costs as little as one can, as a program for `python -c`; prints its port."""

from __future__ import annotations

from typing import Final

RECEIVER: Final = r"""
import asyncio
import uvloop

ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: Wed, 25 Nov 2026 15:00:00 GMT\r\n"
    b"Server: receiver\r\nContent-Length: 2\r\n\r\nok"
)


class Receiver(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.seen = transport, b""

    def data_received(self, data):
        self.seen += data
        while (end := self.seen.find(b"\r\n\r\n")) >= 0:
            length = self.seen[:end].lower().split(b"content-length:", 1)[1].split(b"\r\n", 1)[0]
            if len(self.seen) < end + 4 + int(length):
                return
            self.seen = self.seen[end + 4 + int(length) :]
            self.transport.write(ANSWER)


async def serve():
    server = await asyncio.get_running_loop().create_server(Receiver, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


uvloop.run(serve())
"""
