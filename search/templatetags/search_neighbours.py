"""The way through the results of a search, on an article's page."""

from django import template
from django.template import Context

from articles.models import Article
from search.neighbours import Place, place_of

register = template.Library()


@register.simple_tag(takes_context=True)
def place_in_search(context: Context, article: Article) -> Place | None:
    """Return where ``article`` stands in the search that the page's address names, or None."""
    return place_of(article, context["request"].GET)
