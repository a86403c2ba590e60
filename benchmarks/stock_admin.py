"""The site with the list of articles as Django's admin has it: the peer of ``admin_list.py``."""

from django.apps import apps
from django.contrib import admin

from newsarchive.wsgi import application

__all__ = ["application"]


class StockArticleAdmin(admin.ModelAdmin):
    """The columns and filters of the archive's list, by Django's own means."""

    list_display = ("title", "outlet", "published_at", "edited_at", "has_newer_capture")
    list_filter = (
        "hidden",
        ("edited_at", admin.EmptyFieldListFilter),
        "has_newer_capture",
        "outlet",
        "captures__run",
    )
    list_per_page = 50
    date_hierarchy = "published_at"
    search_fields = ("title", "text", "byline", "original_url")


Article = apps.get_model("articles", "Article")
admin.site.unregister(Article)
admin.site.register(Article, StockArticleAdmin)
