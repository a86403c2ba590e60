"""Outlets in the admin."""

from django.contrib import admin

from articles.models import Outlet, OutletAlias


class AliasInline(admin.TabularInline):
    """The folders and hosts of an outlet."""

    model = OutletAlias
    extra = 1


@admin.register(Outlet)
class OutletAdmin(admin.ModelAdmin):
    """Outlets: renamed, and told which folders and hosts are theirs."""

    inlines = (AliasInline,)
    list_display = ("name", "slug")
    search_fields = ("name", "slug", "aliases__value")
