"""The audit log in the admin: looked at, never changed."""

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from articles.admin._filters import PeriodFilter
from articles.admin._listing import LargeListMixin
from articles.admin._readonly import ReadOnlyMixin
from articles.auditing import record
from articles.models import AuditEntry

__all__ = ["AuditedMixin"]


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyMixin, LargeListMixin, admin.ModelAdmin):
    """Who did what, when."""

    list_display = ("at", "username", "action", "what", "detail", "ip_address")
    list_display_links = ("at",)
    list_filter = ("action", "user", ("at", PeriodFilter))
    sorted_by = {"at": "at"}
    search_fields = ("username", "target", "detail", "=ip_address")
    search_help_text = _("User name, target, detail or IP address")
    fields = ("at", "username", "user", "action", "what", "detail", "ip_address")
    readonly_fields = fields
    show_full_result_count = False
    empty_value_display = ""

    @admin.display(description=_("target"))
    def what(self, entry: AuditEntry) -> str:
        """Return what was acted on, as a link while it is there."""
        if not entry.target_url or entry.action == AuditEntry.Action.DELETE:
            return entry.target
        return format_html('<a href="{}">{}</a>', entry.target_url, entry.target)


class AuditedMixin:
    """Has an admin write down what is added, changed and deleted with it."""

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        """Write it into the audit log, too."""
        record(AuditEntry.Action.ADD, user=request.user, target=obj, request=request)
        return super().log_addition(request, obj, message)  # type: ignore[misc]

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        """Write it into the audit log, too, with what was changed."""
        entry = super().log_change(request, obj, message)  # type: ignore[misc]
        record(
            AuditEntry.Action.EDIT,
            user=request.user,
            target=obj,
            detail=entry.get_change_message(),
            request=request,
        )
        return entry

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        """Write each into the audit log, too."""
        for row in queryset:
            record(AuditEntry.Action.DELETE, user=request.user, target=row, request=request)
        return super().log_deletions(request, queryset)  # type: ignore[misc]
