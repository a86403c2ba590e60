"""Import runs and their problems in the admin."""

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from articles.admin._readonly import ReadOnlyMixin
from articles.models import ImportProblem, ImportRun, PendingChange

COUNTS = ("created", "updated", "unchanged", "skipped", "failed")


@admin.register(ImportRun)
class ImportRunAdmin(ReadOnlyMixin, admin.ModelAdmin):
    """What was imported when, and what became of it."""

    list_display = ("__str__", "status", *COUNTS, "problem_list")
    list_filter = ("status",)
    date_hierarchy = "started_at"
    search_fields = ("sources",)
    fields = ("status", "started_at", "finished_at", "sources", *COUNTS, "problem_list")
    readonly_fields = fields

    @admin.display(description=_("problems"))
    def problem_list(self, run: ImportRun) -> SafeString:
        """Return a link to the run's problems."""
        address = reverse("admin:articles_importproblem_changelist")
        return format_html(
            '<a href="{}?run__id__exact={}">{}</a>', address, run.pk, run.problems.count()
        )


@admin.register(ImportProblem)
class ImportProblemAdmin(ReadOnlyMixin, admin.ModelAdmin):
    """Files, or parts of them, that could not be taken as they are."""

    list_display = ("path", "kind", "message", "run")
    list_filter = ("kind",)
    list_select_related = ("run",)
    search_fields = ("path", "message")
    fields = ("run", "kind", "path", "message", "excerpt", "capture")
    readonly_fields = fields


@admin.register(PendingChange)
class PendingChangeAdmin(ReadOnlyMixin, admin.ModelAdmin):
    """Changes that the search index has not followed yet; a healthy archive has none."""

    list_display = ("article_id",)
