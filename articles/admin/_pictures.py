"""Pictures in the admin: what is kept, and why the others are not."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from articles.admin._listing import LargeListMixin
from articles.admin._readonly import ReadOnlyMixin
from articles.fetching import Problem
from articles.models import Article, Picture

SHOWN_ARTICLES = 20

EXPLANATIONS = {
    Problem.ADDRESS: _("The address is not that of a public web server."),
    Problem.HOST: _("The host is not known."),
    Problem.CONNECTION: _("The connection failed."),
    Problem.TLS: _("There was no secure connection."),
    Problem.TIMEOUT: _("It took too long."),
    Problem.STATUS: _("The server has no picture there, or does not give it."),
    Problem.REDIRECTS: _("The address led on and on to others."),
    Problem.TOO_LARGE: _("The file is larger than a picture may be."),
    Problem.ENCODING: _("The server sent something garbled."),
    Problem.NOT_A_PICTURE: _("This is no picture of a kind that browsers show."),
    Problem.TOO_MANY_PIXELS: _("The picture has too many pixels."),
    Problem.DAMAGED: _("The picture is damaged, or was cut off."),
    Problem.CRASH: _("Looking at the picture failed."),
}


class StateFilter(admin.SimpleListFilter):
    """Pictures that are kept, that failed, or that were not tried yet."""

    title = _("state")
    parameter_name = "state"
    states = {
        "kept": (_("kept"), ~Q(sha256="")),
        "failed": (_("failed"), Q(sha256="") & ~Q(problem="")),
        "new": (_("not tried yet"), Q(sha256="", problem="")),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the choices."""
        return [(name, label) for name, (label, _condition) in self.states.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Picture]) -> QuerySet[Picture]:
        """Keep what was chosen; everything where nothing was."""
        state = self.states.get(self.value() or "")
        return queryset.filter(state[1]) if state else queryset


@admin.register(Picture)
class PictureAdmin(LargeListMixin, ReadOnlyMixin, admin.ModelAdmin):
    """Pictures of other sites that articles show."""

    list_display = ("address", "state", "dimensions", "fetched_at", "attempts", "try_again_at")
    list_filter = (StateFilter,)
    ordering = ("-id",)
    search_fields = ("address",)
    search_help_text = _("A part of the address.")
    show_full_result_count = False
    actions = None
    fields = (
        "address",
        "shown",
        "state",
        "dimensions",
        "sha256",
        "fetched_at",
        "attempts",
        "try_again_at",
        "in_articles",
    )
    readonly_fields = fields

    def has_view_permission(self, request: HttpRequest, obj: Picture | None = None) -> bool:
        """Whoever may see all articles may see their pictures."""
        return request.user.has_perm("articles.view_article")

    @admin.display(description=_("state"))
    def state(self, picture: Picture) -> Any:
        """Return whether the picture is kept, or why not."""
        if picture.sha256:
            return _("kept")
        if not picture.problem:
            return _("not tried yet")
        explanation = EXPLANATIONS.get(Problem(picture.problem), "")
        return format_html('{}<br><small lang="en">{}</small>', explanation, picture.message)

    @admin.display(description=_("size"))
    def dimensions(self, picture: Picture) -> str:
        """Return pixels and bytes."""
        if not picture.sha256:
            return "–"
        size = filesizeformat(picture.size)
        return f"{picture.width} × {picture.height}, {picture.format.upper()}, {size}"

    @admin.display(description=_("picture"))
    def shown(self, picture: Picture) -> SafeString | str:
        """Return a link to what is kept."""
        if not picture.sha256:
            return "–"
        return format_html('<a href="{0}">{0}</a>', picture.kept_at)

    @admin.display(description=_("articles"))
    def in_articles(self, picture: Picture) -> SafeString:
        """Return links to some of the articles that have it."""
        articles = Article.objects.filter(picture_uses__picture=picture).select_related("outlet")
        named = [(article.get_absolute_url(), article) for article in articles[:SHOWN_ARTICLES]]
        return format_html_join(mark_safe("<br>"), '<a href="{}">{}</a>', named)
