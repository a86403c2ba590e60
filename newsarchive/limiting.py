"""How often programs may ask."""

import ipaddress
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from math import ceil
from time import time

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

__all__ = ["client_address", "count", "limited"]

LIMITED = ("/api/", "/search/export.")
SECONDS = 60
# A client counted in an earlier window begins anew.
COUNT = """
    INSERT INTO requests VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET
    used = CASE period WHEN excluded.period THEN used + 1 ELSE 1 END, period = excluded.period
    RETURNING used
"""

Door = Callable[[HttpRequest], HttpResponse]


def client_address(get_response: Door) -> Door:
    """Middleware: behind NEWSARCHIVE_PROXIES proxies, the client is who the first of them saw.

    Each proxy adds to the end of X-Forwarded-For who asked it; what stands further left anyone can
    make up, and without a proxy all of it.
    """

    def respond(request: HttpRequest) -> HttpResponse:
        if proxies := settings.NEWSARCHIVE_PROXIES:
            seen = request.headers.get("X-Forwarded-For", "").split(",")
            address = seen[-proxies].strip() if len(seen) >= proxies else ""
            if _address(address):
                request.META["REMOTE_ADDR"] = address
        return get_response(request)

    return respond


def limited(get_response: Door) -> Door:
    """Middleware: API and exports answer NEWSARCHIVE_API_PER_MINUTE requests of a client; 0: any.

    Every answer says how many are left (RateLimit-Limit, -Remaining, -Reset in seconds, as
    draft-ietf-httpapi-ratelimit-headers-06 has them); those beyond are 429 with Retry-After.
    """

    def respond(request: HttpRequest) -> HttpResponse:
        most = settings.NEWSARCHIVE_API_PER_MINUTE
        if not most or not request.path_info.startswith(LIMITED):
            return get_response(request)
        period, passed = divmod(time(), SECONDS)
        seconds = ceil(SECONDS - passed)
        used = count(_client(request), int(period))
        if used <= most:
            response = get_response(request)
        else:
            message = f"More than {most} requests in a minute; go on in {seconds} seconds."
            response = JsonResponse(
                {"message": message}, status=429, headers={"Retry-After": str(seconds)}
            )
        response.headers["RateLimit-Limit"] = str(most)
        response.headers["RateLimit-Remaining"] = str(max(0, most - used))
        response.headers["RateLimit-Reset"] = str(seconds)
        return response

    return respond


def _client(request: HttpRequest) -> str:
    """Return who is counted: an IPv4 address, or the /64 network that is one client's in IPv6."""
    address = _address(request.META.get("REMOTE_ADDR", ""))
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address that ``text`` is, as IPv4 where a socket for both wrote it as IPv6."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def count(client: str, period: int) -> int:
    """Count a request, and return how many there were of ``client`` in ``period``.

    All web processes count in one small database beside the archive's, exactly; Django's caches
    would count in each process alone (memory) or lose counts to each other (files). Where nobody
    can count, 0: the limit is a politeness, and no reason to be shut.
    """
    path = settings.DATA_DIR / "requests.sqlite3"
    try:
        with closing(sqlite3.connect(path, timeout=1, isolation_level=None)) as database:
            # Of use for a minute, so nothing is lost with it.
            database.execute("PRAGMA synchronous = OFF")
            database.execute(
                "CREATE TABLE IF NOT EXISTS requests "
                "(client TEXT PRIMARY KEY, period INTEGER, used INTEGER) WITHOUT ROWID"
            )
            used: int = database.execute(COUNT, [client, period]).fetchone()[0]
            if used == 1:
                database.execute("DELETE FROM requests WHERE period < ?", [period])
            return used
    except sqlite3.OperationalError:
        return 0
    except sqlite3.DatabaseError:
        with suppress(OSError):
            path.unlink()
        return 0
