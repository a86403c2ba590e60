"""Outlets in the admin."""

from django.contrib import admin
from django.forms import ModelForm

from articles.models import Outlet, OutletAlias


class AliasInline(admin.TabularInline):
    """The folders and hosts of an outlet."""

    model = OutletAlias
    extra = 1


class OutletForm(ModelForm):
    """What can be changed of an outlet."""

    def clean_title_suffixes(self) -> list[str]:
        """Take JSON's null for an empty list."""
        return self.cleaned_data["title_suffixes"] or []


@admin.register(Outlet)
class OutletAdmin(admin.ModelAdmin):
    """Outlets: renamed, and told which folders and hosts are theirs."""

    form = OutletForm
    inlines = (AliasInline,)
    list_display = ("name", "slug")
    search_fields = ("name", "slug", "aliases__value")
