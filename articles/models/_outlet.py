"""Outlets, and the folders and hosts by which an import knows them."""

import re

from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Count
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

_SEPARATOR = re.compile(r"[|_–—]|\s-\s")


COUNTS_KEPT_SECONDS = 60


class OutletQuerySet(models.QuerySet["Outlet"]):
    """The readings of outlets that pages share."""

    def with_articles(self) -> list["Outlet"]:
        """Return the outlets that readers see articles of, with ``article_count``, the most first.

        Counting a large archive takes longer than a page should: the counts are a minute old at
        the most. What is hidden or published meanwhile is counted at once, in every process.
        """
        from articles.models._article import Article

        key = f"articles-by-outlet-{Article.objects.visibility()}"
        counts: dict[int, int] | None = cache.get(key)
        if counts is None:
            outlets_of = Article.objects.readable().order_by().values_list("outlet")
            counts = dict(outlets_of.annotate(Count("pk")))
            cache.set(key, counts, COUNTS_KEPT_SECONDS)
        outlets = list(self.filter(pk__in=counts))
        for outlet in outlets:
            outlet.article_count = counts[outlet.pk]
        return sorted(outlets, key=lambda outlet: (-outlet.article_count, outlet.name))


def _validate_texts(value: object) -> None:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValidationError(_('Write a list of texts, such as ["RFI", "法广"].'))


class Outlet(models.Model):
    """A publisher: 法广 RFI, BBC 中文, …"""

    slug = models.SlugField(_("slug"), max_length=100, unique=True)
    name = models.CharField(_("name"), max_length=200)
    title_suffixes = models.JSONField(
        _("title suffixes"),
        default=list,
        blank=True,
        validators=[_validate_texts],
        help_text=_("What the outlet appends to its titles, such as its own name; not displayed."),
    )

    article_count: int

    objects = OutletQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name = _("outlet")
        verbose_name_plural = _("outlets")

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("outlet", args=[self.slug])

    def headline(self, title: str) -> str:
        """Return ``title`` without the outlet's own name at its end, never empty."""
        names = {self.name, self.name.partition(".")[0], *self.title_suffixes}
        folded = {name.casefold() for name in names}
        for separator in reversed(list(_SEPARATOR.finditer(title))):
            if (
                not title[: separator.start()].strip()
                or title[separator.end() :].strip().casefold() not in folded
            ):
                break
            title = title[: separator.start()].rstrip()
        return title


class OutletAlias(models.Model):
    """A folder name or a host that belongs to an outlet."""

    class Kind(models.TextChoices):
        """Where an import meets the alias."""

        FOLDER = "folder", _("folder")
        HOST = "host", _("host")

    outlet = models.ForeignKey(
        Outlet, on_delete=models.CASCADE, related_name="aliases", verbose_name=_("outlet")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    value = models.CharField(_("value"), max_length=255)

    class Meta:
        ordering = ["kind", "value"]
        verbose_name = _("folder or host")
        verbose_name_plural = _("folders and hosts")
        constraints = [
            models.UniqueConstraint(fields=["kind", "value"], name="one_outlet_per_alias")
        ]

    def __str__(self) -> str:
        return self.value


class OldSlug(models.Model):
    """A slug that an outlet had, or that of an outlet merged into it; its addresses redirect."""

    slug = models.SlugField(_("slug"), max_length=100, unique=True)
    outlet = models.ForeignKey(
        Outlet, on_delete=models.CASCADE, related_name="old_slugs", verbose_name=_("outlet")
    )

    class Meta:
        ordering = ["slug"]
        verbose_name = _("old slug")
        verbose_name_plural = _("old slugs")

    def __str__(self) -> str:
        return self.slug
