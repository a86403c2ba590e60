"""Files of articles that people take with them, and other archives import."""

import html
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings

from articles.importing.decoding import decode
from articles.importing.formats import parse
from articles.importing.parsed import NotAnArticleError, UnusableFileError
from articles.models import Article, Job

__all__ = [
    "ARCHIVE",
    "JSONL",
    "KEPT_DAYS",
    "archive_file",
    "archive_name",
    "export_path",
    "remove_old_exports",
]

JSONL, ARCHIVE = "jsonl", "archive"
SUFFIXES = {JSONL: ".jsonl", ARCHIVE: ".zip"}
KEPT_DAYS = 7


def export_path(job: Job) -> Path:
    """Return where the file that an export makes lies when it is whole."""
    folder = _folder()
    folder.mkdir(exist_ok=True)
    return folder / f"articles-{job.pk}{SUFFIXES[job.parameters['format']]}"


def remove_old_exports() -> None:
    """Remove what is older than ``KEPT_DAYS``, and what was never finished."""
    oldest = time.time() - timedelta(days=KEPT_DAYS).total_seconds()
    for path in _folder().glob("articles-*"):
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < oldest:
                path.unlink()


def archive_name(article: Article) -> str:
    """Return the name that ``article`` has in a zip archive of the archive format."""
    return f"articles/{article.outlet.slug}/{article.pk}.md"


def archive_file(article: Article) -> bytes | None:
    """Return ``article`` as a file in the archive format; None where that cannot hold it.

    The byline stands in a comment before the body, which other readers of the format pass over.
    The outlet is the folder. None are articles before 1970, titles that look like a header's end,
    and whatever else an import would not give back as it was.
    """
    stamp = _milliseconds(article.published_at) if article.published_at else "NaN"
    body = article.body
    if article.byline or not body.startswith("<"):
        body = f"<!--byline: {_in_comment(article.byline)}-->{body}"
    text = f"<!--{stamp}-->\n[{article.title}]({article.original_url})\n------\n\n{body}\n"
    try:
        data = text.encode()
        parsed = parse(decode(data), archive_name(article))
    except (NotAnArticleError, UnusableFileError, UnicodeEncodeError):
        return None
    comes_back = (
        parsed.title == " ".join(article.title.split())
        and parsed.url == article.original_url
        and parsed.byline == " ".join(article.byline.split())
        and parsed.body == article.body
        and parsed.published_at == _whole_milliseconds(article.published_at)
    )
    return data if comes_back else None


def _folder() -> Path:
    folder: Path = settings.DATA_DIR / "exports"
    return folder


def _milliseconds(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def _whole_milliseconds(moment: datetime | None) -> datetime | None:
    return moment and moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _in_comment(text: str) -> str:
    return html.escape(text).replace("-", "&#45;")
