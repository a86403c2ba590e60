"""Imports in the admin: asked for, watched, stopped, continued, repeated for real."""

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import OperationalError, transaction
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from articles.admin._import_form import ImportForm
from articles.admin._readonly import ReadOnlyMixin
from articles.auditing import record
from articles.models import Article, AuditEntry, ImportProblem, ImportRun, Work
from articles.progress import Progress, as_json, progress_of
from articles.retrying import has_sources, import_for_real
from articles.tasks import start
from articles.uploads import KEPT_DAYS, discard, keep_files, upload_problem
from articles.work import claimed, finish

COUNTS = ("created", "updated", "unchanged", "skipped", "failed")
SHOWN_ARTICLES = 20


@admin.register(ImportRun)
class ImportRunAdmin(ReadOnlyMixin, admin.ModelAdmin):
    """What was imported when, and what became of it."""

    list_display = ("__str__", "status", "dry_run", *COUNTS, "requested_by")
    list_filter = ("status", "dry_run")
    list_select_related = ("requested_by",)
    list_per_page = 50
    search_fields = ("sources",)

    def has_add_permission(self, request: HttpRequest, _obj: Any = None) -> bool:
        """Whoever may import asks for a run."""
        return request.user.has_perm("articles.import_articles")

    def get_urls(self) -> list[URLPattern]:
        """Return the addresses of what can be done with a run before the admin's own."""
        views = {
            "progress": require_safe(self.progress_view),
            "cancel": require_POST(self.cancel_view),
            "continue": require_POST(self.continue_view),
            "for-real": require_POST(self.for_real_view),
        }
        return [
            *(
                path(
                    f"<id:pk>/{name}/",
                    self.admin_site.admin_view(view),
                    name=f"articles_importrun_{name.replace('-', '_')}",
                )
                for name, view in views.items()
            ),
            *super().get_urls(),
        ]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask which files to import; store them, start the run and go to its page."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = ImportForm()
        if request.method == "POST":
            problem = upload_problem(request)
            form = ImportForm(request.POST, request.FILES, upload_problem=problem)
            if form.is_valid():
                try:
                    return _to(_start(request, form.cleaned_data))
                except OSError as error:
                    form.add_error("uploads", str(error))
                except OperationalError:
                    form.add_error("uploads", _busy())
        context = {
            **self._context(request),
            "title": _("Import articles"),
            "form": form,
            "limit": int(_upload_limit()),
        }
        return TemplateResponse(
            request,
            "admin/articles/importrun/add.html",
            context,
            status=400 if form.errors else 200,
        )

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show how far a run is, what became of the files, and what can be done about it."""
        run = self.get_object(request, unquote(object_id))
        if not self.has_view_permission(request, run):
            raise PermissionDenied
        if run is None:
            return self._get_obj_does_not_exist_redirect(  # type: ignore[attr-defined]
                request, self.opts, object_id
            )
        may = request.user.has_perm("articles.import_articles")
        stopped = not run.is_unfinished and run.status != Work.Status.FINISHED
        context = {
            **self._context(request),
            "title": _("Import run %(run)s") % {"run": run},
            "work": run,
            "progress": _progress(run),
            "progress_url": reverse("admin:articles_importrun_progress", args=[run.pk]),
            "counts": [(name, _label(name), _number(getattr(run, name))) for name in COUNTS],
            "problem_kinds": _problem_kinds(run),
            "articles": _some_articles(run),
            "may_cancel": may and run.is_unfinished and not run.cancel_requested,
            "may_continue": may and stopped,
            "may_import_for_real": may and run.dry_run and not run.is_unfinished,
            "has_sources": has_sources(run),
            "kept_days": KEPT_DAYS,
        }
        return TemplateResponse(request, "admin/articles/importrun/run.html", context)

    def progress_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Tell the script of the run's page how far it is."""
        run = self._run(request, pk)
        counts = {name: _number(getattr(run, name)) for name in COUNTS}
        return JsonResponse(as_json(run, _progress(run), **counts))

    def cancel_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Have the run stop after the files it is at; what is stored stays stored."""
        run = self._run(request, pk, to_change=True)
        if run.is_unfinished:
            ImportRun.objects.filter(pk=pk).update(cancel_requested=True)
            record(AuditEntry.Action.CANCEL, user=request.user, target=run, request=request)
            with claimed(run) as nobody_does_it:
                if nobody_does_it:
                    finish(run, Work.Status.CANCELLED)
        return _to(run)

    def continue_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Have a run that was stopped, or could not go on, do the rest."""
        run = self._run(request, pk, to_change=True)
        if run.is_unfinished or run.status == Work.Status.FINISHED:
            messages.info(request, _("There is nothing to continue."))
        elif not has_sources(run):
            messages.error(request, _gone())
        else:
            detail = _("continued")
            action = AuditEntry.Action.IMPORT
            record(action, user=request.user, target=run, detail=detail, request=request)
            start(run)
        return _to(run)

    def for_real_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Import what a dry run looked at."""
        run = self._run(request, pk, to_change=True)
        if not run.dry_run or run.is_unfinished:
            messages.info(request, _("Only a dry run that has ended can be imported for real."))
            return _to(run)
        if not has_sources(run):
            messages.error(request, _gone())
            return _to(run)
        real = import_for_real(run, user=request.user)
        _record_start(request, real)
        return _to(real)

    def _context(self, request: HttpRequest) -> dict[str, Any]:
        return {**self.admin_site.each_context(request), "opts": self.opts, "media": self.media}

    def _run(self, request: HttpRequest, pk: int, *, to_change: bool = False) -> ImportRun:
        may = self.has_add_permission(request) if to_change else self.has_view_permission(request)
        if not may:
            raise PermissionDenied
        return get_object_or_404(ImportRun, pk=pk)


def _start(request: HttpRequest, asked: dict[str, Any]) -> ImportRun:
    """Store what was uploaded and start the run, or neither.

    Raises OSError with a message, and OperationalError when the database cannot be written.
    """
    run = ImportRun(
        status=Work.Status.QUEUED,
        requested_by_id=request.user.pk,
        outlet=asked["outlet"],
        dry_run=asked["dry_run"],
        edits=asked["edits"],
    )
    try:
        with transaction.atomic():
            run.save()
            paths = [*keep_files(run, asked["uploads"]), *asked.get("folders", [])]
            run.sources = [str(path) for path in paths]
            run.save(update_fields=["sources"])
            _record_start(request, run)
            start(run)
    except OperationalError:
        discard(run)
        raise
    return run


def _record_start(request: HttpRequest, run: ImportRun) -> None:
    names = [source.rpartition("/")[2] for source in run.sources[:5]]
    more = len(run.sources) - len(names)
    detail = ", ".join(names) + (f" (+{more})" if more > 0 else "")
    detail += " [dry run]" if run.dry_run else ""
    record(AuditEntry.Action.IMPORT, user=request.user, target=run, detail=detail, request=request)


def _to(run: ImportRun) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:articles_importrun_change", args=[run.pk]))


def _progress(run: ImportRun) -> Progress:
    if not run.is_unfinished:
        return progress_of(done=run.done, total=run.total or run.done)
    if not run.begun_at:
        return progress_of(done=run.done, total=run.total)
    seconds = (timezone.now() - run.begun_at).total_seconds()
    return progress_of(done=run.done, total=run.total, seconds=seconds)


def _problem_kinds(run: ImportRun) -> list[tuple[str, str, int]]:
    """Return the kinds of a run's problems, each with its label and how many there are."""
    kinds = run.problems.order_by().values_list("kind").annotate(count=Count("pk"))
    labels = dict(ImportProblem._meta.get_field("kind").flatchoices)
    return [(kind, labels.get(kind, kind), count) for kind, count in kinds.order_by("-count")]


def _some_articles(run: ImportRun) -> QuerySet[Article]:
    """Return the newest articles of a run, without looking at all of them."""
    captured = run.captures.exclude(article=None).order_by("-article_id")
    ids = captured.values_list("article_id", flat=True).distinct()[:SHOWN_ARTICLES]
    articles = Article.objects.filter(pk__in=list(ids)).select_related("outlet")
    return articles.only("title", "outlet")


def _label(name: str) -> str:
    return str(ImportRun._meta.get_field(name).verbose_name)  # type: ignore[union-attr]


def _number(count: int) -> str:
    return number_format(count, force_grouping=True)


def _upload_limit() -> int:
    return int(settings.NEWSARCHIVE_UPLOAD_MB) * 1_000_000


def _busy() -> str:
    return _(
        "Others are writing into the archive, or its disk is full. Nothing was imported; try again "
        "soon."
    )


def _gone() -> str:
    return _(
        "The files are not there any more. Uploaded files are kept for %(days)d days: upload them "
        "again."
    ) % {"days": KEPT_DAYS}
