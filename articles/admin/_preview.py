"""What readers will see, before it is saved."""

from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from articles.editing import apply_edit
from articles.models import Article
from articles.pictures import body_for_all
from articles.sanitising import losses

__all__ = ["LONGEST_LIVE", "PreviewMixin"]

LONGEST_LIVE = 300_000
"""Bodies with more characters are previewed on demand, and not while somebody types."""

MOST_LOSSES = 60


class PreviewMixin:
    """Adds the preview to an admin of articles: a page, or JSON for the live one."""

    def get_urls(self) -> list[URLPattern]:
        """Return the preview's addresses before the admin's own."""
        preview = self.admin_site.admin_view(require_POST(self.preview_view))  # type: ignore[attr-defined]
        return [
            path("add/preview/", preview, name="articles_article_add_preview"),
            path("<id:pk>/preview/", preview, name="articles_article_preview"),
            *super().get_urls(),  # type: ignore[misc]
        ]

    def preview_view(self, request: HttpRequest, pk: int | None = None) -> HttpResponse:
        """Show what the form that was sent would make of the article; nothing is saved."""
        may = self.has_add_permission if pk is None else self.has_change_permission  # type: ignore[attr-defined]
        if not may(request):
            raise PermissionDenied
        if pk is None:
            article = Article()
        else:
            article = get_object_or_404(Article.objects.select_related("outlet"), pk=pk)
        is_live = "application/json" in request.headers.get("Accept", "")
        if is_live and len(request.POST.get("body", "")) > LONGEST_LIVE:
            return JsonResponse({"too_long": True})
        form_class = self.get_form(request, article if pk else None, change=pk is not None)  # type: ignore[attr-defined]
        context = _seen_by_readers(form_class(request.POST, instance=article))
        if is_live:
            page = render_to_string("admin/articles/article/_page.html", context, request)
            lost = render_to_string("admin/articles/article/_losses.html", context, request)
            return JsonResponse({"page": page, "losses": lost})
        response = render(request, "admin/articles/article/preview.html", context)
        allow_pictures(response)
        return response

    def preview_address(self, article_id: Any = None) -> str:
        """Return where the form of an article, or of a new one, is previewed."""
        if article_id is None:
            return reverse("admin:articles_article_add_preview")
        return reverse("admin:articles_article_preview", args=[article_id])


def allow_pictures(response: HttpResponse) -> None:
    """Let a page load pictures of other sites where readers' pages always do."""
    if settings.NEWSARCHIVE_PICTURES == "always":
        response._csp_update = {"img-src": ["https:"]}  # type: ignore[attr-defined]


def _seen_by_readers(form: ModelForm) -> dict[str, Any]:
    """Return the context of a preview; a field with a mistake stays as it was."""
    article = form.instance
    changed = set(form.changed_data) - set(form.errors)
    source = article.body
    text_only = apply_edit(article, changed=changed)
    lost = losses(source, article.body) if "body" in changed else []
    body = body_for_all(article)
    return {
        "article": article,
        "headline": article.headline if article.outlet_id else article.title,
        "body": body.html,
        "offered_pictures": body.offered_pictures,
        "losses": lost[:MOST_LOSSES],
        "more_losses": max(0, len(lost) - MOST_LOSSES),
        "is_text_only": bool(text_only),
        "errors": [
            f"{form.fields[name].label}: {error}"
            for name, errors in form.errors.items()
            if name in form.fields
            for error in errors
        ],
    }
