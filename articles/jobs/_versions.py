"""Versions of many articles at once; ``articles.editing`` tells what they are for."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, Subquery
from django.utils import timezone

from articles.editing import AS_IMPORTED, VERSIONED
from articles.models import Article, Capture

__all__ = ["keep_imported_ones", "keep_versions"]


def keep_versions(articles: Collection[Article], *, user: Any, reason: str) -> None:
    """Keep what each of ``articles`` is now, as ``keep_version`` does."""
    _keep(articles, _newest_versions(articles), user=user, reason=reason)


def keep_imported_ones(articles: Collection[Article]) -> None:
    """Keep what imports made of each of ``articles``, as ``keep_imported`` does."""
    newest = _newest_versions(articles)
    current = [article.current_capture_id or 0 for article in articles if article.pk not in newest]
    captured = dict(Capture.objects.filter(pk__in=current).values_list("article", "captured_at"))
    made = {
        article.pk: captured.get(article.pk, article.created_at)
        for article in articles
        if article.pk not in newest
    }
    _keep(articles, newest, user=None, reason=AS_IMPORTED, at=made)


def _keep(
    articles: Collection[Article],
    newest: Mapping[int, Any],
    *,
    user: Any,
    reason: str,
    at: Mapping[int, datetime] | None = None,
) -> None:
    versions = Article.history.model
    now = timezone.now()
    versions.objects.bulk_create(
        versions(
            history_date=(at or {}).get(article.pk, now),
            history_type="~",
            history_user=user,
            history_change_reason=reason[:100],
            **{field.attname: getattr(article, field.attname) for field in versions.tracked_fields},
        )
        for article in articles
        if article.pk not in newest or _differ(article, newest[article.pk])
    )


def _newest_versions(articles: Collection[Article]) -> dict[int, Any]:
    """Return the newest version of each article that has one, by the article's id."""
    versions = Article.history.model.objects
    newest = versions.filter(id=OuterRef("pk")).order_by("-history_date", "-history_id")
    keys = (
        Article.objects.filter(pk__in=[article.pk for article in articles])
        .order_by()
        .values_list(Subquery(newest.values("history_id")[:1]), flat=True)
    )
    return {row.id: row for row in versions.filter(history_id__in=[key for key in keys if key])}


def _differ(article: Article, version: Any) -> bool:
    return any(getattr(article, name) != getattr(version, name) for name in VERSIONED)
