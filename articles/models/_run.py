"""Import runs and their problems."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from articles.models._work import Work
from articles.problems import ProblemKind


class ImportRun(Work):
    """One import, with its counts and its problems.

    ``sources`` are the paths as text; ``only_paths``, where there are any, are the labels of the
    files among them that are to be imported (a retry); ``retries`` pairs such a label with the
    ids of the problems that are tried again. A dry run stores problems and no articles.
    ``begun_at`` is when a worker began, or went on: ``done`` counts from then.
    """

    class Edits(models.TextChoices):
        """What an import does with articles that editors changed."""

        KEEP = "keep", _("keep the edit, and say that a newer capture exists")
        REPLACE = "replace", _("show the imported version; the edit stays in the history")

    sources = models.JSONField(_("sources"), default=list)
    only_paths = models.JSONField(_("only these files"), default=list, blank=True)
    outlet = models.ForeignKey(
        "articles.Outlet",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("outlet"),
    )
    dry_run = models.BooleanField(_("dry run"), default=False)
    edits = models.CharField(_("edited articles"), max_length=10, choices=Edits, default=Edits.KEEP)
    retries = models.JSONField(_("problems tried again"), default=list, blank=True)
    begun_at = models.DateTimeField(_("begun"), null=True, blank=True)
    created = models.PositiveIntegerField(_("created"), default=0)
    updated = models.PositiveIntegerField(_("updated"), default=0)
    unchanged = models.PositiveIntegerField(_("unchanged"), default=0)
    skipped = models.PositiveIntegerField(_("skipped"), default=0)
    failed = models.PositiveIntegerField(_("failed"), default=0)

    class Meta:
        ordering = ["-started_at"]
        verbose_name = _("import run")
        verbose_name_plural = _("import runs")
        permissions = [("import_articles", _("Can import articles"))]

    def __str__(self) -> str:
        return f"#{self.pk} {timezone.localtime(self.started_at):%Y-%m-%d %H:%M}"


_KIND_LABELS = {
    ProblemKind.EMPTY_FILE: _("empty file"),
    ProblemKind.BINARY_FILE: _("binary file"),
    ProblemKind.UNKNOWN_ENCODING: _("unknown encoding"),
    ProblemKind.UNKNOWN_FORMAT: _("unknown format"),
    ProblemKind.TOO_LARGE: _("too large"),
    ProblemKind.UNREADABLE: _("cannot be read"),
    ProblemKind.BAD_ARCHIVE: _("damaged archive"),
    ProblemKind.NO_TITLE: _("no title"),
    ProblemKind.NO_ADDRESS: _("no address"),
    ProblemKind.BAD_ADDRESS: _("bad address"),
    ProblemKind.NO_DATE: _("no date"),
    ProblemKind.EMPTY_BODY: _("empty body"),
    ProblemKind.TEXT_ONLY: _("kept as text only"),
    ProblemKind.TIMEOUT: _("took too long"),
    ProblemKind.CRASH: _("reading it failed"),
}


class ImportProblem(models.Model):
    """One file, or part of it, that could not be taken as it is."""

    run = models.ForeignKey(
        ImportRun, on_delete=models.CASCADE, related_name="problems", verbose_name=_("run")
    )
    kind = models.CharField(_("kind"), max_length=20, choices=list(_KIND_LABELS.items()))
    path = models.TextField(_("path"))
    message = models.TextField(_("message"))
    excerpt = models.CharField(_("first characters"), max_length=200, blank=True)
    capture = models.ForeignKey(
        "articles.Capture",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="problems",
        verbose_name=_("capture"),
    )
    resolved_at = models.DateTimeField(_("mended"), null=True, blank=True)

    class Meta:
        ordering = ["id"]
        verbose_name = _("import problem")
        verbose_name_plural = _("import problems")
        indexes = [models.Index(fields=["run", "kind"])]

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"
