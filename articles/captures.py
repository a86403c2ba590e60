"""The captures of an article: what each says, and making one of them what readers see."""

from copy import copy
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from articles.addresses import canonical_address
from articles.editing import VERSIONED, apply_cleaned, keep_imported
from articles.importing.parsed import ParsedArticle
from articles.importing.reading import read_again
from articles.models import Article, Capture
from articles.sanitising import clean

__all__ = [
    "Content",
    "UnreadableCaptureError",
    "content_of",
    "current_content",
    "is_newest",
    "make_current",
]


class UnreadableCaptureError(Exception):
    """No format finds an article in the capture."""


@dataclass(frozen=True, slots=True)
class Content:
    """What an article, or a capture of one, says; ``text`` has a block in each line.

    ``is_article`` is False where no format finds an article in the capture.
    """

    title: str
    byline: str
    published_at: datetime | None
    address: str
    text: str
    is_article: bool = True


def current_content(article: Article) -> Content:
    """Return what readers see of ``article``."""
    return Content(
        article.title, article.byline, article.published_at, article.original_url, article.text
    )


def content_of(capture: Capture, article: Article) -> Content:
    """Return what ``capture`` says, cleaned as it would be for ``article``.

    Where no format finds anything in it, that is its text and nothing else.
    """
    reading = read_again(capture)
    parsed = reading.parsed
    if parsed is None:
        return Content("", "", None, "", reading.text, is_article=False)
    text = clean(parsed.body, url=_base(parsed, article), published_at=parsed.published_at).text
    return Content(parsed.title, parsed.byline, parsed.published_at, parsed.url, text)


def is_newest(capture: Capture, article: Article) -> bool:
    """Whether ``article`` has no capture newer than ``capture``."""
    return article.captures.values_list("pk", flat=True).last() == capture.pk


def make_current(capture: Capture, *, at: datetime) -> bool:
    """Make what ``capture`` says what readers see of its article, and tell whether that changed it.

    Title, byline, time and body are taken, read and cleaned anew; what the file lacks stays, and so
    do address and outlet. What the article was is among its versions afterwards. Somebody decided
    this, ``at`` that time, so that imports keep their hands off from now on, except where the
    article becomes what imports alone would have made of it: nobody edited it, and this is its
    newest capture. Raises UnreadableCaptureError.
    """
    parsed = read_again(capture).parsed
    if parsed is None:
        raise UnreadableCaptureError
    with transaction.atomic():
        article = Article.objects.select_for_update().get(captures=capture.pk)
        before = copy(article)
        _fill(article, parsed)
        article.current_capture = capture
        article.has_newer_capture = not is_newest(capture, article)
        if _state(article) == _state(before):
            return False
        keep_imported(before)
        if article.edited_at or article.has_newer_capture:
            article.edited_at = at
        article._change_reason = f"capture {capture.pk}"  # type: ignore[attr-defined]
        article.save()
    return True


def _fill(article: Article, parsed: ParsedArticle) -> None:
    article.title = parsed.title or article.title
    longest = Article._meta.get_field("byline").max_length
    article.byline = parsed.byline[:longest] or article.byline
    article.published_at = parsed.published_at or article.published_at
    cleaned = clean(parsed.body, url=_base(parsed, article), published_at=parsed.published_at)
    if cleaned.text:
        apply_cleaned(article, cleaned)


def _base(parsed: ParsedArticle, article: Article) -> str:
    """Return the address that makes relative ones absolute: the file's, as when it was imported."""
    try:
        canonical_address(parsed.url)
    except ValueError:
        return article.original_url
    return parsed.url


def _state(article: Article) -> list[Any]:
    names = (*VERSIONED, "current_capture_id", "has_newer_capture", "cleaner_version")
    return [getattr(article, name) for name in names]
