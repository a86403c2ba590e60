"""Fetching a file from an address that nobody vouches for.

ssrfguard resolves the name once, refuses every address that is not public, and connects to what it
checked: a name that points elsewhere a moment later gains nothing. requests alone would read the
whole body of a redirect, however long, so redirects are followed here.
"""

from collections.abc import Callable, Iterable
from contextlib import closing
from enum import StrEnum
from http import HTTPStatus
from time import monotonic
from typing import Any
from urllib.parse import urljoin

import urllib3.exceptions
from django.conf import settings
from requests import PreparedRequest, Request, RequestException, Response
from requests import exceptions as failures
from ssrfguard import Policy, SSRFGuardError
from ssrfguard.requests import SafeAdapter

__all__ = ["PUBLIC", "FetchError", "Problem", "fetch"]

MOST_REDIRECTS = 5
SECONDS_WITHOUT_A_BYTE = 10
READ_AT_ONCE = 65_536

PUBLIC = Policy(max_connection_attempts=2)
"""http and https, ports 80 and 443, public addresses, no names and passwords in addresses."""

Resolver = Callable[..., Iterable[tuple[int, int, int, str, tuple[Any, ...]]]]


class Problem(StrEnum):
    """The kinds of reasons for which nothing was fetched, or what was fetched is not kept."""

    ADDRESS = "address"
    HOST = "host"
    CONNECTION = "connection"
    TLS = "tls"
    TIMEOUT = "timeout"
    STATUS = "status"
    REDIRECTS = "redirects"
    TOO_LARGE = "too-large"
    ENCODING = "encoding"
    NOT_A_PICTURE = "not-a-picture"
    TOO_MANY_PIXELS = "too-many-pixels"
    DAMAGED = "damaged"
    CRASH = "crash"


PASSING = frozenset({Problem.HOST, Problem.CONNECTION, Problem.TLS, Problem.TIMEOUT, Problem.CRASH})
PASSING_STATUS = frozenset(
    {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
)


class FetchError(Exception):
    """Nothing was fetched; ``is_passing`` where it may go better another time."""

    def __init__(self, kind: Problem, message: str, is_passing: bool | None = None) -> None:
        super().__init__(kind, message, is_passing)
        self.kind = kind
        self.message = message
        self.is_passing = kind in PASSING if is_passing is None else is_passing

    def __str__(self) -> str:
        return self.message


def fetch(
    address: str,
    *,
    most_bytes: int,
    seconds: float,
    policy: Policy = PUBLIC,
    resolver: Resolver | None = None,
) -> bytes:
    """Return what lies at ``address``, after at most five redirects.

    Raises FetchError: for an address that ``policy`` forbids, here and after each redirect; for
    more than ``most_bytes`` as sent or as decoded; after ``seconds``. Time is looked at between
    reads, each of which ends after ten seconds without a byte: whoever must not wait for a server
    that drips its headers, or for the system's resolver, calls this in a process with a limit.

    No proxy, cookie, password or certificate authority is taken from the environment. ``policy``
    and ``resolver`` (a stand-in for ``socket.getaddrinfo``) are for tests.
    """
    deadline = monotonic() + seconds
    with closing(SafeAdapter(policy=policy, resolver=resolver)) as adapter:
        for _hop in range(MOST_REDIRECTS + 1):
            try:
                policy.check_url(address)
                request = _request(address)
                timeout = min(SECONDS_WITHOUT_A_BYTE, _seconds_left(deadline))
                response = adapter.send(request, stream=True, timeout=timeout)
                with closing(response):
                    if not response.is_redirect:
                        _check_status(response)
                        return _read(response, most_bytes, deadline)
                    address = urljoin(address, _location(response))
            except SSRFGuardError as error:
                raise FetchError(Problem.ADDRESS, str(error)) from error
            except (RequestException, urllib3.exceptions.HTTPError, OSError) as error:
                raise _as_fetch_error(error) from error
            except ValueError as error:
                raise FetchError(Problem.ADDRESS, f"not a usable address: {error}") from error
    raise FetchError(Problem.REDIRECTS, f"more than {MOST_REDIRECTS} redirects")


def _request(address: str) -> PreparedRequest:
    contact = settings.NEWSARCHIVE_CONTACT
    headers = {
        "User-Agent": f"newsarchive/1.0 ({contact})" if contact else "newsarchive/1.0",
        "Accept": "image/*",
        "Accept-Encoding": "identity",
    }
    return Request("GET", address, headers=headers).prepare()


def _location(response: Response) -> str:
    """Return where a redirect leads; browsers take raw bytes in it for UTF-8."""
    return response.headers["Location"].encode("latin-1", "replace").decode(errors="replace")


def _check_status(response: Response) -> None:
    status = response.status_code
    if status != HTTPStatus.OK:
        is_passing = status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in PASSING_STATUS
        raise FetchError(Problem.STATUS, f"the server answered {status}", is_passing)


def _read(response: Response, most_bytes: int, deadline: float) -> bytes:
    declared = response.headers.get("Content-Length", "")
    if declared.isdecimal() and int(declared) > most_bytes:
        raise _too_large(most_bytes)
    parts = bytearray()
    # One read of the socket at a time: a server that drips meets the deadline, too.
    while part := response.raw.read1(READ_AT_ONCE, decode_content=True):
        parts += part
        if len(parts) > most_bytes or response.raw.tell() > most_bytes:
            raise _too_large(most_bytes)
        _seconds_left(deadline)
    return bytes(parts)


def _seconds_left(deadline: float) -> float:
    left = deadline - monotonic()
    if left <= 0:
        raise FetchError(Problem.TIMEOUT, "it took too long")
    return left


def _too_large(most_bytes: int) -> FetchError:
    return FetchError(Problem.TOO_LARGE, f"it is larger than {most_bytes:,} bytes")


def _as_fetch_error(error: Exception) -> FetchError:
    """Return the kind of what requests or urllib3 raised, by what the reason for it was."""
    reason: object = error.args[0] if error.args else error
    reason = getattr(reason, "reason", reason)
    causes = (error, reason)

    def is_any(*kinds: type[BaseException]) -> bool:
        return any(isinstance(cause, kinds) for cause in causes)

    if is_any(urllib3.exceptions.NameResolutionError):
        return FetchError(Problem.HOST, "the name of the host is not known")
    if is_any(failures.SSLError, urllib3.exceptions.SSLError):
        return FetchError(Problem.TLS, f"no secure connection: {reason}")
    if is_any(urllib3.exceptions.NewConnectionError):
        return FetchError(Problem.CONNECTION, "the host takes no connection")
    if is_any(failures.Timeout, urllib3.exceptions.TimeoutError, TimeoutError):
        return FetchError(Problem.TIMEOUT, "the server did not answer in time")
    if is_any(urllib3.exceptions.DecodeError, failures.ContentDecodingError):
        return FetchError(Problem.ENCODING, "its content encoding is broken")
    if is_any(failures.InvalidURL, failures.MissingSchema, failures.InvalidSchema):
        return FetchError(Problem.ADDRESS, f"not a usable address: {reason}")
    return FetchError(Problem.CONNECTION, f"the connection failed: {reason}")
