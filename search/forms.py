"""What readers can ask of the search page."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Self
from urllib.parse import urlencode

from django import forms
from django.utils.translation import gettext_lazy as _

from articles.forms import FilterForm
from articles.models import Outlet
from search.language import LONGEST_QUERY
from search.query import Sort

__all__ = ["PAGE_SIZE", "SORT_LABELS", "Asked", "SearchForm"]

PAGE_SIZE = 20
"""Results on a page."""

SORT_LABELS = {
    Sort.RELEVANCE: _("Best first"),
    Sort.NEWEST: _("Newest first"),
    Sort.OLDEST: _("Oldest first"),
}


@dataclass(frozen=True)
class Asked:
    """All of the search page's state but the page's number."""

    query: str = ""
    outlets: Sequence[Outlet] = ()
    after: date | None = None
    before: date | None = None
    sort: Sort = Sort.RELEVANCE

    @property
    def narrowing(self) -> dict[str, Any]:
        """What narrows the results: ``outlets``, ``after`` and ``before``."""
        return {"outlets": self.outlets, "after": self.after, "before": self.before}

    @property
    def is_narrowed(self) -> bool:
        """Whether anything narrows the results."""
        return any(self.narrowing.values())

    def but(self, **changes: Any) -> Self:
        """Return the state with some of it changed."""
        return replace(self, **changes)

    def address(self, page: int = 1) -> str:
        """Return the page's address, as a reference from any address of the page."""
        parameters = [("q", self.query[:LONGEST_QUERY])]
        parameters += [("outlet", outlet.slug) for outlet in self.outlets]
        parameters += [
            (name, day.isoformat())
            for name, day in (("after", self.after), ("before", self.before))
            if day
        ]
        if self.sort is not Sort.RELEVANCE:
            parameters.append(("sort", self.sort.value))
        if page > 1:
            parameters.append(("page", str(page)))
        return "?" + urlencode(parameters, errors="replace")


class SearchForm(FilterForm):
    """A query and what narrows and orders it."""

    # However long: what is too long is said beside the results of its beginning.
    q = forms.CharField(label=_("Search"), required=False)
    sort = forms.ChoiceField(
        label=_("Order"),
        choices=[(sort.value, label) for sort, label in SORT_LABELS.items()],
        required=False,
    )

    @property
    def asked(self) -> Asked:
        """What is asked, as far as it can be understood."""
        narrowing = self.narrowing
        return Asked(
            str(self.cleaned_data.get("q") or ""),
            **narrowing,
            sort=Sort(self.cleaned_data.get("sort") or Sort.RELEVANCE),
        )
