"""Deletions noted for the search index, and the word that many articles changed."""

from django.db.models.signals import post_delete
from django.dispatch import Signal, receiver

from articles.models import Article, PendingChange

articles_imported = Signal()
"""Sent after an import, outside any transaction, with ``jobs`` (int) and ``quiet`` (bool)."""


@receiver(post_delete, sender=Article)
def note_deletion(instance: Article, **_kwargs: object) -> None:
    """Note a deletion in the transaction that deletes."""
    PendingChange.objects.note([instance.pk])
