"""Lists in the admin that open quickly however many rows there are.

What Django does for a page reads the whole table where a column that no index begins with is sorted
by, where rows are skipped, and where it looks for the days of its date hierarchy. Here every list
is in the order of an index, and what is skipped, counted and filtered is so in indexes.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest

__all__ = ["LargeListMixin"]


class LargeChangeList(ChangeList):
    """A page of rows, found by their keys along an index."""

    def get_ordering_field(self, field_name: Any) -> str | None:
        """Return what a column is sorted by: only those of ``sorted_by`` can be."""
        sorted_by: Mapping[str, str] = self.model_admin.sorted_by  # type: ignore[attr-defined]
        return sorted_by.get(field_name)

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        """Return the order: that of the list where the asked one cannot be.

        Ties go in its direction, as they do in an index.
        """
        first, *others = super().get_ordering(request, queryset)
        if first == "-pk":
            return list(self.model_admin.get_ordering(request) or self.lookup_opts.ordering or ())
        if others == ["-pk"] and not str(first).startswith("-"):
            return [first, "pk"]
        return [first, *others]

    def get_results(self, request: HttpRequest) -> None:
        """Load the rows of the page, and not one of those before it."""
        super().get_results(request)
        keys = list(self.result_list.values_list("pk", flat=True))
        rows = self.apply_select_related(self.root_queryset).in_bulk(keys)
        self.result_list = [rows[key] for key in keys if key in rows]


class LargeListMixin:
    """Makes the list of a ModelAdmin a large one.

    ``sorted_by`` names the columns that can be sorted by, and for each the field that an index
    begins with and that has their order. ``ordering`` must be an index's as well. In place of
    ``date_hierarchy``, and of filters for values of which no index knows, there are those of
    ``articles.admin._filters``.
    """

    sorted_by: ClassVar[Mapping[str, str]] = {}
    list_per_page = 50
    # Django counts the rows of every choice of every filter in all rows.
    show_facets = admin.ShowFacets.NEVER

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Return the class of the list."""
        return LargeChangeList

    def get_sortable_by(self, request: HttpRequest) -> Any:
        """Return the columns whose heads can be clicked."""
        return list(self.sorted_by)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow what a filter of the list asks for, across relations too."""
        filters = self.get_list_filter(request)  # type: ignore[attr-defined]
        if lookup in [getattr(filter_, "parameter_name", None) for filter_ in filters]:
            return True
        return bool(super().lookup_allowed(lookup, value, request))  # type: ignore[misc]
