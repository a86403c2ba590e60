"""Changing an article: by a person, or by newly cleaned content."""

from collections.abc import Collection

from django.utils import timezone

from articles.addresses import canonical_address
from articles.models import Article
from articles.sanitising import VERSION, Cleaned, clean

__all__ = ["apply_cleaned", "apply_edit"]

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
