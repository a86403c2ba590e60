"""Changing an article: by a person, or by newly cleaned content."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from articles.addresses import canonical_address
from articles.models import Article, Capture, Outlet
from articles.sanitising import VERSION, Cleaned, clean

__all__ = [
    "AS_IMPORTED",
    "VERSIONED",
    "AddressTakenError",
    "apply_cleaned",
    "apply_edit",
    "apply_version",
    "delete_article",
    "keep_imported",
    "keep_version",
]

LEAD_LENGTH = 200

VERSIONED = ("title", "outlet_id", "published_at", "byline", "original_url", "body", "hidden")
"""What makes two versions of an article differ; all else is derived, or tells of imports."""

AS_IMPORTED = "as imported"
"""The reason of a version that an import made."""


class AddressTakenError(ValueError):
    """Another article, ``other``, has the address."""

    def __init__(self, other: Article) -> None:
        super().__init__(f"Article {other.pk} has this address.")
        self.other = other


def apply_edit(article: Article, *, changed: Collection[str]) -> str:
    """Make what a person wrote into ``article`` fit to be stored, without saving it.

    ``changed`` names the fields that were edited. A new body is sanitised and its text follows, a
    new address becomes the article's identity. From now on imports keep their hands off the
    article. Returns why only the text of a new body is kept, "" where all of it is. Raises
    AddressError for an address that is none.
    """
    text_only = ""
    if "original_url" in changed:
        article.url = canonical_address(article.original_url)
    if "body" in changed:
        cleaned = clean(article.body, url=article.original_url)
        apply_cleaned(article, cleaned)
        text_only = cleaned.text_only
    if changed:
        article.edited_at = timezone.now()
    return text_only


def apply_cleaned(article: Article, cleaned: Cleaned) -> None:
    """Give ``article`` a cleaned body and all that is derived from it, without saving."""
    article.body = cleaned.body
    article.text = cleaned.text
    article.lead = cleaned.text[:LEAD_LENGTH].replace("\n", " ")
    article.cleaner_version = VERSION


def apply_version(article: Article, version: Any) -> list[str]:
    """Give ``article`` back what ``version`` holds, without saving it.

    Returns the names of the fields that differed. The body is sanitised by today's rules, and text
    and address follow. Whether the article is hidden stays as it is, and so does an outlet where
    the version's is gone. Raises AddressTakenError when another article has the address by now.
    """
    changed = [
        name
        for name in VERSIONED
        if name != "hidden" and getattr(article, name) != getattr(version, name)
    ]
    if "outlet_id" in changed and not Outlet.objects.filter(pk=version.outlet_id).exists():
        changed.remove("outlet_id")
    if "original_url" in changed:
        url = canonical_address(version.original_url)
        if other := Article.objects.exclude(pk=article.pk).filter(url=url).first():
            raise AddressTakenError(other)
    for name in changed:
        setattr(article, name, getattr(version, name))
    apply_edit(article, changed=changed)
    if changed and article.captures.filter(pk=version.current_capture_id).exists():
        article.current_capture_id = version.current_capture_id
        newest = article.captures.values_list("pk", flat=True).last()
        article.has_newer_capture = newest != article.current_capture_id
    return changed


def keep_version(
    article: Article, *, user: Any = None, reason: str = "", at: datetime | None = None
) -> None:
    """Keep what ``article``, a stored one, is now in its history, unless the newest version is it.

    Imports keep no versions (they have captures), ``save`` always does: so this is called before an
    imported article is changed, and after a change that ``save`` did not make. Without ``user`` it
    is the system's version; ``at`` is now where nothing else is said.
    """
    versions = article.history
    newest = versions.first()
    if newest and all(getattr(newest, name) == getattr(article, name) for name in VERSIONED):
        return
    fields = versions.model.tracked_fields
    versions.model.objects.create(
        history_date=at or timezone.now(),
        history_type="~",
        history_user=user,
        history_change_reason=reason,
        **{field.attname: getattr(article, field.attname) for field in fields},
    )


def keep_imported(article: Article) -> None:
    """Keep what an import made of ``article``, a stored one, before somebody changes it."""
    at = None
    if not article.history.exists():
        current = Capture.objects.filter(pk=article.current_capture_id or 0)
        captured_at = current.values_list("captured_at", flat=True).first()
        at = captured_at or article.created_at
    keep_version(article, reason=AS_IMPORTED, at=at)


def delete_article(article: Article) -> None:
    """Delete ``article`` with all it owns: its captures, and its versions."""
    with transaction.atomic():
        pk = article.pk
        article.delete()
        Article.history.filter(id=pk).delete()
