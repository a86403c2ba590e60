"""Jobs in the admin: watched, cancelled, continued; what they made is fetched."""

from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
)
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from articles.admin._asking import PERMISSIONS
from articles.admin._bulk import to_job
from articles.admin._readonly import ReadOnlyMixin
from articles.auditing import record
from articles.exporting import KEPT_DAYS, export_path, remove_old_exports
from articles.models import AuditEntry, Job, Work
from articles.progress import Progress, as_json, progress_of
from articles.tasks import start
from articles.work import claimed, finish

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
    "gone": gettext_lazy("deleted meanwhile"),
}


@admin.register(Job)
class JobAdmin(ReadOnlyMixin, admin.ModelAdmin):
    """What is done to many articles in the background."""

    list_display = ("__str__", "status", "how_far", "requested_by", "started_at", "finished_at")
    list_filter = ("kind", "status")
    list_select_related = ("requested_by",)
    list_per_page = 50

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

    def get_urls(self) -> list[URLPattern]:
        """Return the addresses of what can be done with a job before the admin's own."""
        views = {
            "progress": require_safe(self.progress_view),
            "download": require_safe(self.download_view),
            "cancel": require_POST(self.cancel_view),
            "continue": require_POST(self.continue_view),
        }
        return [
            *(
                path(
                    f"<id:pk>/{name}/",
                    self.admin_site.admin_view(view),
                    name=f"articles_job_{name}",
                )
                for name, view in views.items()
            ),
            *super().get_urls(),
        ]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show how far the job is, and what can be done with it."""
        job = self.get_object(request, unquote(object_id))
        if not self.has_view_permission(request, job):
            raise PermissionDenied
        if job is None:
            return self._get_obj_does_not_exist_redirect(  # type: ignore[attr-defined]
                request, self.opts, object_id
            )
        may = request.user.has_perm(PERMISSIONS[job.kind])
        stopped = not job.is_unfinished and job.status != Work.Status.FINISHED
        context = {
            **self.admin_site.each_context(request),
            "title": str(job),
            "opts": self.opts,
            "media": self.media,
            "work": job,
            "progress": _progress(job),
            "progress_url": reverse("admin:articles_job_progress", args=[job.pk]),
            "outcomes": _outcomes(job),
            "may_cancel": may and job.is_unfinished and not job.cancel_requested,
            "may_continue": may and stopped,
            "has_file": _has_file(job),
            "is_export": job.kind == Job.Kind.EXPORT,
            "kept_days": KEPT_DAYS,
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/articles/job/job.html", context)

    def progress_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Tell the script of the job's page how far it is."""
        job = self._job(request, pk)
        return JsonResponse(as_json(job, _progress(job)))

    def download_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Hand out the file that an export made, to be kept and not to be shown."""
        job = self._job(request, pk)
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

    def cancel_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Have the job stop after the articles it is at; what is done stays done."""
        job = self._job(request, pk, to_change=True)
        if job.is_unfinished:
            Job.objects.filter(pk=pk).update(cancel_requested=True)
            record(AuditEntry.Action.CANCEL, user=request.user, target=job, request=request)
            with claimed(job) as nobody_does_it:
                if nobody_does_it:
                    finish(job, Work.Status.CANCELLED)
        return to_job(job)

    def continue_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Have a job that was stopped, or could not go on, do the rest."""
        job = self._job(request, pk, to_change=True)
        if not job.is_unfinished and job.status != Work.Status.FINISHED:
            record(
                AuditEntry.Action.EDIT,
                user=request.user,
                target=job,
                detail=_("continued"),
                request=request,
            )
            start(job)
        else:
            messages.info(request, _("There is nothing to continue."))
        return to_job(job)

    def _job(self, request: HttpRequest, pk: int, *, to_change: bool = False) -> Job:
        if not self.has_view_permission(request):
            raise PermissionDenied
        job = get_object_or_404(self.get_queryset(request), pk=pk)
        if to_change and not request.user.has_perm(PERMISSIONS[job.kind]):
            raise PermissionDenied
        return job


def _progress(job: Job) -> Progress:
    since = job.parameters.get("since")
    if not since or not job.is_unfinished:
        return progress_of(done=job.done, total=job.total)
    seconds = (timezone.now() - datetime.fromisoformat(since)).total_seconds()
    return progress_of(
        done=job.done,
        total=job.total,
        seconds=seconds,
        done_before=job.parameters["done_before"],
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
