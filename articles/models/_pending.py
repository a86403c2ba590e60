"""The outbox: which articles changed and are not yet known to whoever follows the archive."""

from collections.abc import Iterable

from django.db import models
from django.utils.translation import gettext_lazy as _


class PendingChangeManager(models.Manager["PendingChange"]):
    """Notes changes in the transaction that makes them."""

    def note(self, article_ids: Iterable[int]) -> None:
        """Note that these articles were made, changed or deleted."""
        self.bulk_create([PendingChange(article_id=pk) for pk in article_ids], batch_size=500)


class PendingChange(models.Model):
    """An article that was made, changed or deleted since the search index last followed.

    Written in the same transaction as the change and removed when the index has it, so that a
    crash between the two loses nothing. ``article_id`` is no foreign key: deletions stay noted.
    """

    article_id = models.BigIntegerField(_("article"))

    objects = PendingChangeManager()

    class Meta:
        ordering = ["pk"]
        verbose_name = _("pending change")
        verbose_name_plural = _("pending changes")

    def __str__(self) -> str:
        return f"article {self.article_id}"
