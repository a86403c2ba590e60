"""How an article was kept, told to readers; the files themselves are for the desk."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from articles.models import Article
from articles.provenance import captures_of, changed_by, changed_by_editors, taken_out
from articles.sanitising import VERSION
from articles.views._article import keep_private, visible_to


@require_safe
def captures_page(request: HttpRequest, pk: int) -> HttpResponse:
    """The captures of an article: where each came from, and when."""
    article = _article(request, pk)
    current = article.current_capture
    context = {
        "article": article,
        "captures": captures_of(article),
        "current": current,
        "taken_out": taken_out(current, article) if current else None,
        "is_cleaned_by_todays_rules": article.cleaner_version == VERSION,
    }
    return keep_private(render(request, "articles/captures.html", context), article)


@require_safe
def capture_page(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """A capture of an article: what it changed, and what sanitising takes out of it."""
    article = _article(request, pk)
    captures = {one.number: one.capture for one in captures_of(article)}
    capture, before = captures.get(number), captures.get(number - 1)
    if capture is None:
        raise Http404(_("There is no such capture."))
    context = {
        "article": article,
        "number": number,
        "capture": capture,
        "count": len(captures),
        "difference": changed_by(capture, before, article) if before else None,
        "taken_out": taken_out(capture, article),
    }
    return keep_private(render(request, "articles/capture.html", context), article)


@require_safe
def edits_page(request: HttpRequest, pk: int) -> HttpResponse:
    """What editors changed: the capture an article was made of, compared with what is shown."""
    article = _article(request, pk)
    captures = captures_of(article)
    if not article.edited_at or not captures:
        raise Http404(_("No editor changed this article."))
    current = [one for one in captures if one.capture.pk == article.current_capture_id]
    numbered = (current or captures)[0]
    context = {
        "article": article,
        "number": numbered.number,
        "difference": changed_by_editors(article, numbered.capture),
    }
    return keep_private(render(request, "articles/edits.html", context), article)


def _article(request: HttpRequest, pk: int) -> Article:
    return get_object_or_404(visible_to(request).defer("body"), pk=pk)
