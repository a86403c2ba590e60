"""Articles in the admin."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from articles.admin._article_form import ArticleForm
from articles.admin._bulk import BulkActionsMixin
from articles.admin._deleting import DeletingMixin
from articles.admin._filters import (
    EditedFilter,
    HiddenFilter,
    NewerCaptureFilter,
    PublishedFilter,
    RunFilter,
)
from articles.admin._listing import LargeListMixin
from articles.admin._preview import LONGEST_LIVE, PreviewMixin, allow_pictures
from articles.admin._versions import VersionsMixin
from articles.auditing import record
from articles.editing import apply_edit, keep_imported
from articles.models import Article, AuditEntry

MOST_CAPTURES = 50


@admin.register(Article)
class ArticleAdmin(
    BulkActionsMixin,
    LargeListMixin,
    PreviewMixin,
    VersionsMixin,
    DeletingMixin,
    admin.ModelAdmin,
):
    """Articles: found, filtered, edited."""

    form = ArticleForm
    fieldsets = (
        (None, {"fields": ("title", "outlet", "published_at", "byline", "original_url")}),
        (_("Body"), {"fields": ("body",), "classes": ("body-source",)}),
        (None, {"fields": ("reason",)}),
        (_("Kept by the archive"), {"fields": ("hidden", "url", "created_at", "edited_at")}),
    )
    list_display = ("headline", "outlet", "published_at", "edited_at", "has_newer_capture")
    list_filter = (
        HiddenFilter,
        EditedFilter,
        NewerCaptureFilter,
        ("published_at", PublishedFilter),
        "outlet",
        RunFilter,
    )
    list_select_related = ("outlet",)
    sorted_by = {"published_at": "listed_at"}
    search_fields = ("title", "byline", "original_url")
    search_help_text = _("Words of title, byline or address")
    readonly_fields = ("hidden", "url", "created_at", "edited_at")
    autocomplete_fields = ("outlet",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Article]:
        """Leave the texts in the database where lists are shown; lock what is about to be saved."""
        articles = super().get_queryset(request)
        page = request.resolver_match.url_name if request.resolver_match else ""
        if page == "articles_article_changelist":
            return articles.defer("body", "text")
        if page == "articles_article_change" and request.method == "POST":
            return articles.select_for_update()
        return articles

    @admin.display(description=_("title"))
    def headline(self, article: Article) -> str:
        """Return the title as readers see it."""
        return article.headline

    def get_fieldsets(self, request: HttpRequest, obj: Article | None = None) -> Any:
        """Leave out what a new article, or one that may only be looked at, has not."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None:
            return fieldsets[:-1]
        if not self.has_change_permission(request, obj):
            return [part for part in fieldsets if part[1]["fields"] != ("reason",)]
        return fieldsets

    def view_on_site(self, obj: Article) -> str:
        """Return where readers find the article."""
        return obj.get_absolute_url()

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Article | None = None,
    ) -> HttpResponse:
        """Add the preview, and the newest captures."""
        article_id = obj.pk if obj else None
        context |= {
            "longest_live": LONGEST_LIVE,
            "preview_url": self.preview_address(article_id),
            "may_edit": self.has_change_permission(request, obj) if obj else add,
        }
        if obj and obj.pk:
            captures = obj.captures.defer("content").order_by("-captured_at", "-pk")
            context |= {
                "captures": captures[:MOST_CAPTURES],
                "capture_count": captures.count(),
                "newest_capture": captures.first(),
            }
        response = super().render_change_form(request, context, add, change, form_url, obj)
        allow_pictures(response)
        return response

    def save_model(self, request: HttpRequest, obj: Article, form: ModelForm, change: bool) -> None:
        """Sanitise and store what was changed, and only that; keep what it was before."""
        if change and not form.changed_data:
            return
        if change:
            keep_imported(Article.objects.get(pk=obj.pk))
        text_only = apply_edit(obj, changed=form.changed_data)
        obj._change_reason = form.cleaned_data["reason"]  # type: ignore[attr-defined]
        super().save_model(request, obj, form, change)
        record(
            AuditEntry.Action.EDIT if change else AuditEntry.Action.ADD,
            user=request.user,
            target=obj,
            detail=", ".join(str(form.fields[name].label) for name in form.changed_data),
            request=request,
        )
        if text_only:
            messages.warning(
                request,
                _("The body is over a limit of the sanitiser; only its text is kept."),
            )
