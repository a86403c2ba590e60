"""Gathering: the pictures of many articles, fetched politely and kept for good."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, wait
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import islice

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from filelock import FileLock, Timeout

from articles.fetching import FetchError, Problem, fetch
from articles.models import ArticleQuerySet, Picture, PictureUse
from articles.pictures._examining import Arrived, fetch_picture
from articles.pictures._files import is_kept, keep, remove_unfinished
from articles.pictures._hosts import Hosts
from articles.sanitising import remote_pictures
from articles.workers import SECONDS_BETWEEN_LOOKS, Task, Workers, WorkersLostError

__all__ = ["JOBS", "AlreadyGatheringError", "Fetch", "Gathering", "fetch_public", "gather"]

JOBS = 4
MOST_BYTES = 10_000_000
SECONDS = 60
# For a server or a resolver that keeps a process waiting, and for decoding.
SECONDS_IN_A_WORKER = SECONDS + 15

ARTICLES_AT_ONCE = 200
MOST_WAITING = 1_000
WAITS = [timedelta(hours=1), timedelta(hours=6), timedelta(days=1), timedelta(days=7)]

Fetch = Callable[[str], bytes]
fetch_public: Fetch = partial(fetch, most_bytes=MOST_BYTES, seconds=SECONDS)


class AlreadyGatheringError(Exception):
    """Another process fetches pictures: two would ask hosts twice as often."""


@dataclass(slots=True)
class Gathering:
    """What became of the pictures so far.

    ``waiting`` are those that failed before and are not due, or whose host does not answer.
    """

    fetched: int = 0
    known: int = 0
    failed: int = 0
    waiting: int = 0


def gather(
    articles: ArticleQuerySet,
    *,
    gathering: Gathering,
    workers: Workers,
    jobs: int = JOBS,
    limit: int | None = None,
    retry: bool = False,
    fetch: Fetch = fetch_public,
    progress: Callable[[int], object] = lambda _articles: None,
    tell: Callable[[str, FetchError], object] = lambda _address, _error: None,
) -> None:
    """Fetch the pictures of ``articles``, in their order, and count them in ``gathering``.

    ``workers`` fetch ``jobs`` at once, each from another host. ``limit`` is how many are tried;
    with ``retry`` also those that failed for good or are not due. ``progress`` is called with
    numbers of articles looked through, ``tell`` with what failed. Each picture is on the disk
    before its row says so, and a row is written when its picture has come or failed: killed at any
    moment, the next call goes on.

    Raises AlreadyGatheringError, KeyboardInterrupt, WorkersLostError, DatabaseError, and OSError
    where the folder cannot be written.
    """
    with _alone():
        remove_unfinished()
        wanted = _Wanted(articles, gathering, retry=retry, progress=progress)
        queue = _Queue(workers, gathering, jobs=jobs, fetch=fetch, tell=tell)
        for picture in islice(wanted, limit):
            queue.add(picture)
            while queue.is_full:
                queue.work()
                progress(0)
        while queue.is_busy:
            queue.work()
            progress(0)


@contextmanager
def _alone() -> Iterator[None]:
    folder = settings.DATA_DIR / "locks"
    folder.mkdir(exist_ok=True)
    try:
        with FileLock(folder / "pictures", blocking=False):
            yield
    except Timeout:
        raise AlreadyGatheringError from None


class _Wanted:
    """The pictures that shall be tried, article by article; notes which article has which."""

    def __init__(
        self,
        articles: ArticleQuerySet,
        gathering: Gathering,
        *,
        retry: bool,
        progress: Callable[[int], object],
    ) -> None:
        self._articles = articles
        self._gathering = gathering
        self._retry = retry
        self._progress = progress
        self._seen: set[int] = set()

    def __iter__(self) -> Iterator[Picture]:
        ids = list(self._articles.values_list("pk", flat=True))
        for start in range(0, len(ids), ARTICLES_AT_ONCE):
            chunk = ids[start : start + ARTICLES_AT_ONCE]
            for picture in self._pictures_of(chunk):
                if picture.pk not in self._seen:
                    self._seen.add(picture.pk)
                    if self._shall_be_tried(picture):
                        yield picture
            self._progress(len(chunk))

    def _pictures_of(self, ids: Sequence[int]) -> list[Picture]:
        """Return the pictures of articles, in order, those that are new among them."""
        articles = self._articles.filter(pk__in=ids)
        named = {pk: remote_pictures(body) for pk, body in articles.values_list("pk", "body")}
        with transaction.atomic():
            # Those that were deleted or hidden since their bodies were read have no pictures.
            still_there = articles.values_list("pk", flat=True)
            uses = [(pk, address) for pk in still_there for address in named.get(pk, ())]
            addresses = list(dict.fromkeys(address for _pk, address in uses))
            Picture.objects.bulk_create(
                (Picture(address=address) for address in addresses), ignore_conflicts=True
            )
            pictures = Picture.objects.in_bulk(addresses, field_name="address")
            PictureUse.objects.bulk_create(
                (PictureUse(article_id=pk, picture=pictures[address]) for pk, address in uses),
                ignore_conflicts=True,
            )
        return [pictures[address] for address in addresses]

    def _shall_be_tried(self, picture: Picture) -> bool:
        if picture.sha256 and is_kept(picture.sha256, picture.format):
            self._gathering.known += 1
            return False
        if not self._retry and not picture.is_worth_trying(timezone.now()):
            self._gathering.waiting += 1
            return False
        return True


class _Queue:
    """Pictures that wait for their host, and those that workers fetch."""

    def __init__(
        self,
        workers: Workers,
        gathering: Gathering,
        *,
        jobs: int,
        fetch: Fetch,
        tell: Callable[[str, FetchError], object],
    ) -> None:
        self._workers = workers
        self._gathering = gathering
        self._jobs = jobs
        self._fetch = fetch
        self._tell = tell
        self._hosts = Hosts()
        self._running: list[tuple[Picture, Task[Arrived]]] = []

    @property
    def is_full(self) -> bool:
        return len(self._hosts) >= MOST_WAITING

    @property
    def is_busy(self) -> bool:
        return bool(self._running or len(self._hosts))

    def add(self, picture: Picture) -> None:
        if not self._hosts.add(picture):
            self._gathering.waiting += 1

    def work(self) -> None:
        """Give workers what they can take, and store what they have; waits for a moment."""
        while len(self._running) < self._jobs and (picture := self._hosts.take()):
            task = self._workers.submit(
                fetch_picture, picture.address, self._fetch, timeout=SECONDS_IN_A_WORKER
            )
            self._running.append((picture, task))
        futures = [task.future for _picture, task in self._running]
        wait(futures, SECONDS_BETWEEN_LOOKS, FIRST_COMPLETED)
        self._workers.check()
        still_running = []
        for picture, task in self._running:
            if task.future.done() or not task.pool.active:
                self._store(picture, _outcome(self._workers, task))
            else:
                still_running.append((picture, task))
        self._running = still_running

    def _store(self, picture: Picture, outcome: Arrived | FetchError) -> None:
        host_failed = False
        if isinstance(outcome, FetchError):
            host_failed = outcome.is_passing
            self._gathering.failed += 1
            self._tell(picture.address, outcome)
            _note_failure(picture, outcome)
        else:
            keep(outcome.data, outcome.sha256, outcome.format)
            self._gathering.fetched += 1
            _note_success(picture, outcome)
        self._gathering.waiting += self._hosts.done(picture, host_failed=host_failed)


def _outcome(workers: Workers, task: Task[Arrived]) -> Arrived | FetchError:
    """Return what came of a picture; no picture, however odd, ends the whole."""
    try:
        return workers.result(task)
    except FetchError as error:
        return error
    except WorkersLostError:
        raise
    except TimeoutError:
        return FetchError(Problem.TIMEOUT, "it took too long")
    except Exception as error:
        return FetchError(Problem.CRASH, f"{type(error).__name__}: {error}")


def _note_success(picture: Picture, arrived: Arrived) -> None:
    picture.sha256, picture.format = arrived.sha256, arrived.format
    picture.size, picture.width, picture.height = len(arrived.data), arrived.width, arrived.height
    picture.fetched_at = timezone.now()
    picture.problem, picture.message, picture.try_again_at = "", "", None
    picture.attempts += 1
    picture.save()


def _note_failure(picture: Picture, error: FetchError) -> None:
    """Write down what went wrong, and when it may go better; each time later than before."""
    picture.sha256 = ""
    picture.problem, picture.message = error.kind, error.message[:1000]
    pause = WAITS[min(picture.attempts, len(WAITS) - 1)]
    picture.try_again_at = timezone.now() + pause if error.is_passing else None
    picture.attempts += 1
    picture.save()
