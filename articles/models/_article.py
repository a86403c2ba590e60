"""Articles and their captures."""

import zlib
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Self

from django.db import models, transaction
from django.db.models import Count, Sum, Value
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from articles.models._outlet import Outlet
from articles.models._pending import PendingChange
from articles.models._run import ImportRun

UNDATED = datetime(1, 1, 2, tzinfo=UTC)


def start_of(day: date) -> datetime:
    """Return the first moment of ``day`` in the archive's time zone."""
    return timezone.make_aware(datetime.combine(day, time.min))


def end_of(day: date) -> datetime:
    """Return the first moment after ``day`` in the archive's time zone."""
    return start_of(day + timedelta(days=1))


class ArticleQuerySet(models.QuerySet["Article"]):
    """The readings of articles that pages and commands share."""

    def update(self, **kwargs: Any) -> int:
        """Change rows at once, and note the changes in the same transaction."""
        with transaction.atomic():
            changed = list(self.values_list("pk", flat=True))
            rows = super().update(**kwargs)
            PendingChange.objects.note(changed)
        return rows

    def readable(self) -> Self:
        """Keep what every reader may see: articles that no editor hid."""
        return self.filter(hidden=False)

    def undated(self) -> Self:
        """Keep articles of which nobody knows when they were published."""
        return self.filter(listed_at=UNDATED)

    def visibility(self) -> str:
        """Return a text that is another one as soon as an article was hidden or published."""
        hidden = self.filter(hidden=True).aggregate(Count("pk"), Sum("pk"))
        return "{pk__count}-{pk__sum}".format_map(hidden)

    def newest_first(self) -> Self:
        """Order by published time, newest first, undated last; ties by id."""
        return self.order_by("-listed_at", "-pk")

    def for_list(self) -> Self:
        """Load what a line in a list shows, and no bodies."""
        return self.select_related("outlet").only(
            "title",
            "published_at",
            "listed_at",
            "byline",
            "lead",
            "outlet__name",
            "outlet__slug",
            "outlet__title_suffixes",
        )

    def narrowed(
        self,
        *,
        outlets: Sequence[Outlet] = (),
        after: date | None = None,
        before: date | None = None,
    ) -> Self:
        """Keep articles of any of ``outlets``, published from day ``after`` to day ``before``.

        Both days are included and are days of the archive's time zone; None leaves that side
        open, no outlets keep all.
        """
        articles = self
        if outlets:
            articles = articles.filter(outlet__in=outlets)
        if after:
            articles = articles.filter(listed_at__gte=start_of(after))
        if before:
            articles = articles.filter(listed_at__gt=UNDATED, listed_at__lt=end_of(before))
        return articles

    def first_and_last_day(self) -> tuple[date | None, date | None]:
        """Return the first and the last day that have articles; None where all are undated."""
        times = self.filter(listed_at__gt=UNDATED).values_list("listed_at", flat=True)
        first, last = times.order_by("listed_at").first(), times.order_by("-listed_at").first()
        return (
            timezone.localdate(first) if first else None,
            timezone.localdate(last) if last else None,
        )

    def days_beside(self, day: date, last: date | None = None) -> tuple[date | None, date | None]:
        """Return the last day before ``day`` and the first after it that have articles.

        With ``last``, the days beside those from ``day`` to ``last``.
        """
        times = self.values_list("listed_at", flat=True)
        before = times.filter(listed_at__gt=UNDATED, listed_at__lt=start_of(day))
        earlier = before.order_by("-listed_at").first()
        later = times.filter(listed_at__gte=end_of(last or day)).order_by("listed_at").first()
        return (
            timezone.localdate(earlier) if earlier else None,
            timezone.localdate(later) if later else None,
        )


class Article(models.Model):
    """What readers see: title, address, outlet, published time, sanitised body."""

    outlet = models.ForeignKey(
        Outlet, on_delete=models.PROTECT, related_name="articles", verbose_name=_("outlet")
    )
    title = models.TextField(_("title"))
    url = models.CharField(
        _("address"),
        max_length=2000,
        unique=True,
        editable=False,
        help_text=_("The canonical form of the original address: the article's identity."),
    )
    original_url = models.TextField(_("original address"))
    published_at = models.DateTimeField(_("published"), null=True, blank=True)
    listed_at = models.GeneratedField(
        expression=Coalesce("published_at", Value(UNDATED)),
        output_field=models.DateTimeField(),
        db_persist=True,
    )
    byline = models.CharField(_("byline"), max_length=300, blank=True)
    body = models.TextField(_("body"), blank=True)
    text = models.TextField(_("text"), blank=True, editable=False)
    lead = models.CharField(_("lead"), max_length=200, blank=True, editable=False)
    cleaner_version = models.PositiveSmallIntegerField(default=0, editable=False)
    current_capture = models.ForeignKey(
        "Capture",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
        verbose_name=_("current capture"),
    )
    edited_at = models.DateTimeField(_("edited"), null=True, blank=True, editable=False)
    has_newer_capture = models.BooleanField(_("has a newer capture"), default=False, editable=False)
    hidden = models.BooleanField(
        _("hidden"),
        default=False,
        help_text=_("Hidden articles are gone from pages, search, feeds and API."),
    )
    created_at = models.DateTimeField(_("archived"), auto_now_add=True)

    objects = ArticleQuerySet.as_manager()
    history = HistoricalRecords(
        excluded_fields=["url", "text", "lead", "listed_at", "cleaner_version", "created_at"],
        verbose_name=_("version"),
        verbose_name_plural=_("versions"),
    )

    class Meta:
        ordering = ["-listed_at", "-id"]
        get_latest_by = "listed_at"
        verbose_name = _("article")
        verbose_name_plural = _("articles")
        indexes = [
            models.Index(fields=["-listed_at", "-id"], name="articles_by_time"),
            models.Index(fields=["outlet", "-listed_at", "-id"], name="articles_by_outlet"),
            models.Index(fields=["byline"], name="articles_by_byline"),
            models.Index(
                fields=["-listed_at", "-id"],
                name="readable_by_time",
                condition=models.Q(hidden=False),
            ),
            models.Index(
                fields=["outlet", "-listed_at", "-id"],
                name="readable_by_outlet",
                condition=models.Q(hidden=False),
            ),
            models.Index(fields=["id"], name="hidden_articles", condition=models.Q(hidden=True)),
            models.Index(
                fields=["-listed_at", "-id"],
                name="edited_by_time",
                condition=models.Q(edited_at__isnull=False),
            ),
            models.Index(
                fields=["-listed_at", "-id"],
                name="newer_capture_by_time",
                condition=models.Q(has_newer_capture=True),
            ),
        ]

    def __str__(self) -> str:
        return self.headline

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save, and note the change for the search index in the same transaction."""
        with transaction.atomic():
            super().save(*args, **kwargs)
            PendingChange.objects.note([self.pk])

    def get_absolute_url(self) -> str:
        return reverse("article", args=[self.pk])

    @cached_property
    def headline(self) -> str:
        """The title without the outlet's own name at its end."""
        return self.outlet.headline(self.title)


class Capture(models.Model):
    """One distinct raw content that was ever imported; never changed, never thrown away.

    ``content`` is the file as it was, zlib-compressed. A capture without an article is a file in
    which something an article needs is missing.
    """

    article = models.ForeignKey(
        Article,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="captures",
        verbose_name=_("article"),
    )
    sha256 = models.CharField("SHA-256", max_length=64, db_index=True)
    content = models.BinaryField()
    size = models.PositiveIntegerField(_("size in bytes"))
    source_path = models.TextField(_("source path"))
    format = models.CharField(_("format"), max_length=20)
    run = models.ForeignKey(
        ImportRun,
        on_delete=models.SET_NULL,
        null=True,
        related_name="captures",
        verbose_name=_("run"),
    )
    captured_at = models.DateTimeField(_("captured"), auto_now_add=True)

    class Meta:
        ordering = ["captured_at", "id"]
        verbose_name = _("capture")
        verbose_name_plural = _("captures")
        indexes = [models.Index(fields=["run", "article"], name="articles_of_a_run")]
        constraints = [
            models.UniqueConstraint(fields=["article", "sha256"], name="one_capture_per_content"),
            models.UniqueConstraint(
                fields=["sha256"],
                condition=models.Q(article=None),
                name="one_capture_per_content_without_article",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sha256[:12]} {self.source_path}"

    @property
    def raw(self) -> bytes:
        """The imported file, byte for byte."""
        return zlib.decompress(self.content)

    @staticmethod
    def compress(raw: bytes) -> bytes:
        """Return ``raw`` as ``content`` keeps it."""
        return zlib.compress(raw, 6)
