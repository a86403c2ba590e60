"""Changing an article: by a person, or by newly cleaned content."""

from collections.abc import Collection
from typing import Any

from django.utils import timezone

from articles.addresses import canonical_address
from articles.models import Article
from articles.sanitising import VERSION, Cleaned, clean

__all__ = ["apply_cleaned", "apply_edit", "keep_version"]

LEAD_LENGTH = 200


def apply_edit(article: Article, *, changed: Collection[str]) -> None:
    """Make what a person wrote into ``article`` fit to be stored, without saving it.

    ``changed`` names the fields that were edited. A new body is sanitised and its text follows, a
    new address becomes the article's identity. From now on imports keep their hands off the
    article. Raises ValueError for an address that is none.
    """
    if "original_url" in changed:
        article.url = canonical_address(article.original_url)
    if "body" in changed:
        apply_cleaned(article, clean(article.body, url=article.original_url))
    if changed:
        article.edited_at = timezone.now()


def apply_cleaned(article: Article, cleaned: Cleaned) -> None:
    """Give ``article`` a cleaned body and all that is derived from it, without saving."""
    article.body = cleaned.body
    article.text = cleaned.text
    article.lead = cleaned.text[:LEAD_LENGTH].replace("\n", " ")
    article.cleaner_version = VERSION


def keep_version(article: Article, *, user: Any = None, reason: str = "") -> None:
    """Keep what ``article``, a stored one, is now in its history, unless the newest version is it.

    Imports keep no versions (they have captures), ``save`` always does: so this is called before an
    imported article is changed, and after a change that ``save`` did not make.
    """
    newest = article.history.first()
    fields = article.history.model.tracked_fields
    if newest and all(
        getattr(newest, field.attname) == getattr(article, field.attname) for field in fields
    ):
        return
    article.history.bulk_history_create(
        [article], update=True, default_user=user, default_change_reason=reason
    )
