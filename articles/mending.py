"""Mending import problems: a person says what a file lacks, and the file becomes an article."""

from collections.abc import Collection

from django.db import transaction
from django.utils import timezone

from articles.captures import is_newest
from articles.editing import apply_edit, keep_imported
from articles.importing.reading import outlet_of, read_again
from articles.models import Article, Capture, ImportProblem
from articles.problems import ProblemKind

__all__ = ["MADE_OF", "attach", "is_filled", "mend_article", "mend_into_article", "next_to_mend"]

MADE_OF = ("title", "published_at", "byline", "original_url", "body")
"""What a person writes of an article, besides its outlet."""


def is_filled(problem: ImportProblem, article: Article) -> bool:
    """Whether ``article`` has what ``problem`` says its file lacks."""
    match problem.kind:
        case ProblemKind.NO_DATE:
            return article.published_at is not None
        case ProblemKind.EMPTY_BODY:
            return bool(article.text)
    return True


def mend_into_article(problem: ImportProblem, article: Article) -> str:
    """Store ``article``, a new one, with what a person wrote; the problem's capture is its current.

    Its outlet, where it has none, is found as imports do it. The problem is solved, and so are the
    others of that capture that made it no article. Returns why only the text of the body is kept,
    "" where all of it is. Raises ValueError for an address that is none.
    """
    capture = problem.capture
    if capture is None:
        raise ValueError("A problem without a capture cannot be mended.")
    with transaction.atomic():
        text_only = apply_edit(article, changed=MADE_OF)
        if article.outlet_id is None:
            article.outlet = outlet_of(capture, article.url)
        article.current_capture = capture
        article._change_reason = f"mended {problem.pk}"  # type: ignore[attr-defined]
        article.save()
        _give(capture, article)
        _solve(problem, article)
    return text_only


def mend_article(problem: ImportProblem, article: Article, *, changed: Collection[str]) -> str:
    """Store what a person changed of ``article``, which has the problem's capture.

    ``changed`` names the fields, and may be empty where the gap was filled meanwhile. The problem
    is solved, and so are the others of its capture whose gap is filled. Returns what
    ``mend_into_article`` does.
    """
    text_only = ""
    with transaction.atomic():
        if changed:
            keep_imported(Article.objects.get(pk=article.pk))
            text_only = apply_edit(article, changed=changed)
            article._change_reason = f"mended {problem.pk}"  # type: ignore[attr-defined]
            article.save()
        _solve(problem, article)
    return text_only


def attach(problem: ImportProblem, article: Article) -> Capture:
    """Give the problem's capture to ``article``, which stays as it is; return its capture.

    Where the article has that very content already, that is the capture it has. The article says
    that it has a newer capture where this one is its newest.
    """
    capture = problem.capture
    if capture is None:
        raise ValueError("A problem without a capture cannot be mended.")
    with transaction.atomic():
        same = article.captures.filter(sha256=capture.sha256).first()
        if same is None:
            _give(capture, article)
            if is_newest(capture, article):
                Article.objects.filter(pk=article.pk).update(has_newer_capture=True)
        _solve(problem, article)
    return same or capture


def next_to_mend(problem: ImportProblem) -> ImportProblem | None:
    """Return the next problem of the same run that can be mended, the first one after the last."""
    open_ones = problem.run.problems.filter(resolved_at=None, capture__isnull=False)
    return open_ones.filter(pk__gt=problem.pk).first() or open_ones.exclude(pk=problem.pk).first()


def _give(capture: Capture, article: Article) -> None:
    """Attach a capture that no article has; its content stays as it is."""
    parsed = None if capture.format else read_again(capture).parsed
    capture.article = article
    capture.format = parsed.format if parsed else capture.format
    capture.save(update_fields=["article", "format"])


def _solve(problem: ImportProblem, article: Article) -> None:
    siblings = ImportProblem.objects.filter(capture=problem.capture, resolved_at=None)
    solved = [problem.pk]
    for sibling in siblings.exclude(pk=problem.pk):
        if is_filled(sibling, article) and sibling.kind != ProblemKind.TEXT_ONLY:
            solved.append(sibling.pk)
    ImportProblem.objects.filter(pk__in=solved).update(resolved_at=timezone.now())
