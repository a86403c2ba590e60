"""Politeness: one request at a time to each host, with a pause, and none to one that fails."""

from collections import Counter, deque
from time import monotonic
from urllib.parse import urlsplit

from articles.models import Picture

__all__ = ["Hosts"]

SECONDS_BETWEEN_REQUESTS = 0.5
MOST_FAILURES_IN_A_ROW = 5


class Hosts:
    """Pictures that wait for their host to be free; ``len`` says how many.

    Hosts take turns. A host that failed five times in a row is left alone from then on.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, deque[Picture]] = {}
        self._free_at: dict[str, float] = {}
        self._failures: Counter[str] = Counter()

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def add(self, picture: Picture) -> bool:
        """Let a picture wait; False if its host is left alone."""
        host = _host(picture)
        if self._failures[host] >= MOST_FAILURES_IN_A_ROW:
            return False
        self._waiting.setdefault(host, deque()).append(picture)
        return True

    def take(self) -> Picture | None:
        """Return a picture whose host may be asked now; the host is busy until ``done``."""
        now = monotonic()
        for host in list(self._waiting):
            if self._free_at.get(host, now) <= now:
                pictures = self._waiting.pop(host)
                picture = pictures.popleft()
                if pictures:
                    self._waiting[host] = pictures
                self._free_at[host] = float("inf")
                return picture
        return None

    def done(self, picture: Picture, *, host_failed: bool) -> int:
        """Note that the host answered, or failed; return how many pictures wait in vain now."""
        host = _host(picture)
        self._free_at[host] = monotonic() + SECONDS_BETWEEN_REQUESTS
        self._failures[host] = self._failures[host] + 1 if host_failed else 0
        if self._failures[host] < MOST_FAILURES_IN_A_ROW:
            return 0
        return len(self._waiting.pop(host, ()))


def _host(picture: Picture) -> str:
    return urlsplit(picture.address).hostname or ""
