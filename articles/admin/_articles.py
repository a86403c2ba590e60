"""Articles and captures in the admin."""

import re
from datetime import datetime
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from articles.addresses import canonical_address
from articles.admin._bulk import BulkActionsMixin
from articles.admin._listing import LargeListMixin
from articles.admin._readonly import ReadOnlyMixin
from articles.editing import apply_edit
from articles.forms import FIRST_YEAR, LAST_YEAR
from articles.models import Article, Capture


class SourceField(forms.CharField):
    """Text of several lines; a browser's line ends are no change."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> Any:
        """Return the source with the line ends it is stored with."""
        return (super().to_python(value) or "").replace("\r\n", "\n")

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Tell whether more than line ends differ."""
        return super().has_changed(initial, self.to_python(data))


class SeenField(forms.CharField):
    """Which version the editor saw; no part of the article."""

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Never: it is not edited."""
        return False


class ArticleForm(ModelForm):
    """What an editor can change of an article."""

    title = SourceField(label=_("title"), widget=forms.Textarea(attrs={"rows": 2, "cols": 100}))
    original_url = SourceField(
        label=_("original address"), widget=forms.Textarea(attrs={"rows": 2, "cols": 100})
    )
    body = SourceField(
        label=_("Body"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 30, "cols": 100, "spellcheck": "false"}),
        help_text=_("HTML. It is sanitised when you save: what could harm a reader is taken out."),
    )

    seen = SeenField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = Article
        fields = ("title", "outlet", "published_at", "byline", "original_url", "body")

    def __init__(self, data: Any = None, *args: Any, **kwargs: Any) -> None:
        # Django's widget looks up what was sent before anybody has validated it.
        if data is not None and not re.fullmatch(r"[0-9]{1,18}", data.get("outlet", "")):
            data = {**data.dict(), "outlet": ""}
        super().__init__(data, *args, **kwargs)
        if self.instance.pk:
            self.initial["seen"] = _version(self.instance)
        if published_at := self.fields.get("published_at"):
            # Django's formats leave out the seconds, and saving would lose them.
            date_widget, time_widget = published_at.widget.widgets
            date_widget.format, time_widget.format = "%Y-%m-%d", "%H:%M:%S"

    def clean(self) -> dict[str, Any]:
        """Refuse to overwrite what somebody, or an import, changed since the form was opened."""
        cleaned: dict[str, Any] = super().clean() or {}
        seen = cleaned.get("seen")
        if self.instance.pk and seen and seen != _version(self.instance):
            raise ValidationError(
                _(
                    "This article was changed since you opened it. Copy what you wrote, open the "
                    "article again and make your changes there."
                )
            )
        return cleaned

    def clean_published_at(self) -> datetime | None:
        """Keep the fraction of a second that no form shows; refuse a year no page has."""
        if "published_at" not in self.changed_data:
            return cast("datetime | None", self.initial.get("published_at"))
        published_at = cast("datetime | None", self.cleaned_data["published_at"])
        if published_at and not FIRST_YEAR < published_at.year < LAST_YEAR:
            raise ValidationError(
                _("Write a year between %(first)d and %(last)d."),
                params={"first": FIRST_YEAR, "last": LAST_YEAR},
            )
        return published_at

    def clean_title(self) -> str:
        """Refuse a title without a visible character."""
        title = " ".join(str(self.cleaned_data["title"]).split())
        if not any(map(str.isprintable, title.replace(" ", ""))):
            raise ValidationError(_("An article needs a title."))
        return title

    def clean_original_url(self) -> str:
        """Refuse what is no web address, and the address of another article."""
        address = str(self.cleaned_data["original_url"]).strip()
        try:
            url = canonical_address(address)
        except ValueError as error:
            raise ValidationError(
                _("This is no address of a web page: %(error)s"), params={"error": error}
            ) from error
        other = Article.objects.exclude(pk=self.instance.pk).filter(url=url).first()
        if other:
            raise ValidationError(
                _("Article %(id)s has this address: %(title)s"),
                params={"id": other.pk, "title": other.title},
            )
        return address


def _version(article: Article) -> str:
    """Return what differs when an article's content was changed."""
    return f"{article.current_capture_id} {article.edited_at}"


class CaptureInline(ReadOnlyMixin, admin.TabularInline):
    """An article's captures."""

    model = Capture
    fields = ("captured_at", "source_path", "format", "size", "sha256")
    readonly_fields = fields
    show_change_link = True
    can_delete = False
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[Capture]:
        """Leave the contents in the database."""
        return super().get_queryset(request).defer("content")


@admin.register(Article)
class ArticleAdmin(BulkActionsMixin, LargeListMixin, admin.ModelAdmin):
    """Articles: found, filtered, edited."""

    form = ArticleForm
    inlines = (CaptureInline,)
    list_display = ("headline", "outlet", "published_at", "edited_at", "has_newer_capture")
    list_filter = ("has_newer_capture", ("edited_at", admin.EmptyFieldListFilter), "outlet")
    list_select_related = ("outlet",)
    list_per_page = 50
    date_hierarchy = "published_at"
    search_fields = ("title", "byline", "original_url")
    search_help_text = _("Words of title, byline or address")
    readonly_fields = ("url", "created_at", "edited_at", "has_newer_capture")
    show_full_result_count = False
    autocomplete_fields = ("outlet",)
    save_on_top = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Article]:
        """Leave the texts in the database where lists are shown."""
        articles = super().get_queryset(request)
        match = request.resolver_match
        if match and match.url_name == "articles_article_changelist":
            return articles.defer("body", "text")
        return articles

    @admin.display(description=_("title"), ordering="title")
    def headline(self, article: Article) -> str:
        """Return the title as readers see it."""
        return article.headline

    def save_model(self, request: HttpRequest, obj: Article, form: ModelForm, change: bool) -> None:
        """Sanitise and store what was changed, and only that."""
        if change and not form.changed_data:
            return
        apply_edit(obj, changed=form.changed_data)
        super().save_model(request, obj, form, change)
