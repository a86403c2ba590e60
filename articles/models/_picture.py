"""Pictures of articles, stored beside the database."""

from datetime import datetime
from typing import Self

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from articles.models._article import Article

__all__ = ["Picture", "PictureUse"]


class PictureQuerySet(models.QuerySet["Picture"]):
    """The readings of pictures that pages and commands share."""

    def stored(self) -> Self:
        """Keep the pictures that were fetched."""
        return self.exclude(sha256="")

    def readable(self) -> Self:
        """Keep those that an article has which every reader may see."""
        uses = PictureUse.objects.filter(picture=models.OuterRef("pk"), article__hidden=False)
        return self.filter(models.Exists(uses))


class Picture(models.Model):
    """A picture on another site, by the address that bodies name.

    Its bytes lie in a file named by their SHA-256; addresses with the same bytes share it.
    ``sha256`` is empty until it was fetched. ``problem`` and ``message`` tell why the last of
    ``attempts`` failed; ``try_again_at`` is None where trying again is no use.
    """

    class Format(models.TextChoices):
        """What is stored: the suffix of the file, and the media type."""

        JPEG = "jpg", "image/jpeg"
        PNG = "png", "image/png"
        GIF = "gif", "image/gif"
        WEBP = "webp", "image/webp"
        AVIF = "avif", "image/avif"

    address = models.TextField(_("address"), unique=True)
    sha256 = models.CharField("SHA-256", max_length=64, blank=True, db_index=True)
    format = models.CharField(_("format"), max_length=4, choices=Format, blank=True)
    size = models.PositiveIntegerField(_("size in bytes"), default=0)
    width = models.PositiveIntegerField(_("width"), default=0)
    height = models.PositiveIntegerField(_("height"), default=0)
    fetched_at = models.DateTimeField(_("fetched"), null=True, blank=True)
    problem = models.CharField(_("problem"), max_length=20, blank=True)
    message = models.TextField(_("message"), blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    try_again_at = models.DateTimeField(_("next attempt"), null=True, blank=True)
    articles = models.ManyToManyField(
        Article, through="PictureUse", related_name="pictures", verbose_name=_("articles")
    )

    objects = PictureQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        verbose_name = _("picture")
        verbose_name_plural = _("pictures")

    def __str__(self) -> str:
        return self.address

    @property
    def kept_at(self) -> str:
        """The address of a picture that was fetched, on our own site."""
        return reverse("picture", args=[self.sha256, self.format])

    def is_worth_trying(self, now: datetime) -> bool:
        """Whether an attempt makes sense at ``now``: the first, or another one that is due."""
        return not self.problem or (self.try_again_at is not None and self.try_again_at <= now)


class PictureUse(models.Model):
    """That a picture stands in the body of an article."""

    picture = models.ForeignKey(Picture, on_delete=models.CASCADE, related_name="uses")
    article = models.ForeignKey(
        Article, on_delete=models.CASCADE, related_name="picture_uses", db_index=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["article", "picture"], name="one_use_per_article")
        ]
        verbose_name = _("picture in an article")
        verbose_name_plural = _("pictures in articles")

    def __str__(self) -> str:
        return f"{self.article_id}: {self.picture_id}"
