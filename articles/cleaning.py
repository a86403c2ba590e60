"""Cleaning articles again from what was captured, by the rules of today."""

import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from pebble import ProcessExpired

from articles.addresses import canonical_address
from articles.editing import apply_cleaned
from articles.importing.decoding import decode
from articles.importing.formats import read
from articles.importing.parsed import UnusableFileError
from articles.models import Article, Capture
from articles.sanitising import VERSION, Cleaned, clean
from articles.workers import Task, Workers, WorkersLostError

__all__ = ["CleanedArticle", "clean_in_workers", "store_cleaned"]

_FIELDS = ["body", "text", "lead", "cleaner_version"]
SECONDS_PER_ARTICLE = 30


@dataclass(frozen=True, slots=True)
class CleanedArticle:
    """What cleaning made of an article that had this capture and was edited at this time.

    ``cleaned`` is None where nothing could be read.
    """

    pk: int
    capture: int | None
    edited_at: datetime | None
    cleaned: Cleaned | None


def clean_in_workers(ids: Sequence[int], workers: Workers) -> list[CleanedArticle]:
    """Clean the articles that exist among ``ids``, changing nothing.

    What an editor wrote is no capture's: such bodies are sanitised as they are. Raises what
    ``Workers.result`` raises, except where an article hung or ended its process.
    """
    articles = Article.objects.filter(pk__in=ids).only(
        "edited_at", "current_capture", "original_url", "body"
    )
    rows = list(articles)
    from_captures = [row.current_capture_id or 0 for row in rows if not row.edited_at]
    captures = Capture.objects.filter(pk__in=from_captures)
    contents = dict(captures.values_list("pk", "content"))
    tasks: list[Task[Cleaned | None]] = []
    for row in rows:
        content = contents.get(row.current_capture_id or 0)
        call = (clean_body, row.body) if content is None else (clean_content, bytes(content))
        tasks.append(workers.submit(*call, row.original_url, timeout=SECONDS_PER_ARTICLE))
    return [
        CleanedArticle(row.pk, row.current_capture_id, row.edited_at, _result(workers, task))
        for row, task in zip(rows, tasks, strict=True)
    ]


def _result(workers: Workers, task: Task[Cleaned | None]) -> Cleaned | None:
    try:
        return workers.result(task)
    except WorkersLostError:
        raise
    except (TimeoutError, ProcessExpired):
        return None


def clean_content(content: bytes, address: str) -> Cleaned | None:
    """Return the cleaned body in a capture's ``content``, None where no format finds an article.

    ``address`` makes relative addresses absolute where the file does not say its own.
    """
    try:
        parsed = read(decode(zlib.decompress(content)))
    except UnusableFileError:
        return None
    if parsed is None:
        return None
    try:
        canonical_address(parsed.url)
    except ValueError:
        base = address
    else:
        base = parsed.url
    return clean(parsed.body, url=base, published_at=parsed.published_at)


def clean_body(body: str, address: str) -> Cleaned:
    """Return a body that was cleaned once, as today's rules want it."""
    return clean(body, url=address)


def store_cleaned(made: Sequence[CleanedArticle]) -> Counter[str]:
    """Store what cleaning changed, in the caller's transaction; return counts of what became of it.

    ``cleaned``, ``unchanged`` (also what an import or an editor changed meanwhile), ``edited`` (an
    editor's body, kept), ``unreadable`` (nothing was found in the capture: kept as it is) and
    ``gone``.
    """
    articles = Article.objects.select_for_update().in_bulk([item.pk for item in made])
    counts: Counter[str] = Counter()
    changed, confirmed = [], []
    for item in made:
        article = articles.get(item.pk)
        if article is None:
            counts["gone"] += 1
        elif (article.current_capture_id, article.edited_at) != (item.capture, item.edited_at):
            counts["unchanged"] += 1
        elif item.cleaned is None or (article.text and not item.cleaned.text):
            counts["unreadable"] += 1
        elif _apply(article, item.cleaned):
            counts["cleaned"] += 1
            changed.append(article)
        else:
            counts["edited" if article.edited_at else "unchanged"] += 1
            confirmed.append(article.pk)
    Article.objects.bulk_update(changed, _FIELDS, batch_size=50)
    # Nothing that is searched changed: the index need not follow.
    behind = Article.objects.filter(pk__in=confirmed).exclude(cleaner_version=VERSION)
    QuerySet.update(behind, cleaner_version=VERSION)
    return counts


def _apply(article: Article, cleaned: Cleaned) -> bool:
    """Give the article what was cleaned, and tell whether that changed anything."""
    before = article.body, article.text, article.lead
    apply_cleaned(article, cleaned)
    return before != (article.body, article.text, article.lead)
