"""What the admin shows and nobody edits."""

from typing import Any

from django.http import HttpRequest

__all__ = ["ReadOnlyMixin"]


DELETING_ARTICLES = ("articles_article_delete", "articles_article_changelist")


class ReadOnlyMixin:
    """Makes an admin or an inline a place to look, not to change."""

    def has_add_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """Nobody adds by hand what imports record."""
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """Nobody changes what imports recorded."""
        return False

    def has_delete_permission(self, request: HttpRequest, _obj: Any = None) -> bool:
        """Such rows go only with the article they belong to."""
        match = request.resolver_match
        return bool(match and match.url_name in DELETING_ARTICLES)
