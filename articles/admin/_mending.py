"""The page on which an import problem that has a capture is mended."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _

from articles.admin._captures import NOW, SHOWN_CHARACTERS, comparison_of
from articles.admin._mend_form import MendForm
from articles.auditing import record
from articles.importing.reading import Reading, read_again
from articles.mending import attach, mend_article, mend_into_article, next_to_mend
from articles.models import Article, AuditEntry, ImportProblem
from articles.problems import ProblemKind

__all__ = ["MendingMixin"]

TOLD = (
    ProblemKind.UNKNOWN_FORMAT,
    ProblemKind.TEXT_ONLY,
    ProblemKind.TIMEOUT,
    ProblemKind.CRASH,
)
"""Kinds of which the form itself does not say enough."""


class MendingMixin:
    """Gives the admin of import problems its mending page."""

    def get_urls(self) -> list[URLPattern]:
        """Return the mending page's address before the admin's own."""
        mend = self.admin_site.admin_view(self.mend_view)  # type: ignore[attr-defined]
        return [
            path("<int:pk>/mend/", mend, name="articles_importproblem_mend"),
            *super().get_urls(),  # type: ignore[misc]
        ]

    def mend_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what was read of the problem's file and ask for the rest; make the article of it."""
        if not request.user.has_perm("articles.import_articles"):
            raise PermissionDenied
        problem = _problem(pk)
        reading = read_again(problem.capture) if problem.capture else Reading("", None)
        if request.method != "POST" or problem.capture is None:
            is_open = problem.capture and not problem.resolved_at
            form = MendForm(None, problem=problem, reading=reading) if is_open else None
            return self._page(request, problem, reading, form)
        with transaction.atomic():
            # Read once more, now that nobody else can mend it.
            problem = _problem(pk, is_locked=True)
            form = MendForm(request.POST, problem=problem, reading=reading)
            if problem.resolved_at:
                return self._page(request, problem, reading, form, status=409)
            target = form.taken_by() if "attach" in request.POST else None
            if target:
                return _attach(request, problem, target)
            if not form.is_valid():
                return self._page(request, problem, reading, form)
            return _mend(request, problem, form)

    def _page(
        self,
        request: HttpRequest,
        problem: ImportProblem,
        reading: Reading,
        form: MendForm | None,
        *,
        status: int = 200,
    ) -> HttpResponse:
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "title": _("Mend"),
            "subtitle": problem.path,
            "opts": ImportProblem._meta,
            "problem": problem,
            "capture": problem.capture,
            "article": problem.capture.article if problem.capture else None,
            "reason": problem.message if problem.kind in TOLD else "",
            "form": form,
            "taken_by": form.taken_by() if form and not problem.resolved_at else None,
            "done_by": _done_by(problem),
            "next": next_to_mend(problem),
            "raw_text": reading.text[:SHOWN_CHARACTERS],
            "shown_characters": SHOWN_CHARACTERS if len(reading.text) > SHOWN_CHARACTERS else 0,
        }
        return TemplateResponse(request, "admin/articles/mending/mend.html", context, status=status)


def _problem(pk: int, *, is_locked: bool = False) -> ImportProblem:
    problems = ImportProblem.objects.select_related(
        "run__outlet", "capture__run__outlet", "capture__article__outlet"
    )
    if is_locked:
        problems = problems.select_for_update(of=("self",))
    return get_object_or_404(problems, pk=pk)


def _mend(request: HttpRequest, problem: ImportProblem, form: MendForm) -> HttpResponse:
    article: Article = form.instance
    if article.pk:
        text_only = mend_article(problem, article, changed=form.changed_data)
    else:
        text_only = mend_into_article(problem, article)
    _record(request, problem, article)
    messages.success(request, _("Mended: “%(title)s”.") % {"title": article.headline})
    if text_only:
        messages.warning(
            request, _("The body is over a limit of the sanitiser; only its text is kept.")
        )
    return _to(problem)


def _attach(request: HttpRequest, problem: ImportProblem, article: Article) -> HttpResponse:
    capture = attach(problem, article)
    _record(request, problem, article)
    if capture == problem.capture:
        text = _("The file is a capture of the article now. Readers see what they saw before.")
    else:
        text = _("The article has this very file already. Nothing was changed.")
    messages.success(request, text)
    if not request.user.has_perm("articles.view_article"):
        return _to(problem)
    return HttpResponseRedirect(comparison_of(NOW, capture.pk))


def _to(problem: ImportProblem) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:articles_importproblem_mend", args=[problem.pk]))


def _record(request: HttpRequest, problem: ImportProblem, article: Article) -> None:
    record(
        AuditEntry.Action.MEND,
        user=request.user,
        target=article,
        detail=_detail(problem),
        request=request,
    )


def _done_by(problem: ImportProblem) -> str:
    """Return the name of whoever mended the problem, empty where it went with another one."""
    if not problem.resolved_at:
        return ""
    entries = AuditEntry.objects.filter(action=AuditEntry.Action.MEND, detail=_detail(problem))
    return entries.values_list("username", flat=True).first() or ""


def _detail(problem: ImportProblem) -> str:
    return f"#{problem.pk} {problem.kind}: {problem.path}"
