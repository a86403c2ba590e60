"""Captures in the admin: what was imported, compared, made current, downloaded."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from articles.admin._readonly import ReadOnlyMixin
from articles.importing.decoding import decode
from articles.importing.parsed import UnusableFileError
from articles.models import Capture

SHOWN_CHARACTERS = 50_000


@admin.register(Capture)
class CaptureAdmin(ReadOnlyMixin, admin.ModelAdmin):
    """Captures: what was imported, byte for byte."""

    list_display = ("source_path", "format", "article", "size", "captured_at")
    list_filter = ("format", ("article", admin.EmptyFieldListFilter))
    list_select_related = ("article__outlet",)
    date_hierarchy = "captured_at"
    search_fields = ("=sha256", "source_path")
    fields = (
        "article",
        "source_path",
        "format",
        "sha256",
        "size",
        "run",
        "captured_at",
        "raw_text",
    )
    readonly_fields = fields
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Capture]:
        """Leave the contents in the database until one is looked at."""
        return super().get_queryset(request).defer("content", "article__body", "article__text")

    @admin.display(description=_("the file as it was"))
    def raw_text(self, capture: Capture) -> str:
        """Return the file's beginning as text."""
        try:
            return decode(capture.raw)[:SHOWN_CHARACTERS]
        except UnusableFileError as error:
            return error.message
