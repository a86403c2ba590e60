"""Pages of a list of articles that stay fast however long the list is.

A page is named by the article it follows (``older-TIME-ID``) or comes before (``newer-TIME-ID``),
so that the database goes straight there along an index. A number works as well; it skips along the
same index and reads no rows on the way.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils.translation import gettext as _

from articles.models import UNDATED, Article, ArticleQuerySet

__all__ = ["PAGE_OF_UNDATED", "Page", "PageError", "articles_after", "key_of", "page_of"]

PAGE_SIZE = 30
MOST_PAGES = 10_000
_EPOCH = datetime(1, 1, 1, tzinfo=UTC)

PAGE_OF_UNDATED = f"older-{(UNDATED - _EPOCH) // timedelta(microseconds=1) + 1}-0"
"""Names the page on which a list's undated articles begin."""


class PageError(ValueError):
    """The name of a page that cannot be; the message is for the reader."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some articles of a list; ``newer`` and ``older`` name the neighbours, "" where none is."""

    articles: list[Article]
    newer: str
    older: str


def page_of(articles: ArticleQuerySet, name: str) -> Page:
    """Return the page ``name`` of ``articles``, newest first; "" names the first.

    Raises PageError when ``name`` is neither a number nor made by this module.
    """
    if not name or name == "1":
        found = list(articles.newest_first()[: PAGE_SIZE + 1])
        return _page(found[:PAGE_SIZE], has_newer=False, has_older=len(found) > PAGE_SIZE)
    if re.fullmatch(r"[0-9]{1,5}", name) and 1 < int(name) <= MOST_PAGES:
        start = (int(name) - 1) * PAGE_SIZE
        keys = articles.newest_first().values_list("pk", flat=True)
        found_keys = list(keys[start : start + PAGE_SIZE + 1])
        found = list(articles.filter(pk__in=found_keys[:PAGE_SIZE]).newest_first())
        return _page(found, has_newer=True, has_older=len(found_keys) > PAGE_SIZE)
    if match := re.fullmatch(r"(older|newer)-([0-9]{1,18})-([0-9]{1,18})", name):
        return _beside(articles, match[1], int(match[2]), int(match[3]))
    raise PageError(_("“%(page)s” is no page; this is the first one.") % {"page": name[:50]})


def articles_after(articles: ArticleQuerySet, key: str) -> ArticleQuerySet:
    """Return those of ``articles`` that follow the one with ``key``, newest first; "": all.

    Raises PageError when ``key`` was not made by ``key_of``.
    """
    if not key:
        return articles.newest_first()
    match = re.fullmatch(r"([0-9]{1,18})-([0-9]{1,18})", key)
    if match is None:
        raise PageError(_("“%(page)s” is no page; this is the first one.") % {"page": key[:50]})
    return _older(articles, int(match[1]), int(match[2]))


def _older(articles: ArticleQuerySet, microseconds: int, pk: int) -> ArticleQuerySet:
    time = _time(microseconds)
    older = articles.filter(listed_at__lte=time).exclude(listed_at=time, pk__gte=pk)
    return older.newest_first()


def _time(microseconds: int) -> datetime:
    try:
        return _EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def _beside(articles: ArticleQuerySet, side: str, microseconds: int, pk: int) -> Page:
    time = _time(microseconds)
    if side == "older":
        found = list(_older(articles, microseconds, pk)[: PAGE_SIZE + 1])
        return _page(found[:PAGE_SIZE], has_newer=True, has_older=len(found) > PAGE_SIZE)
    newer = articles.filter(listed_at__gte=time).exclude(listed_at=time, pk__lte=pk)
    found = list(newer.order_by("listed_at", "pk")[: PAGE_SIZE + 1])
    return _page(found[:PAGE_SIZE][::-1], has_newer=len(found) > PAGE_SIZE, has_older=True)


def _page(articles: list[Article], *, has_newer: bool, has_older: bool) -> Page:
    return Page(
        articles,
        newer=f"newer-{key_of(articles[0])}" if articles and has_newer else "",
        older=f"older-{key_of(articles[-1])}" if articles and has_older else "",
    )


def key_of(article: Article) -> str:
    """Return what names the place of ``article`` in any list that has the newest first."""
    return f"{(article.listed_at - _EPOCH) // timedelta(microseconds=1)}-{article.pk}"
