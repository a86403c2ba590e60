"""Lines of the exchange format: articles of another archive, or of this one as it was."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

from pydantic import ValidationError

from articles.addresses import AddressError, canonical_address
from articles.editing import apply_cleaned, keep_version
from articles.exchange import ExchangedArticle, ExchangedCapture, ExchangedOutlet
from articles.importing.parsed import ProblemKind
from articles.importing.sources import SourceFile
from articles.models import Article, Capture, ImportRun, Outlet, OutletAlias
from articles.outlets import with_slug
from articles.sanitising import VERSION, Cleaned, clean

__all__ = ["BadLineError", "Exchanged", "foresee", "read_line", "restore"]


class BadLineError(Exception):
    """The line makes no article."""

    def __init__(self, kind: ProblemKind, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


@dataclass(frozen=True, slots=True)
class Exchanged:
    """A line that makes an article; ``url`` is the canonical address."""

    path: str
    url: str
    article: ExchangedArticle
    cleaned: Cleaned


def read_line(file: SourceFile) -> Exchanged:
    """Read, check and clean a line. Raises BadLineError."""
    try:
        line = ExchangedArticle.model_validate_json(file.data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise BadLineError(
            ProblemKind.UNKNOWN_FORMAT,
            f"This line of the export is damaged: {where or 'JSON'}: {first['msg']}. Export the "
            "article once more.",
        ) from error
    for capture in line.captures:
        if hashlib.sha256(capture.content).hexdigest() != capture.sha256:
            raise BadLineError(
                ProblemKind.UNKNOWN_FORMAT,
                f"The capture {capture.sha256[:12]} in this line is damaged: its content has "
                "another SHA-256. Export the article once more.",
            )
    if not line.title.strip():
        raise BadLineError(ProblemKind.NO_TITLE, "The article has no title.")
    try:
        url = canonical_address(line.original_url)
    except AddressError as error:
        raise BadLineError(ProblemKind.BAD_ADDRESS, str(error)) from error
    return Exchanged(file.path, url, line, clean(line.body, url=line.original_url))


def foresee(item: Exchanged, run: ImportRun | None) -> str:
    """Return what ``restore`` would return."""
    article = Article.objects.filter(url=item.url).first()
    if article is None:
        return "created"
    is_news = _lacking(item, article) or _shall_be_shown(item, article, run)
    return "updated" if is_news else "unchanged"


def restore(item: Exchanged, run: ImportRun, outlet: Outlet | None = None) -> str:
    """Store a line in the caller's transaction; return "created", "updated" or "unchanged".

    ``outlet`` overrides the line's. A new article is what it was, hidden and edited as well. A
    known one gets the captures that it lacks; it shows what the line does where an editor wrote
    that, or where the line's captures are newer than its own. What editors did to it here stays,
    unless the run replaces edits.
    """
    line = item.article
    article = Article.objects.filter(url=item.url).first()
    if article is None:
        article = Article(url=item.url, outlet=outlet or _outlet(line.outlet), hidden=line.hidden)
        _show(item, article)
        Article.objects.bulk_create([article])
        article.created_at = line.created_at or article.created_at
        _add_captures(_lacking(item, article), article, run)
        _make_current(item, article)
        article.has_newer_capture = line.has_newer_capture
        _save(article)
        return "created"
    lacking = _lacking(item, article)
    is_shown = _shall_be_shown(item, article, run)
    if not lacking and not is_shown:
        return "unchanged"
    _add_captures(lacking, article, run)
    if is_shown:
        if article.edited_at:
            keep_version(article)
        _show(item, article)
        _make_current(item, article)
    if article.edited_at:
        newest = article.captures.values_list("pk", flat=True).last()
        article.has_newer_capture = newest != article.current_capture_id
    _save(article)
    return "updated"


def _shall_be_shown(item: Exchanged, article: Article, run: ImportRun | None) -> bool:
    if article.edited_at and not (run and run.edits == ImportRun.Edits.REPLACE):
        return False
    if item.article.edited_at:
        return item.article.edited_at != article.edited_at
    times = [capture.captured_at for capture in _lacking(item, article)]
    current = article.current_capture
    return bool(times) and (current is None or max(times) >= current.captured_at)


def _lacking(item: Exchanged, article: Article) -> list[ExchangedCapture]:
    known = set(article.captures.values_list("sha256", flat=True))
    return [
        capture
        for capture in {capture.sha256: capture for capture in item.article.captures}.values()
        if capture.sha256 not in known
    ]


def _add_captures(captures: Collection[ExchangedCapture], article: Article, run: ImportRun) -> None:
    rows = [
        Capture(
            article=article,
            sha256=capture.sha256,
            content=Capture.compress(capture.content),
            size=len(capture.content),
            source_path=capture.source_path,
            format=capture.format,
            run=run,
        )
        for capture in captures
    ]
    Capture.objects.bulk_create(rows)
    for row, capture in zip(rows, captures, strict=True):
        row.captured_at = capture.captured_at  # creating them made it now
    Capture.objects.bulk_update(rows, ["captured_at"])


def _show(item: Exchanged, article: Article) -> None:
    line = item.article
    article.title, article.original_url = line.title, line.original_url
    article.published_at, article.byline = line.published_at, line.byline
    article.edited_at = line.edited_at
    apply_cleaned(article, item.cleaned)
    # It was cleaned by the rules of then; those of today may find more in the capture.
    article.cleaner_version = min(line.cleaner_version, VERSION)


def _make_current(item: Exchanged, article: Article) -> None:
    current = [capture.sha256 for capture in item.article.captures if capture.is_current]
    article.current_capture = article.captures.filter(sha256__in=current).first()


def _save(article: Article) -> None:
    """Save without making a version, as imports do."""
    names = {field.attname: getattr(article, field.attname) for field in _STORED}
    Article.objects.filter(pk=article.pk).update(**names)


_STORED = [
    field
    for field in Article._meta.concrete_fields
    if not field.primary_key and not field.generated and field.name != "url"
]


def _outlet(written: ExchangedOutlet) -> Outlet:
    """Return the outlet with this slug, now or once; else a new one as the line tells it."""
    outlet = with_slug(written.slug)
    if outlet is None:
        outlet = Outlet.objects.create(
            slug=written.slug, name=written.name, title_suffixes=written.title_suffixes
        )
        for alias in written.aliases:
            OutletAlias.objects.get_or_create(
                kind=alias.kind, value=alias.value, defaults={"outlet": outlet}
            )
    return outlet
