"""The editors' own words: names and places that jieba's dictionary does not have."""

from django.db import models
from django.utils.translation import gettext_lazy as _

__all__ = ["Word"]


class Word(models.Model):
    """A word by which texts are cut, once the index was built with it.

    It is never changed, only deleted. ``folded`` is its search form, by which two are the same.
    """

    word = models.CharField(_("word"), max_length=20)
    folded = models.CharField(max_length=20, unique=True, editable=False)
    added_at = models.DateTimeField(_("added"), auto_now_add=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("own word")
        verbose_name_plural = _("own words")

    def __str__(self) -> str:
        return self.word
