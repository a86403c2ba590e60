"""The reading pages."""

from articles.views._article import article_page, citation
from articles.views._browsing import article_list, day_page, front_page, outlet_list, outlet_page
from articles.views._captures import capture_page, captures_page, edits_page
from articles.views._original import original_page
from articles.views._pictures import picture
from articles.views._preferring import set_preferences

__all__ = [
    "article_list",
    "article_page",
    "capture_page",
    "captures_page",
    "citation",
    "day_page",
    "edits_page",
    "front_page",
    "original_page",
    "outlet_list",
    "outlet_page",
    "picture",
    "set_preferences",
]
