"""A small S3 over HTTP that does what it is told: it lists, it hands out, it misbehaves."""

import http.server
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

REGION = "us-west-2"
ETAG = "0123456789abcdef0123456789abcdef"
ENTRY = "<Contents><Key>{}</Key><ETag>&quot;{}&quot;</ETag><Size>{}</Size></Contents>"
ERROR = "<Error><Code>{}</Code><Message>told so</Message></Error>"


@dataclass
class Request:
    """What was asked."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: Message

    @property
    def key(self) -> str:
        """The key, in a bucket that is the first part of the path."""
        return unquote(self.path).lstrip("/").partition("/")[2]

    @property
    def client(self) -> str:
        """Which client asks: "boto3" or "obstore"."""
        return "boto3" if "Boto3" in self.headers["User-Agent"] else "obstore"


@dataclass
class Answer:
    """What is answered; `pause` is called before each chunk of the body."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    chunk: int = 1 << 30
    pause: Callable[[int], None] = lambda sent: None


@dataclass
class FakeS3:
    """Objects by key, and the requests so far.

    Attributes:
        spoil: changes the answer to a request.
    """

    objects: dict[str, bytes] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    spoil: Callable[[Request, Answer], Answer] = lambda request, answer: answer
    url: str = ""

    def answer(self, request: Request) -> Answer:
        """What S3 would answer."""
        if request.method == "HEAD" and not request.key:
            return Answer()
        if "list-type" in request.query:
            return self.listing(request.query.get("prefix", [""])[0])
        if request.key not in self.objects:
            return Answer(404, ERROR.format("NoSuchKey").encode())
        head = {"ETag": f'"{ETAG}"', "Last-Modified": "Wed, 01 Jan 2025 00:00:00 GMT"}
        body = self.objects[request.key]
        if wanted := request.headers["Range"]:
            first, last = wanted.removeprefix("bytes=").split("-")
            stop = int(last or len(body) - 1) + 1
            head["Content-Range"] = f"bytes {first}-{stop - 1}/{len(body)}"
            return Answer(206, body[int(first) : stop], head)
        return Answer(200, body, head)

    def listing(self, prefix: str, token: str = "") -> Answer:
        """A page of a listing; with a token there are more."""
        found = {key: body for key, body in sorted(self.objects.items()) if key.startswith(prefix)}
        text = "".join(ENTRY.format(escape(key), ETAG, len(body)) for key, body in found.items())
        more = f"<NextContinuationToken>{token}</NextContinuationToken>" if token else ""
        flag = f"<IsTruncated>{str(bool(token)).lower()}</IsTruncated>"
        return Answer(body=f"<ListBucketResult>{flag}{more}{text}</ListBucketResult>".encode())

    def asked(self, client: str) -> list[Request]:
        """The requests of one client."""
        return [request for request in self.requests if request.client == client]


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers as a `FakeS3` says."""

    protocol_version = "HTTP/1.1"
    s3: FakeS3

    def handle_any(self) -> None:
        """Answer any request."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        query = parse_qs(parts.query, keep_blank_values=True)
        request = Request(self.command, parts.path, query, self.headers)
        self.s3.requests.append(request)
        answer = self.s3.spoil(request, self.s3.answer(request))
        self.send_response(answer.status)
        headers = {"x-amz-bucket-region": REGION, "Content-Length": str(len(answer.body))}
        for name, value in (headers | answer.headers).items():
            if value:
                self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        for start in range(0, len(answer.body), answer.chunk):
            answer.pause(start)
            self.wfile.write(answer.body[start : start + answer.chunk])

    def handle(self) -> None:
        """Forget what could no longer be sent."""
        try:
            super().handle()
        except (OSError, ValueError):
            self.close_connection = True

    def finish(self) -> None:
        """Forget what could no longer be sent."""
        try:
            super().finish()
        except (OSError, ValueError):
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


for verb in ("GET", "PUT", "POST", "HEAD", "DELETE", "CONNECT"):
    setattr(Handler, f"do_{verb}", Handler.handle_any)


class Server(http.server.ThreadingHTTPServer):
    """Threads that nobody waits for, and no word on clients that hung up."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing."""


@contextmanager
def serving(
    objects: dict[str, bytes] | None = None, certificate: tuple[Path, Path] | None = None
) -> Iterator[FakeS3]:
    """An S3 on a free port; over TLS if a certificate and its key are given."""
    s3 = FakeS3(objects or {})
    server = Server(("127.0.0.1", 0), type("Bound", (Handler,), {"s3": s3}))
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    s3.url = f"{'https://localhost' if certificate else 'http://127.0.0.1'}:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield s3
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def slowly(rate: int, chunk: int = 20_000) -> Callable[[Request, Answer], Answer]:
    """Send large bodies at a rate, bytes a second."""

    def spoil(request: Request, answer: Answer) -> Answer:
        if len(answer.body) > chunk:
            answer.chunk = chunk
            answer.pause = lambda sent: time.sleep(chunk / rate)
        return answer

    return spoil
