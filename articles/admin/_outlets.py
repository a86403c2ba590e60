"""Outlets in the admin: renamed, merged, told which folders and hosts are theirs."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from articles.addresses import AddressError
from articles.admin._asking import ask_for
from articles.admin._audit import AuditedMixin
from articles.admin._bulk import to_job
from articles.models import Article, Job, OldSlug, Outlet, OutletAlias
from articles.outlets import is_importing, normal_host, remember_slug


class AliasForm(forms.ModelForm):
    """A folder or a host; a host may be written as an address."""

    def clean(self) -> dict[str, Any]:
        """Take a host in the form in which imports compare it; say whose it is already."""
        cleaned = super().clean() or self.cleaned_data
        kind, value = cleaned.get("kind"), cleaned.get("value")
        if not kind or not value:
            return cleaned
        if kind == OutletAlias.Kind.HOST:
            try:
                value = cleaned["value"] = normal_host(value)
            except AddressError:
                self.add_error("value", _("This is no host; write it as news.example.com."))
                return cleaned
        elif "/" in value:
            self.add_error("value", _("Write the name of the folder only, without “/”."))
            return cleaned
        others = OutletAlias.objects.filter(kind=kind, value=value)
        taken = others.exclude(outlet=self.instance.outlet_id).select_related("outlet").first()
        if taken:
            message = _("“%(value)s” belongs to the outlet “%(outlet)s” already.")
            self.add_error("value", message % {"value": value, "outlet": taken.outlet})
        return cleaned


class AliasInline(admin.TabularInline):
    """The folders and hosts of an outlet."""

    model = OutletAlias
    form = AliasForm
    extra = 1


class OutletForm(forms.ModelForm):
    """What can be changed of an outlet."""

    def clean_title_suffixes(self) -> list[str]:
        """Take JSON's null for an empty list."""
        return self.cleaned_data["title_suffixes"] or []

    def clean_slug(self) -> str:
        """Refuse a slug whose addresses lead to another outlet."""
        slug: str = self.cleaned_data["slug"]
        old = OldSlug.objects.filter(slug=slug).exclude(outlet=self.instance.pk).first()
        if old:
            message = _("The addresses with “%(slug)s” lead to the outlet “%(outlet)s”.")
            raise ValidationError(message % {"slug": slug, "outlet": old.outlet})
        return slug


class MergeForm(forms.Form):
    """Asks which of some outlets remains, by default the one with the most articles."""

    target = forms.ChoiceField(widget=forms.RadioSelect)

    def __init__(self, data: Any, outlets: list[Outlet]) -> None:
        super().__init__(data, initial={"target": outlets[0].pk})
        self.fields["target"].choices = [  # type: ignore[attr-defined]
            (outlet.pk, f"{outlet.name} ({outlet.slug}): {_article_count(outlet)}")
            for outlet in outlets
        ]


@admin.register(Outlet)
class OutletAdmin(AuditedMixin, admin.ModelAdmin):
    """Outlets: renamed, merged, and told which folders and hosts are theirs."""

    form = OutletForm
    inlines = (AliasInline,)
    list_display = ("name", "slug", "articles")
    search_fields = ("name", "slug", "aliases__value", "old_slugs__slug")
    actions = ("merge",)

    @admin.display(description=gettext_lazy("articles"))
    def articles(self, outlet: Outlet) -> SafeString:
        """Return a link to the outlet's articles."""
        address = reverse("admin:articles_article_changelist")
        return format_html(
            '<a href="{}?outlet__id__exact={}">{}</a>', address, outlet.pk, _("show")
        )

    def save_model(
        self, request: HttpRequest, obj: Outlet, form: forms.ModelForm, change: bool
    ) -> None:
        """Have the addresses with the slug it had lead to the one it gets."""
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            if change and "slug" in form.changed_data:
                remember_slug(obj, form.initial["slug"])

    @admin.action(description=gettext_lazy("Merge…"), permissions=["change"])
    def merge(self, request: HttpRequest, queryset: QuerySet[Outlet]) -> HttpResponse | None:
        """Ask which one remains, then have the others merged into it."""
        outlets = _with_counts(queryset)
        if len(outlets) < 2:
            messages.warning(request, _("Choose two outlets at least."))
            return None
        if is_importing():
            messages.error(
                request,
                _(
                    "An import is running, and it knows the outlets as they are. Merge them when "
                    "it has ended."
                ),
            )
            return None
        form = MergeForm(request.POST if "post" in request.POST else None, outlets)
        if form.is_valid():
            target = next(o for o in outlets if str(o.pk) == form.cleaned_data["target"])
            sources = [outlet for outlet in outlets if outlet != target]
            job = ask_for(
                Job.Kind.MERGE_OUTLETS,
                request=request,
                total=sum(outlet.article_count for outlet in sources),
                selection="、".join(f"{outlet.name} ({outlet.slug})" for outlet in sources),
                target=target.pk,
                name=f"→ {target.name}",
                sources=[outlet.pk for outlet in sources],
            )
            return to_job(job)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Merge outlets"),
            "opts": self.opts,
            "media": self.media,
            "form": form,
            "count": len(outlets),
            "action": request.POST["action"],
            "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
            "select_across": request.POST.get("select_across", "0"),
            "address": request.get_full_path(),
        }
        return TemplateResponse(request, "admin/articles/outlet/merge.html", context)


def _with_counts(queryset: QuerySet[Outlet]) -> list[Outlet]:
    """Return outlets with ``article_count``, hidden articles included, the most first."""
    outlets = list(queryset)
    articles = Article.objects.filter(outlet__in=outlets).order_by().values_list("outlet")
    counts = dict(articles.annotate(Count("pk")))
    for outlet in outlets:
        outlet.article_count = counts.get(outlet.pk, 0)
    return sorted(outlets, key=lambda outlet: (-outlet.article_count, outlet.pk))


def _article_count(outlet: Outlet) -> str:
    shown = number_format(outlet.article_count, force_grouping=True)
    text = ngettext("%(shown)s article", "%(shown)s articles", outlet.article_count)
    return text % {"shown": shown}
