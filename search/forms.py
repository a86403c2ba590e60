"""What readers can ask of the search page."""

from django import forms
from django.utils.translation import gettext_lazy as _

from articles.forms import FilterForm
from search.query import Sort

__all__ = ["SearchForm"]

LONGEST_QUERY = 1000
SORT_LABELS = [
    (Sort.RELEVANCE.value, _("Best first")),
    (Sort.NEWEST.value, _("Newest first")),
    (Sort.OLDEST.value, _("Oldest first")),
]


class SearchForm(FilterForm):
    """A query and what narrows and orders it."""

    q = forms.CharField(label=_("Search"), required=False, max_length=LONGEST_QUERY)
    sort = forms.ChoiceField(label=_("Order"), choices=SORT_LABELS, required=False)

    @property
    def query(self) -> str:
        """The words to look for; "" where nothing usable was given."""
        self.full_clean()
        return str(self.cleaned_data.get("q") or "")

    @property
    def order(self) -> Sort:
        """The order to show results in."""
        return Sort(self.cleaned_data.get("sort") or Sort.RELEVANCE)
