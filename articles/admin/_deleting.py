"""Deleting an article, after a page that says what goes with it."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse

from articles.auditing import record
from articles.editing import delete_article
from articles.models import Article, AuditEntry, Capture

__all__ = ["DeletingMixin"]


class DeletingMixin:
    """Says what goes in numbers: an article may own thousands of captures."""

    def get_deleted_objects(
        self, objs: Iterable[Article], _request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[Any]]:
        """Return no list of rows, the numbers of what goes, and nothing that forbids it."""
        ids = [article.pk for article in objs]
        counts = {
            str(Article._meta.verbose_name_plural): len(ids),
            str(Capture._meta.verbose_name_plural): Capture.objects.filter(article__in=ids).count(),
        }
        return [], counts, set(), []

    def render_delete_form(self, request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
        """Show what goes with the article."""
        article = context["object"]
        context |= {
            "captures": article.captures.count(),
            "versions": article.history.count(),
        }
        return super().render_delete_form(request, context)  # type: ignore[misc]

    def delete_model(self, request: HttpRequest, obj: Article) -> None:
        """Delete the article with all it owns, and note it in the audit log."""
        with transaction.atomic():
            record(
                AuditEntry.Action.DELETE,
                user=request.user,
                target=str(obj),
                detail=obj.original_url,
                request=request,
            )
            delete_article(obj)
