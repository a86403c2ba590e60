"""Deletions noted for the search index, logins for the audit log; the word that much changed."""

from typing import Any

from axes.signals import user_locked_out
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models.signals import post_delete
from django.dispatch import Signal, receiver
from django.http import HttpRequest
from django.utils.translation import gettext as _

from articles.auditing import record
from articles.models import Article, AuditEntry, PendingChange

articles_imported = Signal()
"""Sent after an import, outside any transaction, with ``jobs`` (int) and ``quiet`` (bool)."""


@receiver(post_delete, sender=Article)
def note_deletion(instance: Article, **_kwargs: object) -> None:
    """Note a deletion in the transaction that deletes."""
    PendingChange.objects.note([instance.pk])


@receiver(user_logged_in)
def record_login(request: HttpRequest, user: User, **_kwargs: object) -> None:
    """Write down who logged in."""
    record(AuditEntry.Action.LOGIN, user=user, request=request)


@receiver(user_logged_out)
def record_logout(request: HttpRequest, user: User | None, **_kwargs: object) -> None:
    """Write down who logged out, if somebody was logged in."""
    if user:
        record(AuditEntry.Action.LOGOUT, user=user, request=request)


@receiver(user_login_failed)
def record_failed_login(
    credentials: dict[str, Any], request: HttpRequest | None = None, **_kwargs: object
) -> None:
    """Write down the name that was typed; the failure that locks it out is written down below."""
    if not getattr(request, "axes_locked_out", False):
        username = str(credentials.get("username", ""))
        record(AuditEntry.Action.LOGIN_FAILED, user=username, request=request)


@receiver(user_locked_out)
def record_lockout(request: HttpRequest, username: str, **_kwargs: object) -> None:
    """Write down the failure that locks a name out, and none of those while it is."""
    failures = request.axes_failures_since_start  # type: ignore[attr-defined]
    if failures:
        record(
            AuditEntry.Action.LOGIN_FAILED,
            user=username,
            detail=_("locked out after %(count)d attempts") % {"count": failures},
            request=request,
        )
