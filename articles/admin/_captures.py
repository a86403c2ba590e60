"""Captures in the admin: looked at, downloaded, compared, made what readers see."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.http import content_disposition_header
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from articles.admin._listing import LargeListMixin
from articles.admin._readonly import ReadOnlyMixin
from articles.auditing import record
from articles.captures import (
    Content,
    UnreadableCaptureError,
    content_of,
    current_content,
    make_current,
)
from articles.comparing import Change, Kind, compare, runs, sentences
from articles.importing.reading import raw_text
from articles.models import Article, AuditEntry, Capture

__all__ = ["NOW", "SHOWN_CHARACTERS", "comparison_address", "comparison_of"]

NOW = "now"
"""In the address of a comparison: the article as readers see it."""

SHOWN_CHARACTERS = 50_000
MOST_COMPARED = 10_000
TEXT_ENDINGS = (".md", ".markdown", ".txt")


def comparison_address(article: Article) -> str:
    """Return where ``article`` as it is now is compared with its newest capture.

    Empty for an article without captures.
    """
    newest = article.captures.values_list("pk", flat=True).last()
    return comparison_of(NOW, newest) if newest else ""


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison; ``capture`` is None for the article as it is now."""

    key: str
    name: str
    capture: Capture | None
    content: Content
    is_current: bool
    is_newest: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A short field, compared."""

    label: str
    changes: list[Change]


@admin.register(Capture)
class CaptureAdmin(ReadOnlyMixin, LargeListMixin, admin.ModelAdmin):
    """Captures: what was imported, byte for byte."""

    list_display = ("source_path", "format", "article", "size", "captured_at")
    list_filter = (("article", admin.EmptyFieldListFilter),)
    list_select_related = ("article__outlet",)
    ordering = ("-pk",)
    search_fields = ("=sha256", "source_path")
    fields = ("article", "source_path", "format", "sha256", "size", "run", "captured_at")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Capture]:
        """Leave the contents in the database until one is looked at."""
        return super().get_queryset(request).defer("content", "article__body", "article__text")

    def has_view_permission(self, request: HttpRequest, _obj: Any = None) -> bool:
        """Whoever may see an article that is hidden may see what was imported."""
        return request.user.has_perm("articles.view_article")

    def get_urls(self) -> list[URLPattern]:
        """Return the pages of captures before the admin's own."""
        view = self.admin_site.admin_view
        return [
            path(
                "compare/",
                view(require_safe(self.compare_view)),
                name="articles_capture_compare",
            ),
            path(
                "<int:pk>/download/",
                view(require_safe(self.download_view)),
                name="articles_capture_download",
            ),
            path(
                "<int:pk>/make-current/",
                view(require_POST(self.make_current_view)),
                name="articles_capture_make_current",
            ),
            *super().get_urls(),
        ]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show a capture with its text."""
        capture = self.get_object(request, object_id)
        text = raw_text(capture) if capture else ""
        unsolved = capture.problems.filter(resolved_at=None) if capture else None
        context = {
            "problem": unsolved.first() if unsolved and _may_import(request) else None,
            "raw_text": text[:SHOWN_CHARACTERS],
            "shown_characters": SHOWN_CHARACTERS if len(text) > SHOWN_CHARACTERS else 0,
            "compare_address": comparison_of(NOW, object_id),
            **(extra_context or {}),
        }
        return super().change_view(request, object_id, form_url, context)

    def download_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Hand out the file as it was; no browser shows it as a page."""
        if not (self.has_view_permission(request) or _may_import(request)):
            raise PermissionDenied
        capture = get_object_or_404(Capture, pk=pk)
        raw = capture.raw
        response = HttpResponse(raw, content_type=_content_type(raw))
        response["Content-Disposition"] = content_disposition_header(True, _file_name(capture))
        response["Content-Security-Policy"] = "sandbox; default-src 'none'"
        response["X-Content-Type-Options"] = "nosniff"
        return response

    def compare_view(self, request: HttpRequest) -> HttpResponse:
        """Compare two captures of an article, or one with the article as it is now.

        ``?a=`` and ``?b=`` are captures' ids or ``now``, which is what is left out.
        """
        if not self.has_view_permission(request):
            raise PermissionDenied
        keys = [request.GET.get(name) or NOW for name in ("a", "b")]
        article, captures = _compared(keys)
        before, after = (_side(article, captures, key) for key in keys)
        texts = [sentences(side.content.text) for side in (before, after)]
        changes = compare(texts[0][:MOST_COMPARED], texts[1][:MOST_COMPARED])
        context = {
            **self.admin_site.each_context(request),
            "title": _("Compare captures"),
            "subtitle": article.headline,
            "opts": Capture._meta,
            "article": article,
            "article_opts": Article._meta,
            "sides": [("a", _("Before"), before), ("b", _("After"), after)],
            "choices": [(NOW, _name(None)), *((str(c.pk), _name(c)) for c in captures.values())],
            "switched": comparison_of(after.key, before.key),
            "rows": _rows(before.content, after.content),
            "runs": runs(changes),
            "is_same_text": all(change.kind is Kind.SAME for change in changes),
            "most_compared": MOST_COMPARED if max(map(len, texts)) > MOST_COMPARED else 0,
            "seen": _seen(article),
            "may_change": request.user.has_perm("articles.change_article"),
        }
        return TemplateResponse(request, "admin/articles/capture/compare.html", context)

    def make_current_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Make a capture what readers see of its article."""
        if not request.user.has_perm("articles.change_article"):
            raise PermissionDenied
        with transaction.atomic():
            capture = get_object_or_404(Capture.objects.select_for_update(), pk=pk)
            article = capture.article
            if article is None:
                raise Http404(_("No article has this capture."))
            comparison = HttpResponseRedirect(comparison_of(NOW, pk))
            if request.POST.get("seen", _seen(article)) != _seen(article):
                messages.error(
                    request,
                    _("The article was changed since you opened the page. Compare once more."),
                )
                return comparison
            try:
                is_changed = make_current(capture, at=timezone.now())
            except UnreadableCaptureError:
                messages.error(
                    request,
                    _("No article can be read in this file. Edit the article by hand instead."),
                )
                return comparison
            if is_changed:
                record(
                    AuditEntry.Action.EDIT,
                    user=request.user,
                    target=article,
                    detail=f"current text: {capture}",
                    request=request,
                )
        if is_changed:
            messages.success(
                request,
                _("Readers see this capture now. What they saw before is among the versions."),
            )
        else:
            messages.info(request, _("This is what readers see already. Nothing was changed."))
        return HttpResponseRedirect(reverse("admin:articles_article_change", args=[article.pk]))


def _may_import(request: HttpRequest) -> bool:
    return request.user.has_perm("articles.import_articles")


def comparison_of(before: Any, after: Any) -> str:
    """Return where two captures are compared; each is an id or ``NOW``."""
    query = urlencode({"a": before, "b": after})
    return f"{reverse('admin:articles_capture_compare')}?{query}"


def _compared(keys: list[str]) -> tuple[Article, dict[str, Capture]]:
    """Return the article whose captures ``keys`` name, and all its captures by their keys."""
    wanted = [key for key in keys if key != NOW]
    if not wanted or not all(re.fullmatch(r"[0-9]{1,18}", key) for key in wanted):
        raise Http404(_("Choose captures to compare."))
    articles = Article.objects.select_related("outlet")
    article = get_object_or_404(articles, captures=int(wanted[0]))
    captures = {str(capture.pk): capture for capture in article.captures.defer("content")}
    if not set(wanted) <= set(captures):
        raise Http404(_("These captures belong to different articles."))
    return article, captures


def _side(article: Article, captures: dict[str, Capture], key: str) -> Side:
    capture = captures.get(key)
    if capture is None:
        return Side(key, _name(None), None, current_content(article), True, False)
    return Side(
        key,
        _name(capture),
        capture,
        content_of(capture, article),
        capture.pk == article.current_capture_id,
        key == list(captures)[-1],
    )


def _name(capture: Capture | None) -> str:
    if capture is None:
        return _("the article as it is now")
    return f"{_time(capture.captured_at)} · {capture.source_path}"


def _rows(before: Content, after: Content) -> list[Row]:
    return [
        Row(label, compare([one] if one else [], [other] if other else []))
        for label, one, other in (
            (_("title"), before.title, after.title),
            (_("byline"), before.byline, after.byline),
            (_("published"), _time(before.published_at), _time(after.published_at)),
            (_("original address"), before.address, after.address),
        )
        if one or other
    ]


def _time(moment: datetime | None) -> str:
    return date_format(localtime(moment), "Y-m-d H:i:s") if moment else ""


def _seen(article: Article) -> str:
    """Return what differs when an article's content was changed."""
    return f"{article.current_capture_id} {article.edited_at}"


def _content_type(raw: bytes) -> str:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return "application/octet-stream"
    return "text/plain; charset=utf-8"


def _file_name(capture: Capture) -> str:
    """Return the name of the file, fit for any disk, and for opening it as text only."""
    name = re.split(r"[/!]", capture.source_path)[-1]
    name = re.sub(r"[^\w.() -]", "_", name).strip(". ")[:100] or f"capture-{capture.pk}"
    return name if name.lower().endswith(TEXT_ENDINGS) else f"{name}.txt"
