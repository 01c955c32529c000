"""A server that answers GETs as S3 does: `python answers_gets.py FOLDER SECONDS`; tells its port.

SECONDS is what is added to each answer. Nothing is listed, and no signature is looked at.
"""

import asyncio
import sys
from pathlib import Path
from urllib.parse import unquote

BLANK_LINE = b"\r\n\r\n"


class Server(asyncio.Protocol):
    """One connection, kept alive."""

    contents: dict[str, bytes]
    delay: float

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where answers go."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.received = b""

    def data_received(self, data: bytes) -> None:
        """Answer each request that has arrived whole; none of them has a body."""
        self.received += data
        while BLANK_LINE in self.received:
            request, self.received = self.received.split(BLANK_LINE, 1)
            answer = self.answer(*request.split(b" ", 2)[:2])
            if self.delay:
                asyncio.get_running_loop().call_later(self.delay, self.transport.write, answer)
            else:
                self.transport.write(answer)

    def answer(self, method: bytes, path: bytes) -> bytes:
        """The bytes of an answer."""
        body = self.contents.get(unquote(path.decode()), b"")
        head = (
            f'HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nETag: "etag"\r\n'
            "Last-Modified: Wed, 01 Jan 2025 00:00:00 GMT\r\nx-amz-bucket-region: us-east-1\r\n\r\n"
        )
        return head.encode() + (b"" if method == b"HEAD" else body)


async def serve(folder: Path, delay: float) -> None:
    """Serve a folder as the bucket `lake` until killed."""
    files = (path for path in folder.rglob("*") if path.is_file())
    Server.contents = {f"/lake/{path.relative_to(folder)}": path.read_bytes() for path in files}
    Server.delay = delay
    server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), float(sys.argv[2])))
