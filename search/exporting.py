"""A search as a file: all that it finds, each article with the sentence that shows why."""

import json
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import unescape
from itertools import islice
from threading import BoundedSemaphore
from typing import Self

from django.utils.text import slugify

from articles.citing import bibtex
from articles.models import Article
from articles.spreadsheets import csv_lines
from search.finding import Ids, find_ids, understand_for_index
from search.forms import Asked
from search.query import Piece
from search.snippets import snippet

__all__ = ["FORMATS", "BusyError", "Export", "NothingAskedError", "export"]

COLUMNS = [
    "id",
    "title",
    "url",
    "original_url",
    "outlet",
    "published_at",
    "byline",
    "sentence",
]
AT_ONCE = 100
LONGEST_NAME = 60

# A thread of the web server is busy with an export to its end, and a process has few.
_turns = BoundedSemaphore(1)


class NothingAskedError(ValueError):
    """There is nothing in the query to search for."""


class BusyError(Exception):
    """This process makes another export."""


@dataclass(frozen=True, slots=True)
class Found:
    """An article that was found, its address in this archive, and what was found in its text."""

    article: Article
    address: str
    pieces: Sequence[Piece]

    @property
    def sentence(self) -> str:
        """The sentence that shows the most of them, as plain text."""
        html = snippet(self.article.text, self.pieces)
        return unescape(html.replace("<mark>", "").replace("</mark>", ""))

    @property
    def cells(self) -> list[object]:
        """Its columns."""
        article = self.article
        return [
            article.pk,
            article.title,
            self.address,
            article.original_url,
            article.outlet.slug,
            article.published_at.isoformat() if article.published_at else "",
            article.byline,
            self.sentence,
        ]


@dataclass(frozen=True, slots=True)
class Format:
    """How an export is written, and what of articles it has no need of."""

    label: str
    content_type: str
    lines: Callable[[Iterator[Found]], Iterator[str]]
    unused: Sequence[str] = ("body", "lead")


def _csv(found: Iterator[Found]) -> Iterator[str]:
    return csv_lines(COLUMNS, (each.cells for each in found))


def _jsonl(found: Iterator[Found]) -> Iterator[str]:
    for each in found:
        values = dict(zip(COLUMNS, each.cells, strict=True))
        values["published_at"] = values["published_at"] or None
        yield json.dumps(values, ensure_ascii=False) + "\n"


def _bibtex(found: Iterator[Found]) -> Iterator[str]:
    for each in found:
        yield bibtex(each.article, address=each.address) + "\n"


FORMATS = {
    "csv": Format("CSV", "text/csv; charset=utf-8", _csv),
    "jsonl": Format("JSON Lines", "application/x-ndjson; charset=utf-8", _jsonl),
    "bib": Format(
        "BibTeX", "application/x-bibtex; charset=utf-8", _bibtex, unused=("body", "lead", "text")
    ),
}
"""By the ending of the file's name."""


class Export:
    """The parts of a file, as text; whoever reads it closes it, also before its end."""

    def __init__(self, parts: Iterator[str], *, name: str, content_type: str) -> None:
        self._is_open = True
        self.name = name
        self.content_type = content_type
        self._parts = parts

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        return next(self._parts)

    def close(self) -> None:
        """Let others have their turn."""
        if self._is_open:
            self._is_open = False
            _turns.release()

    def __del__(self) -> None:
        """Close what was lost on its way to the reader."""
        self.close()


def export(asked: Asked, ending: str, address_of: Callable[[Article], str]) -> Export:
    """Return all that is found, in order, as a file of the format that ``ending`` names.

    Found is what the index has now; articles that are hidden or deleted before their turn are left
    out. ``address_of`` gives addresses in this archive. Raises NothingAskedError, BusyError,
    IndexUnavailableError.
    """
    understood = understand_for_index(asked.query)
    if understood.condition is None:
        raise NothingAskedError
    if not _turns.acquire(blocking=False):
        raise BusyError
    try:
        # Eight bytes an article.
        ids = array("q", find_ids(asked.query, **asked.narrowing, sort=asked.sort, hidden=None))
    except BaseException:
        _turns.release()
        raise
    in_text = [piece for piece in understood.marks if not piece.in_title]
    form = FORMATS[ending]
    found = (
        Found(article, address_of(article), in_text) for article in _articles(ids, form.unused)
    )
    name = slugify(asked.query[:LONGEST_NAME], allow_unicode=True) or "search"
    return Export(
        _in_parts(form.lines(found)), name=f"{name}.{ending}", content_type=form.content_type
    )


def _articles(ids: Ids, unused: Sequence[str]) -> Iterator[Article]:
    articles = Article.objects.readable().select_related("outlet").defer(*unused)
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        by_id = articles.in_bulk(list(some))
        yield from (by_id[pk] for pk in some if pk in by_id)


def _in_parts(lines: Iterable[str]) -> Iterator[str]:
    lines = iter(lines)
    while part := "".join(islice(lines, AT_ONCE)):
        yield part
