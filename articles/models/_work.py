"""What background work has in common: who asked for it, how far it is, whether it shall stop."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

__all__ = ["Work", "WorkQuerySet"]


class WorkQuerySet(models.QuerySet):
    """The readings of background work that pages and workers share."""

    def unfinished(self) -> "WorkQuerySet":
        """Keep what waits or runs."""
        return self.filter(status__in=Work.UNFINISHED)


class Work(models.Model):
    """Work that takes longer than a request; its row says how far it is.

    ``in_background`` work is continued by a task worker when the process that did it is gone;
    other work belongs to a command, and stops with it. ``total`` is None until it is known.
    """

    class Status(models.TextChoices):
        """How far the work came."""

        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("running")
        FINISHED = "finished", _("finished")
        CANCELLED = "cancelled", _("cancelled")
        INTERRUPTED = "interrupted", _("interrupted")
        FAILED = "failed", _("failed")

    UNFINISHED = (Status.QUEUED, Status.RUNNING)

    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("requested by"),
    )
    in_background = models.BooleanField(_("in the background"), default=False)
    status = models.CharField(
        _("status"), max_length=12, choices=Status, default=Status.RUNNING, db_index=True
    )
    cancel_requested = models.BooleanField(_("shall stop"), default=False)
    started_at = models.DateTimeField(_("started"), auto_now_add=True, db_index=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    total = models.PositiveIntegerField(_("in all"), null=True, blank=True)
    done = models.PositiveIntegerField(_("done"), default=0)
    message = models.TextField(_("message"), blank=True)

    objects = WorkQuerySet.as_manager()

    class Meta:
        abstract = True

    @property
    def is_unfinished(self) -> bool:
        """Whether the work waits or runs."""
        return self.status in self.UNFINISHED
