"""The versions of an article: listed, compared, restored."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import zip_longest
from typing import Any

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from articles.auditing import record
from articles.editing import AS_IMPORTED, AddressTakenError, apply_version, keep_imported
from articles.models import Article, AuditEntry
from articles.versions import changed_labels, difference

__all__ = ["VersionsMixin"]

PER_PAGE = 20
NOW = "now"
_reason_with_number = re.compile(r"(import|mended|capture|restored) ([0-9]+)")


@dataclass(frozen=True, slots=True)
class Line:
    """A version as the list shows it; ``key`` is its id, or ``now`` for what is stored."""

    key: str
    version: Any
    at: datetime | None
    user: Any
    reason: str
    changed: list[str]
    is_first: bool = False
    is_current: bool = False


class VersionsMixin:
    """Shows the versions in the place of the admin's history, and restores them."""

    def get_urls(self) -> list[URLPattern]:
        """Return the address of restoring before the admin's own."""
        restore = self.admin_site.admin_view(require_POST(self.restore_view))  # type: ignore[attr-defined]
        return [
            path(
                "<id:pk>/history/<id:version_id>/restore/", restore, name="articles_article_restore"
            ),
            *super().get_urls(),  # type: ignore[misc]
        ]

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """List the versions, newest first, and what differs between two of them.

        ``?a=`` and ``?b=`` choose the two, by default the newest and the one before.
        """
        article = self.get_object(request, unquote(object_id))  # type: ignore[attr-defined]
        if article is None:
            return self._get_obj_does_not_exist_redirect(  # type: ignore[attr-defined]
                request,
                Article._meta,
                object_id,
            )
        if not self.has_view_or_change_permission(request, article):  # type: ignore[attr-defined]
            raise PermissionDenied
        paginator = Paginator(article.history.select_related("history_user"), PER_PAGE)
        page = paginator.get_page(request.GET.get("p"))
        lines = _lines(article, page)
        before, after = _chosen(request, article, lines)
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "title": _("Versions"),
            "subtitle": str(article),
            "object": article,
            "opts": Article._meta,
            "lines": lines,
            "page": page,
            "before": before,
            "after": after,
            "difference": difference(before.version, after.version) if before and after else None,
            "may_restore": self.has_change_permission(request, article),  # type: ignore[attr-defined]
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/articles/article/versions.html", context)

    def restore_view(self, request: HttpRequest, pk: int, version_id: int) -> HttpResponse:
        """Make a version what the article is; what it was until now stays among the versions."""
        if not self.has_change_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        with transaction.atomic():
            article = get_object_or_404(Article.objects.select_for_update(), pk=pk)
            version = get_object_or_404(article.history, pk=version_id)
            name = date_format(localtime(version.history_date), "Y-m-d H:i:s")
            keep_imported(article)
            try:
                changed = apply_version(article, version)
            except AddressTakenError as error:
                said = _("Not restored: article %(id)s has that version's address now: %(title)s")
                params = {"id": error.other.pk, "title": error.other.title}
                messages.error(request, said % params)
                return _to_versions(article)
            if not changed:
                messages.info(request, _("The article is what it was in that version already."))
                return _to_versions(article)
            article._change_reason = f"restored {version.pk}"  # type: ignore[attr-defined]
            article.save()
            record(
                AuditEntry.Action.RESTORE,
                user=request.user,
                target=article,
                detail=name,
                request=request,
            )
        messages.success(request, _("The version of %(time)s is restored.") % {"time": name})
        return _to_versions(article)


def _to_versions(article: Article) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:articles_article_history", args=[article.pk]))


def _lines(article: Article, page: Any) -> list[Line]:
    """Return the lines of a page of versions, newest first.

    The first page begins with what is stored where that is no version: an import made it.
    """
    versions = list(page)
    if page.number == 1 and (not versions or changed_labels(versions[0], article)):
        versions.insert(0, article)
    older = list(article.history.all()[page.end_index() : page.end_index() + 1])
    lines = [
        _line(version, before)
        for version, before in zip_longest(versions, [*versions, *older][1:])
        if version
    ]
    if page.number == 1:
        lines[0] = replace(lines[0], is_current=True)
    return lines


def _line(version: Any, before: Any = None) -> Line:
    changed = changed_labels(before, version) if before else []
    if isinstance(version, Article):
        return Line(NOW, version, None, None, _told(AS_IMPORTED), changed, before is None)
    return Line(
        str(version.pk),
        version,
        version.history_date,
        version.history_user,
        _told(version.history_change_reason or ""),
        changed,
        before is None,
    )


def _told(reason: str) -> str:
    """Return a reason in the reader's language where the product gave it."""
    if reason == AS_IMPORTED:
        return _("as imported")
    match = _reason_with_number.fullmatch(reason)
    if not match:
        return reason
    told = {
        "import": _("import %(number)s"),
        "mended": _("problem %(number)s mended"),
        "capture": _("capture %(number)s made current"),
    }
    return told.get(match[1], _("an earlier version restored")) % {"number": match[2]}


def _chosen(
    request: HttpRequest, article: Article, lines: list[Line]
) -> tuple[Line | None, Line | None]:
    """Return the older and the newer of the two versions to compare; None where there is none."""
    asked = [request.GET.get(name, "") for name in ("a", "b")]
    found = [line for key in asked if (line := _find(article, key))]
    before, after = found if len(found) == 2 else [*reversed(lines[:2]), None, None][:2]
    if before and after and _age(before) > _age(after):
        before, after = after, before
    return (before, after) if before and after else (None, None)


def _age(line: Line) -> tuple[bool, Any, int]:
    """Return what sorts lines oldest first."""
    if line.key == NOW:
        return True, None, 0
    return False, line.at, line.version.pk


def _find(article: Article, key: str) -> Line | None:
    if key == NOW:
        newest = article.history.select_related("history_user").first()
        is_it = newest and not changed_labels(newest, article)
        return _line(newest if is_it else article)
    if not re.fullmatch(r"[0-9]{1,18}", key):
        return None
    version = article.history.select_related("history_user").filter(pk=key).first()
    return _line(version) if version else None
