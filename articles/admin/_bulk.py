"""What editors do to many articles at once: asked for here, done in the background."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from articles.admin._asking import ask_for
from articles.exporting import ARCHIVE, JSONL
from articles.models import Article, Job, Outlet

__all__ = ["BulkActionsMixin", "to_job"]

SHOWN_TITLES = 10
NAMED_IDS = 20


class OutletForm(forms.Form):
    """Asks for the outlet."""

    outlet = forms.ModelChoiceField(label=gettext_lazy("Outlet"), queryset=Outlet.objects.all())


class BulkActionsMixin:
    """The actions of the list of articles. Each makes a job and leads to its page."""

    actions: Sequence[Any] | None = (
        "publish",
        "hide",
        "change_outlet",
        "clean_again",
        "index_again",
        "fetch_pictures",
        "export_jsonl",
        "export_archive",
        "delete_selected",
    )

    @admin.action(description=gettext_lazy("Publish"), permissions=["change"])
    def publish(self, request: HttpRequest, articles: QuerySet[Article]) -> HttpResponse:
        """Give articles back to readers."""
        return _ask(Job.Kind.PUBLISH, request, articles)

    @admin.action(description=gettext_lazy("Hide"), permissions=["change"])
    def hide(self, request: HttpRequest, articles: QuerySet[Article]) -> HttpResponse:
        """Take articles away from readers."""
        return _ask(Job.Kind.HIDE, request, articles)

    @admin.action(description=gettext_lazy("Change the outlet…"), permissions=["change"])
    def change_outlet(self, request: HttpRequest, articles: QuerySet[Article]) -> HttpResponse:
        """Ask for the outlet, then file articles under it."""
        form = OutletForm(request.POST if _is_confirmed(request, articles) else None)
        if form.is_valid():
            outlet = form.cleaned_data["outlet"]
            return _ask(
                Job.Kind.CHANGE_OUTLET, request, articles, outlet=outlet.pk, name=str(outlet)
            )
        return self._confirm(request, articles, "outlet", title=_("Change the outlet"), form=form)

    @admin.action(description=gettext_lazy("Clean again from the capture"), permissions=["change"])
    def clean_again(self, request: HttpRequest, articles: QuerySet[Article]) -> HttpResponse:
        """Make bodies of what was captured, by the rules of today."""
        return _ask(Job.Kind.CLEAN, request, articles)

    @admin.action(description=gettext_lazy("Index again"), permissions=["change"])
    def index_again(self, request: HttpRequest, articles: QuerySet[Article]) -> HttpResponse:
        """Have the search index read articles once more."""
        return _ask(Job.Kind.INDEX, request, articles)

    @admin.action(description=gettext_lazy("Fetch pictures"), permissions=["change"])
    def fetch_pictures(self, request: HttpRequest, articles: QuerySet[Article]) -> HttpResponse:
        """Fetch the pictures of articles from other sites, and keep them."""
        return _ask(Job.Kind.FETCH_PICTURES, request, articles)

    @admin.action(
        description=gettext_lazy("Export as JSON Lines, with all captures"), permissions=["view"]
    )
    def export_jsonl(self, request: HttpRequest, articles: QuerySet[Article]) -> HttpResponse:
        """Write articles into a file of JSON Lines."""
        return _ask(Job.Kind.EXPORT, request, articles, format=JSONL)

    @admin.action(
        description=gettext_lazy("Export in the archive format, as a zip"), permissions=["view"]
    )
    def export_archive(self, request: HttpRequest, articles: QuerySet[Article]) -> HttpResponse:
        """Write articles into a zip of archive files."""
        return _ask(Job.Kind.EXPORT, request, articles, format=ARCHIVE)

    @admin.action(description=gettext_lazy("Delete…"), permissions=["delete"])
    def delete_selected(self, request: HttpRequest, articles: QuerySet[Article]) -> HttpResponse:
        """Say what goes, then delete it."""
        if _is_confirmed(request, articles):
            return _ask(Job.Kind.DELETE, request, articles)
        # Of all articles: what they own is counted along an index, not looked for in their keys.
        found = articles.order_by()
        versions = Article.history.filter(Exists(found.filter(pk=OuterRef("id"))))
        return self._confirm(
            request,
            articles,
            "delete",
            title=_("Are you sure?"),
            captures=found.aggregate(count=Count("captures"))["count"],
            versions=versions.count(),
        )

    def _confirm(
        self, request: HttpRequest, articles: QuerySet[Article], name: str, **context: Any
    ) -> HttpResponse:
        """Show the page ``name`` that asks; what is sent from there asks for the same action."""
        count = articles.count()
        if "post" in request.POST and request.POST.get("expected") != str(count):
            messages.warning(request, _("The selection has changed meanwhile. Please look again."))
        context |= {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "opts": Article._meta,
            "media": self.media,  # type: ignore[attr-defined]
            "count": count,
            "titles": [article.headline for article in articles[:SHOWN_TITLES]],
            "more": max(0, count - SHOWN_TITLES),
            "action": request.POST["action"],
            "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
            "select_across": request.POST.get("select_across", "0"),
            "address": request.get_full_path(),
        }
        return TemplateResponse(request, f"admin/articles/bulk/{name}.html", context)


def to_job(job: Job) -> HttpResponseRedirect:
    """Lead to the page of ``job``."""
    return HttpResponseRedirect(reverse("admin:articles_job_change", args=[job.pk]))


def _is_confirmed(request: HttpRequest, articles: QuerySet[Article]) -> bool:
    """Tell whether a person saw the page that asks, and the selection still is what it said."""
    return "post" in request.POST and request.POST.get("expected") == str(articles.count())


def _ask(
    kind: Job.Kind, request: HttpRequest, articles: QuerySet[Article], **parameters: Any
) -> HttpResponse:
    # The database would read whole rows for the order.
    ids = sorted(articles.order_by().values_list("pk", flat=True))
    job = ask_for(
        kind,
        request=request,
        article_ids=ids,
        selection=_in_words(request, ids),
        **parameters,
    )
    return to_job(job)


def _in_words(request: HttpRequest, ids: list[int]) -> str:
    """Return which articles are selected: by what they were found, or their ids."""
    if request.POST.get("select_across") == "1":
        asked = [f"{name}={value}" for name, value in request.GET.items() if value]
        return " ".join(asked) or _("all articles")
    named = ", ".join(map(str, ids[:NAMED_IDS]))
    return f"{named}, …" if len(ids) > NAMED_IDS else named
