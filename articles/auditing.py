"""The one way into the audit log."""

from typing import Any

from django.db import models
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from articles.models import AuditEntry

__all__ = ["record"]


def record(
    action: AuditEntry.Action,
    *,
    user: Any,
    target: models.Model | str = "",
    detail: str = "",
    request: HttpRequest | None = None,
) -> None:
    """Write a line of the audit log, in the caller's transaction.

    ``user`` is a user, None for the system, or the name that somebody typed. ``target`` is the row
    that was acted on, or a text that names it.
    """
    is_user = hasattr(user, "pk")
    AuditEntry.objects.create(
        user=user if is_user and user.pk else None,
        username=(user.get_username() if is_user else user or "")[:150],
        action=action,
        target=str(target)[:300],
        target_url=_address(target),
        detail=detail,
        ip_address=request.META.get("REMOTE_ADDR") or None if request else None,
    )


def _address(target: models.Model | str) -> str:
    if isinstance(target, str) or target.pk is None:
        return ""
    meta = target._meta
    try:
        return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[target.pk])
    except NoReverseMatch:
        return ""
