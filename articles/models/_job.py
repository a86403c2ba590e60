"""Changes to many articles at once, done in the background."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from articles.models._work import Work


class Job(Work):
    """One change to a selection of articles.

    ``article_ids`` is the selection, worked off in this order; ``done`` says how many of them are,
    and moves in the transaction that changes them. ``parameters`` is what the kind needs besides.
    """

    class Kind(models.TextChoices):
        """What is done."""

        PUBLISH = "publish", _("publish")
        HIDE = "hide", _("hide")
        CHANGE_OUTLET = "change-outlet", _("change the outlet")
        CLEAN = "clean", _("clean again from the capture")
        INDEX = "index", _("index again")
        FETCH_PICTURES = "fetch-pictures", _("fetch pictures")
        EXPORT = "export", _("export")
        DELETE = "delete", _("delete")
        MERGE_OUTLETS = "merge-outlets", _("merge outlets")

    kind = models.CharField(_("what is done"), max_length=20, choices=Kind)
    parameters = models.JSONField(_("parameters"), default=dict, blank=True)
    article_ids = models.JSONField(_("articles"), default=list, blank=True)

    class Meta:
        ordering = ["-started_at"]
        verbose_name = _("job")
        verbose_name_plural = _("jobs")

    def __str__(self) -> str:
        return f"#{self.pk} {self.get_kind_display()}"
