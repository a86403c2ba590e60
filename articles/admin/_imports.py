"""Imports in the admin: asked for, watched, stopped, continued, repeated for real."""

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import OperationalError, transaction
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from articles.admin._import_form import ImportForm
from articles.admin._work import View, WorkAdmin
from articles.auditing import record
from articles.models import Article, AuditEntry, ImportProblem, ImportRun, Work
from articles.progress import Progress, progress_of
from articles.retrying import has_sources, import_for_real
from articles.tasks import start
from articles.uploads import KEPT_DAYS, discard, keep_files, upload_problem

COUNTS = ("created", "updated", "unchanged", "skipped", "failed")
SHOWN_ARTICLES = 20


@admin.register(ImportRun)
class ImportRunAdmin(WorkAdmin):
    """What was imported when, and what became of it."""

    list_display = ("__str__", "status", "dry_run", *COUNTS, "requested_by")
    list_filter = ("status", "dry_run")
    list_select_related = ("requested_by",)
    list_per_page = 50
    search_fields = ("sources",)
    continued = AuditEntry.Action.IMPORT
    page_template = "admin/articles/importrun/run.html"

    def has_add_permission(self, request: HttpRequest, _obj: Any = None) -> bool:
        """Whoever may import asks for a run."""
        return request.user.has_perm("articles.import_articles")

    def may_steer(self, request: HttpRequest, work: ImportRun) -> bool:
        """Tell whether this person may import."""
        return self.has_add_permission(request)

    def progress(self, work: ImportRun) -> Progress:
        """Return how far the run is."""
        if not work.is_unfinished:
            return progress_of(done=work.done, total=work.total or work.done)
        if not work.begun_at:
            return progress_of(done=work.done, total=work.total)
        seconds = (timezone.now() - work.begun_at).total_seconds()
        return progress_of(done=work.done, total=work.total, seconds=seconds)

    def texts(self, work: ImportRun) -> dict[str, str]:
        """Return the counts."""
        return {name: _number(getattr(work, name)) for name in COUNTS}

    def obstacle(self, work: ImportRun) -> str:
        """Return that the files are gone, if they are."""
        return "" if has_sources(work) else _gone()

    def views(self) -> dict[str, View]:
        """Return the views of one run by the last part of their addresses."""
        return {**super().views(), "for-real": require_POST(self.for_real_view)}

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
                    return self.to_page(_start(request, form.cleaned_data))
                except OSError as error:
                    form.add_error("uploads", str(error))
                except OperationalError:
                    form.add_error("uploads", _busy())
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "media": self.media,
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

    def details(self, request: HttpRequest, work: ImportRun) -> dict[str, Any]:
        """Return what became of the files, and what can be done about it."""
        was_rehearsed = work.dry_run and not work.is_unfinished
        return {
            "title": _("Import run %(run)s") % {"run": work},
            "counts": [(name, _label(name), text) for name, text in self.texts(work).items()],
            "problem_kinds": _problem_kinds(work),
            "articles": _some_articles(work),
            "may_import_for_real": was_rehearsed and self.may_steer(request, work),
            "has_sources": has_sources(work),
            "kept_days": KEPT_DAYS,
        }

    def for_real_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Import what a dry run looked at."""
        run = self.work(request, pk, to_steer=True)
        if not run.dry_run or run.is_unfinished:
            messages.info(request, _("Only a dry run that has ended can be imported for real."))
            return self.to_page(run)
        if not has_sources(run):
            messages.error(request, _gone())
            return self.to_page(run)
        real = import_for_real(run, user=request.user)
        _record_start(request, real)
        return self.to_page(real)


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
