"""Texts cut to a length, for templates."""

from django import template
from django.template.defaultfilters import stringfilter
from django.utils.text import Truncator

register = template.Library()


@register.filter
@stringfilter
def shortened(text: str, length: int) -> str:
    """Return ``text`` in at most ``length`` characters, with an ellipsis where it was cut.

    Django's own filter writes three full stops in Chinese.
    """
    return Truncator(text).chars(length, truncate="…")
