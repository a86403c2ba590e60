"""Jobs in the admin: watched, cancelled, continued; what they made is fetched."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponseBase,
)
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from articles.admin._asking import PERMISSIONS
from articles.admin._work import View, WorkAdmin
from articles.exporting import KEPT_DAYS, export_path, remove_old_exports
from articles.models import Job, Work
from articles.progress import Progress, progress_of

OUTCOMES = {
    "changed": gettext_lazy("changed"),
    "cleaned": gettext_lazy("changed"),
    "indexed": gettext_lazy("noted for the search index"),
    "exported": gettext_lazy("exported"),
    "deleted": gettext_lazy("deleted"),
    "unchanged": gettext_lazy("were so already"),
    "edited": gettext_lazy("left as an editor wrote them"),
    "unreadable": gettext_lazy("left as they are: nothing could be read in the capture"),
    "unfit": gettext_lazy("left out: the archive format cannot hold them, JSON Lines can"),
    "pictures_fetched": gettext_lazy("pictures fetched"),
    "pictures_known": gettext_lazy("pictures that were kept already"),
    "pictures_failed": gettext_lazy("pictures that could not be fetched"),
    "pictures_waiting": gettext_lazy("pictures left for another time: they failed before"),
    "gone": gettext_lazy("deleted meanwhile"),
}


@admin.register(Job)
class JobAdmin(WorkAdmin):
    """What is done to many articles in the background."""

    list_display = ("__str__", "status", "how_far", "requested_by", "started_at", "finished_at")
    list_filter = ("kind", "status")
    list_select_related = ("requested_by",)
    list_per_page = 50
    page_template = "admin/articles/job/job.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Job]:
        """Leave the ids of the articles in the database: there may be very many."""
        return super().get_queryset(request).defer("article_ids")

    def has_view_permission(self, request: HttpRequest, obj: Job | None = None) -> bool:
        """Whoever may see all articles may see what is done to them."""
        return request.user.has_perm("articles.view_article")

    @admin.display(description=gettext_lazy("done"))
    def how_far(self, job: Job) -> str:
        """Return how many articles are done, of how many."""
        return progress_of(done=job.done, total=job.total).texts["done"]

    def may_steer(self, request: HttpRequest, work: Job) -> bool:
        """Tell whether this person may ask for such a job."""
        return request.user.has_perm(PERMISSIONS[work.kind])

    def progress(self, work: Job) -> Progress:
        """Return how far the job is."""
        since = work.parameters.get("since")
        if not since or not work.is_unfinished:
            return progress_of(done=work.done, total=work.total)
        seconds = (timezone.now() - datetime.fromisoformat(since)).total_seconds()
        return progress_of(
            done=work.done,
            total=work.total,
            seconds=seconds,
            done_before=work.parameters["done_before"],
        )

    def views(self) -> dict[str, View]:
        """Return the views of one job by the last part of their addresses."""
        return {**super().views(), "download": require_safe(self.download_view)}

    def details(self, request: HttpRequest, work: Job) -> dict[str, Any]:
        """Return what became of the articles, and whether there is a file."""
        return {
            "title": str(work),
            "outcomes": _outcomes(work),
            "has_file": _has_file(work),
            "is_export": work.kind == Job.Kind.EXPORT,
            "kept_days": KEPT_DAYS,
        }

    def download_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Hand out the file that an export made, to be kept and not to be shown."""
        job = self.work(request, pk)
        remove_old_exports()
        if not _has_file(job):
            raise Http404(_("This export has no file, or it is no longer kept."))
        path = export_path(job)
        return FileResponse(
            path.open("rb"),
            as_attachment=True,
            filename=path.name,
            content_type="application/octet-stream",
        )


def _outcomes(job: Job) -> list[tuple[str, str]]:
    """Return what became of the articles: how many, and what."""
    counts = job.parameters.get("counts", {})
    return [
        (number_format(counts[name], force_grouping=True), str(label))
        for name, label in OUTCOMES.items()
        if counts.get(name)
    ]


def _has_file(job: Job) -> bool:
    return (
        job.kind == Job.Kind.EXPORT
        and job.status == Work.Status.FINISHED
        and export_path(job).exists()
    )
