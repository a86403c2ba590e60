"""How an article was kept: its captures, what each of them changed, what was taken out of them.

All of it is computed from the captures when somebody asks, within limits: a megabyte takes a
second or two at most.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from articles.captures import Content, content_of, current_content
from articles.comparing import Change, Kind, Run, compare, runs, sentences
from articles.importing.reading import read_again
from articles.models import Article, Capture
from articles.sanitising import Loss, clean, losses

__all__ = [
    "Difference",
    "NumberedCapture",
    "TakenOut",
    "captures_of",
    "changed_by",
    "changed_by_editors",
    "taken_out",
]

MOST_COMPARED = 10_000
LONGEST_TOLD = 300_000
MOST_LOSSES = 60


@dataclass(frozen=True, slots=True)
class NumberedCapture:
    """A capture and its number among those of its article, the oldest of which is 1."""

    number: int
    capture: Capture


@dataclass(frozen=True, slots=True)
class Field:
    """A short field that differs."""

    label: str
    changes: list[Change]


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs between two contents: short fields, and the text, sentence by sentence.

    Both are empty where there is no difference. ``is_cut``: whether the texts are longer than what
    was compared.
    """

    fields: list[Field]
    runs: list[Run]
    is_cut: bool


@dataclass(frozen=True, slots=True)
class TakenOut:
    """What sanitising takes out of a capture.

    ``more``: how many kinds are left out of ``losses``. ``is_text_only``: nothing but the text was
    kept; ``is_too_long``: so long that it is not told.
    """

    losses: list[Loss]
    more: int = 0
    is_text_only: bool = False
    is_too_long: bool = False


def captures_of(article: Article) -> list[NumberedCapture]:
    """Return the captures of ``article`` with their runs and without contents, the newest first."""
    captures = article.captures.select_related("run").defer("content")
    return [NumberedCapture(*pair) for pair in enumerate(captures, start=1)][::-1]


def changed_by(capture: Capture, before: Capture, article: Article) -> Difference | None:
    """Return what ``capture`` changed, ``before`` being the one before it.

    None where no format finds an article in one of them.
    """
    contents = [content_of(one, article) for one in (before, capture)]
    return _difference(*contents) if all(one.is_article for one in contents) else None


def changed_by_editors(article: Article, capture: Capture) -> Difference | None:
    """Return what differs between ``capture`` and what readers see of ``article``.

    None where no format finds an article in the capture.
    """
    content = content_of(capture, article)
    return _difference(content, current_content(article)) if content.is_article else None


def taken_out(capture: Capture, article: Article) -> TakenOut | None:
    """Return what sanitising takes out of ``capture``; None where no format finds an article."""
    parsed = read_again(capture).parsed
    if parsed is None:
        return None
    if len(parsed.body) > LONGEST_TOLD:
        return TakenOut([], is_too_long=True)
    cleaned = clean(parsed.body, url=article.original_url, published_at=parsed.published_at)
    found = losses(parsed.body, cleaned.body)
    return TakenOut(
        found[:MOST_LOSSES],
        more=max(0, len(found) - MOST_LOSSES),
        is_text_only=bool(cleaned.text_only),
    )


def _difference(before: Content, after: Content) -> Difference:
    texts = [sentences(content.text) for content in (before, after)]
    changes = compare(texts[0][:MOST_COMPARED], texts[1][:MOST_COMPARED])
    is_same_text = all(change.kind is Kind.SAME for change in changes)
    return Difference(
        fields=list(_fields(before, after)),
        runs=[] if is_same_text else runs(changes),
        is_cut=max(map(len, texts)) > MOST_COMPARED,
    )


def _fields(before: Content, after: Content) -> Iterator[Field]:
    for label, one, other in (
        (_("title"), before.title, after.title),
        (_("byline"), before.byline, after.byline),
        (_("published"), _time(before.published_at), _time(after.published_at)),
        (_("original address"), before.address, after.address),
    ):
        if one != other:
            yield Field(label, compare([one] if one else [], [other] if other else []))


def _time(moment: datetime | None) -> str:
    return date_format(localtime(moment), "Y-m-d H:i:s") if moment else ""
