"""A site on this machine for tests, and the only way to fetch from it: a fetch of their own."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from typing import Any
from urllib.parse import urlsplit

from ssrfguard import Policy

from articles.fetching import fetch

Answer = Callable[["Handler"], None]
SockAddr = tuple[int, int, int, str, tuple[Any, ...]]


@dataclass
class Asked:
    """A request: of which host, for what, when, and while how many others were answered."""

    host: str
    path: str
    headers: dict[str, str]
    at: float
    beside: int


@dataclass
class Site:
    """What a site answers, by path, and what it was asked."""

    port: int
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    busy: int = 0
    stopped: threading.Event = field(default_factory=threading.Event)

    def address(self, path: str, host: str = "site.test") -> str:
        return f"http://{host}:{self.port}{path}"

    def fetch(self, most_bytes: int = 100_000, seconds: float = 5) -> "LocalFetch":
        return LocalFetch(self.port, most_bytes, seconds)


class Handler(BaseHTTPRequestHandler):
    """Answers as the site's table says."""

    protocol_version = "HTTP/1.1"
    site: Site

    def do_GET(self) -> None:
        site = self.site
        host = self.headers["Host"].partition(":")[0]
        asked = Asked(host, self.path, dict(self.headers), time.monotonic(), site.busy)
        site.asked.append(asked)
        site.busy += 1
        try:
            with suppress(BrokenPipeError, ConnectionResetError):
                site.answers.get(urlsplit(self.path).path, answer(b"", status=404))(self)
        finally:
            site.busy -= 1

    def log_message(self, *_arguments: object) -> None:
        pass


def answer(body: bytes, *, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    def send(handler: Handler) -> None:
        handler.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | (headers or {})).items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)
        handler.close_connection = True

    return send


def redirect(location: str, body: bytes = b"") -> Answer:
    return answer(body, status=302, headers={"Location": location})


def drip(head: bytes, piece: bytes, pause: float) -> Answer:
    """Send ``head``, then ``piece`` again and again until nobody listens."""

    def send(handler: Handler) -> None:
        handler.close_connection = True
        handler.wfile.write(head)
        while not handler.site.stopped.wait(pause):
            handler.wfile.write(piece)

    return send


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n\r\n"


@contextmanager
def local_site(secure: ssl.SSLContext | None = None) -> Iterator[Site]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if secure:
        server.socket = secure.wrap_socket(server.socket, server_side=True)
    site = Site(server.server_address[1])
    server.RequestHandlerClass = type("SiteHandler", (Handler,), {"site": site})
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield site
    finally:
        site.stopped.set()
        server.shutdown()
        thread.join()
        server.server_close()


def local_policy(port: int) -> Policy:
    """What production allows, and one port of 127.0.0.1 besides."""
    return Policy(
        allowed_networks=(ip_network("127.0.0.1/32"),),
        allowed_ports=frozenset({80, 443, port}),
        max_connection_attempts=2,
    )


def answers_of(addresses: Sequence[str], port: int) -> list[SockAddr]:
    """Return what ``socket.getaddrinfo`` would of a name with these addresses."""
    return [
        (
            socket.AF_INET6 if ":" in address else socket.AF_INET,
            socket.SOCK_STREAM,
            6,
            "",
            (address, port, 0, 0) if ":" in address else (address, port),
        )
        for address in addresses
    ]


def resolve_here(host: str, port: int, *_rest: object) -> list[SockAddr]:
    """Names under .test lie on this machine; no other name exists."""
    if host.endswith(".test"):
        return answers_of(["127.0.0.1"], port)
    if host.replace(".", "").isdigit():
        return answers_of([host], port)
    raise socket.gaierror(socket.EAI_NONAME, "no such name")


@dataclass(frozen=True)
class LocalFetch:
    """A fetch for ``gather`` that reaches a site of this machine, in workers, too."""

    port: int
    most_bytes: int = 100_000
    seconds: float = 5

    def __call__(self, address: str) -> bytes:
        return fetch(
            address,
            most_bytes=self.most_bytes,
            seconds=self.seconds,
            policy=local_policy(self.port),
            resolver=resolve_here,
        )
