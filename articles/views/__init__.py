"""The reading pages."""

from articles.views._article import article_page
from articles.views._browsing import article_list, day_page, front_page, outlet_list, outlet_page
from articles.views._preferring import set_preferences

__all__ = [
    "article_list",
    "article_page",
    "day_page",
    "front_page",
    "outlet_list",
    "outlet_page",
    "set_preferences",
]
