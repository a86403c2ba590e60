"""Problems of imports in the admin: listed, written out, tried again."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from articles.admin._explaining import EXPLANATIONS
from articles.admin._mending import MendingMixin
from articles.admin._readonly import ReadOnlyMixin
from articles.auditing import record
from articles.models import AuditEntry, ImportProblem, PendingChange
from articles.retrying import NothingToRetryError, retry
from articles.spreadsheets import csv_lines

LISTED_CHARACTERS = 60
COLUMNS = ["run", "kind", "path", "message", "excerpt", "mended"]


class MendedFilter(admin.SimpleListFilter):
    """Problems that are no more, or that wait."""

    title = gettext_lazy("mended")
    parameter_name = "resolved_at__isempty"

    def lookups(self, _request: HttpRequest, _admin: Any) -> list[tuple[str, str]]:
        """Return the choices."""
        return [("1", _("not mended")), ("0", _("mended"))]

    def queryset(
        self, _request: HttpRequest, queryset: QuerySet[ImportProblem]
    ) -> QuerySet[ImportProblem]:
        """Keep what was chosen; everything where nothing was."""
        if self.value() not in ("0", "1"):
            return queryset
        return queryset.filter(resolved_at__isnull=self.value() == "1")


@admin.register(ImportProblem)
class ImportProblemAdmin(MendingMixin, ReadOnlyMixin, admin.ModelAdmin):
    """Files, or parts of them, that could not be taken as they are."""

    list_display = (
        "path",
        "kind",
        "explained",
        "first_characters",
        "run",
        "is_mended",
        "mend_link",
    )
    list_filter = ("kind", MendedFilter, "run__dry_run")
    list_select_related = ("run", "capture")
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("path", "message", "excerpt")
    fields = ("run", "kind", "path", "explained", "excerpt", "capture", "resolved_at", "mend_link")
    readonly_fields = fields
    actions = ("retry_these", "download_csv")

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow the problems of one run, and those that wait to be mended."""
        allowed = ("run__id__exact", "resolved_at__isnull")
        return lookup in allowed or super().lookup_allowed(lookup, value, request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ImportProblem]:
        """Leave the contents of captures in the database."""
        return super().get_queryset(request).defer("capture__content")

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Return what this person may do; nobody deletes problems by hand."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        if not request.user.has_perm("articles.import_articles"):
            actions.pop("retry_these", None)
        return actions

    @admin.display(description=gettext_lazy("message"))
    def explained(self, problem: ImportProblem) -> SafeString:
        """Return what is wrong and what to do, and what is particular to this file."""
        explanation = EXPLANATIONS.get(problem.kind, "")
        return format_html('{}<br><small lang="en">{}</small>', explanation, problem.message)

    @admin.display(description=gettext_lazy("first characters"))
    def first_characters(self, problem: ImportProblem) -> str:
        """Return as much of the file as a list has room for."""
        return Truncator(problem.excerpt).chars(LISTED_CHARACTERS)

    @admin.display(description=gettext_lazy("mended"), boolean=True)
    def is_mended(self, problem: ImportProblem) -> bool:
        """Tell whether the problem is no more."""
        return problem.resolved_at is not None

    @admin.display(description=gettext_lazy("Mend"))
    def mend_link(self, problem: ImportProblem) -> SafeString | str:
        """Return a link to the form that mends the problem; "" where it cannot be mended."""
        if not problem.capture_id or problem.resolved_at:
            return ""
        address = reverse("admin:articles_importproblem_mend", args=[problem.pk])
        return format_html('<a href="{}">{}</a>', address, _("Mend"))

    @admin.action(description=gettext_lazy("Try these again"))
    def retry_these(
        self, request: HttpRequest, queryset: QuerySet[ImportProblem]
    ) -> HttpResponse | None:
        """Start an import of the selected files, and go to its page."""
        if not request.user.has_perm("articles.import_articles"):
            raise PermissionDenied
        problems = queryset.select_related("run__outlet", "capture")
        try:
            run, left_out = retry(problems, user=request.user)
        except NothingToRetryError:
            messages.error(
                request,
                _(
                    "None of these files is there any more, and of none were the bytes kept: "
                    "upload them again."
                ),
            )
            return None
        except OSError as error:
            messages.error(request, str(error))
            return None
        retried = sum(len(ids) for _label, ids in run.retries)
        detail = ngettext(
            "%(count)d problem tried again", "%(count)d problems tried again", retried
        )
        record(
            AuditEntry.Action.IMPORT,
            user=request.user,
            target=run,
            detail=detail % {"count": retried},
            request=request,
        )
        if left_out:
            text = ngettext(
                "%(count)d file is not there any more and was left out: upload it again.",
                "%(count)d files are not there any more and were left out: upload them again.",
                left_out,
            )
            messages.warning(request, text % {"count": left_out})
        return HttpResponseRedirect(reverse("admin:articles_importrun_change", args=[run.pk]))

    @admin.action(description=gettext_lazy("Download these as CSV"))
    def download_csv(
        self, request: HttpRequest, queryset: QuerySet[ImportProblem]
    ) -> HttpResponseBase:
        """Hand out the selected problems as a table that spreadsheets read."""
        response = StreamingHttpResponse(
            csv_lines(COLUMNS, _rows(queryset.order_by("pk"))),
            content_type="text/csv; charset=utf-8",
        )
        response.headers["Content-Disposition"] = 'attachment; filename="problems.csv"'
        return response


@admin.register(PendingChange)
class PendingChangeAdmin(ReadOnlyMixin, admin.ModelAdmin):
    """Changes that the search index has not followed yet; a healthy archive has none."""

    list_display = ("article_id",)


def _rows(problems: QuerySet[ImportProblem]) -> Iterator[list[object]]:
    for problem in problems.iterator(chunk_size=1000):
        mended = problem.resolved_at.isoformat() if problem.resolved_at else ""
        cells = [problem.path, problem.message, problem.excerpt]
        yield [problem.run_id, problem.kind, *cells, mended]
